"""Cron expressions, presets and H."""

from __future__ import annotations

import string
from datetime import datetime

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.config.cron import FIELDS, cron_fault, expression


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
def test_what_airflow_takes_is_accepted(text):
    assert cron_fault(text) is None


def test_hash_stays_the_same_and_differs_between_dags():
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


def test_a_preset_is_five_fields():
    assert expression("@monthly", "money") == "0 0 1 * *"
    assert expression("@continuous", "money") == "@continuous"


@given(st.text(max_size=30))
def test_any_text_is_judged(text):
    fault = cron_fault(text)
    assert fault is None or (fault.message and fault.help)


FIELD_TEXT = st.text("0123456789*/,-?LH()#RWjanmon", max_size=8)


@given(st.lists(FIELD_TEXT.filter(lambda text: text.strip() == text and text), min_size=5, max_size=5))
def test_what_is_accepted_croniter_accepts(fields):
    text = " ".join(fields)
    if cron_fault(text, "money") is None:
        assert croniter(expression(text, "money")).get_next() > 0


def finds_a_date(text):
    try:
        return croniter(text, datetime(2024, 1, 1)).get_next() > 0
    except CroniterBadDateError:
        return False


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["*", "?", "1", "21", "28", "29", "30", "31", "L", "1,30", "29-31", "*/15", "1,L", "H"]),
    st.sampled_from(["*", "2", "feb,apr", "4,6", "1", "*/2", "H"]),
    st.sampled_from(["*", "mon", "5#1", "5#4", "5#5", "L5", "L0,L6", "1#2,5#4", "1-3"]),
)
def test_a_date_fits_where_croniter_finds_one(day, month, weekday):
    text = f"0 0 {day} {month} {weekday}"
    assert (cron_fault(text, "money") is None) == finds_a_date(expression(text, "money"))
