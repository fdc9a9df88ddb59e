"""Cron expressions, presets and H."""

from __future__ import annotations

import functools
import string
from datetime import datetime

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dag_factory.config.text.cron import FIELDS, cron_error, expression, stepped


@pytest.mark.parametrize(
    "text",
    [
        "@daily",
        "@once",
        "0 0 * * *",
        "*/5 1-3 1,15 jan-mar MON-fri",
        "0 0 L * *",
        "0 0 * * 5#2",
        "0 0 ? * *",
        "0 0 * * 7",
        "0 0 29 2 *",
        "H H * * *",
        "H/15 * * * *",
        "H(0-29)/10 H(2-3) H H H",
        "H,30 * * * *",
    ],
)
def test_expressions_that_airflow_accepts_are_accepted(text):
    assert cron_error(text) is None


def test_hash_is_stable_and_differs_between_dags():
    values = {expression("H H * * *", f"dag_{number}") for number in range(200)}
    assert len(values) > 150
    assert expression("H H * * *", "money") == "11 13 * * *"


def test_hash_differs_between_fields():
    minutes = [expression("H H * * *", f"dag_{number}").split()[:2] for number in range(50)]
    assert any(int(minute) % 24 != int(hour) for minute, hour in minutes)


@given(st.text(string.ascii_letters, min_size=1), st.sampled_from(["H", "H/7", "H(2-5)", "H(1-6)/2"]))
def test_hash_lies_within_the_field(dag_id, part):
    for index, field in enumerate(FIELDS):
        text = " ".join(part if position == index else "*" for position in range(5))
        (low, high) = (
            (2, 5) if part == "H(2-5)" else (1, 6) if part == "H(1-6)/2" else (field.low, field.high)
        )
        expanded = croniter.expand(expression(text, dag_id))[0][index]
        assert all(low <= value <= high for value in expanded)


def meant(field, text):
    """Return the values of a field's text according to croniter, and so Airflow."""
    found = values_of(" ".join(text if each is field else "*" for each in FIELDS))[FIELDS.index(field)]
    everything = list(range(field.low, (31 if field.name == "day of month" else field.high) + 1))
    return everything if found == ["*"] else found


@functools.cache
def values_of(text):
    return croniter.expand(text)[0]


def ranges(field):
    return [(low, high) for low in range(field.low, field.high + 1) for high in range(low, field.high + 1)]


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_step_of_every_range_fires_as_often_as_it_says_from_each_offset(field):
    for low, high in ranges(field):
        for step in range(1, high - low + 3):
            for offset in range(min(step, high - low + 1)):
                text = stepped(low, high, step, offset)
                assert meant(field, text) == list(range(low + offset, high + 1, step)), (low, high, step)


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_hash_fires_as_often_as_range_and_step_say(field):
    index = FIELDS.index(field)
    for low, high in ranges(field):
        size = high - low + 1
        steps = (*range(1, size + 2), 99)
        for part, least, most in (
            (f"H({low}-{high})", 1, 1),
            *((f"H({low}-{high})/{step}", max(1, size // step), -(-size // step)) for step in steps),
        ):
            text = " ".join(part if position == index else "*" for position in range(5))
            values = meant(field, expression(text, "money").split()[index])
            assert least <= len(values) <= most, part
            assert low <= values[0] <= values[-1] <= high, part


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_plain_range_of_one_value_is_rejected(field):
    for value in range(field.low, field.high + 1):
        for part in (f"{value}-{value}", f"{value}-{value}/2", f"{value},{value}-{value}"):
            text = " ".join(part if each is field else "*" for each in FIELDS)
            assert "to itself" in cron_error(text).message


@pytest.mark.parametrize("text", ["* * * * sun-sun", "* * * * 1-mon", "* * * * 7-0", "* * * Jan-jan *"])
def test_a_plain_range_of_one_name_is_rejected(text):
    assert "to itself" in cron_error(text).message


@pytest.mark.parametrize("text", ["* * * * 0-7", "* * * * 1-7", "* * * * mon-sun", "* 22-3 * * *"])
def test_a_range_of_several_values_is_not_a_range_of_one(text):
    assert cron_error(text) is None


def test_a_preset_is_five_fields():
    assert expression("@monthly", "money") == "0 0 1 * *"
    assert expression("@continuous", "money") == "@continuous"


@given(st.text(max_size=30))
def test_any_text_is_handled(text):
    error = cron_error(text)
    assert error is None or (error.message and error.hint)


ODD_TEXT = st.text("0123456789*/,-?LH()#RWjanmon", min_size=1, max_size=8)


def texts_of(field):
    """Draw texts for a field, most of which are valid."""
    values = st.integers(field.low, field.high)
    spans = st.tuples(values, values).map(lambda ends: f"{min(ends)}-{max(ends)}")
    hashes = st.one_of(st.just("H"), spans.map("H({})".format))
    steps = st.builds("{}/{}".format, st.one_of(st.just("*"), spans, hashes), st.integers(1, field.high))
    part = st.one_of(values.map(str), spans, hashes, steps, st.sampled_from(["*", "?", "L", "5#2"]), ODD_TEXT)
    return st.lists(part, min_size=1, max_size=2).map(",".join)


@pytest.mark.slow
@given(st.tuples(*map(texts_of, FIELDS)).map(" ".join))
def test_accepted_expressions_have_dates_in_croniter(text):
    # If hardly any text were accepted, hypothesis would fail the test.
    assume(cron_error(text, "money") is None)
    assert finds_a_date(expression(text, "money"))


def finds_a_date(text):
    try:
        return croniter(text, datetime(2024, 1, 1)).get_next() > 0
    except CroniterBadDateError:
        return False


@pytest.mark.slow
@settings(max_examples=500)
@given(
    st.sampled_from(["*", "?", "1", "21", "28", "29", "30", "31", "L", "1,30", "29-31", "*/15", "1,L", "H"]),
    st.sampled_from(["*", "2", "feb,apr", "4,6", "1", "*/2", "H"]),
    st.sampled_from(["*", "mon", "5#1", "5#4", "5#5", "L5", "L0,L6", "1#2,5#4", "1-3"]),
)
def test_a_date_exists_if_croniter_finds_one(day, month, weekday):
    text = f"0 0 {day} {month} {weekday}"
    assert (cron_error(text, "money") is None) == finds_a_date(expression(text, "money"))
