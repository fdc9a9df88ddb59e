"""Airbyte's schedules in our language: the same moments, or a reason."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.config.text.cron import cron_error, expression
from dag_factory.config.text.durations import seconds
from dag_factory.workspace.imports.schedules import Translation, translated


def cron(text: str) -> Translation:
    return translated({"scheduleType": "cron", "cronExpression": text})


def basic(text: str) -> Translation:
    return translated({"scheduleType": "basic", "basicTiming": text})


EQUIVALENT = {
    "0 0 12 * * ? UTC": "0 12 * * * UTC",
    "0 0 12 * * ?": "0 12 * * * UTC",
    "0  0 12 ? * *   Europe/Berlin": "0 12 * * * Europe/Berlin",
    "0 0 12 * * ? America/New York": "0 12 * * * America/New_York",
    "0 0 12 * * ? Z": "0 12 * * * UTC",
    "0 0 12 * * ? GMT+2": "0 12 * * * Etc/GMT-2",
    "0 0 12 * * ? -05:00": "0 12 * * * Etc/GMT+5",
    "0 0 12 * * ? * Europe/Berlin": "0 12 * * * Europe/Berlin",
    "0 0/15 * * * ? UTC": "*/15 * * * * UTC",
    "0 /15 * * * ? UTC": "*/15 * * * * UTC",
    "0 5/20 * * * ? UTC": "5-59/20 * * * * UTC",
    "0 50/20 * * * ? UTC": "50 * * * * UTC",
    "0 0 9-17/2 * * ? UTC": "0 9-17/2 * * * UTC",
    "0 0 22-2 * * ? UTC": "0 0-2,22,23 * * * UTC",
    "0 0 7-0/2 * * ? UTC": "0 7,9,11,13,15,17,19,21,23 * * * UTC",
    "0 10-10 3 * * ? UTC": "10 3 * * * UTC",
    "0 05 03 * * ? UTC": "5 3 * * * UTC",
    "0 0 3 1/10 * ? UTC": "0 3 */10 * * UTC",
    "0 0 3 L * ? UTC": "0 3 L * * UTC",
    "0 0 3 1,15 JAN-MAR ? UTC": "0 3 1,15 1-3 * UTC",
    "0 0 3 1 NOV-FEB ? UTC": "0 3 1 1,2,11,12 * UTC",
    "0 0 3 ? * 2-6 UTC": "0 3 * * 1-5 UTC",
    "0 0 3 ? * mon-fri UTC": "0 3 * * 1-5 UTC",
    "0 0 3 * * MON UTC": "0 3 * * 1 UTC",
    "0 0 3 ? * FRI-MON UTC": "0 3 * * 0,1,5,6 UTC",
    "0 0 3 ? * 1,7 UTC": "0 3 * * 0,6 UTC",
    "0 0 3 ? * 1-7 UTC": "0 3 * * * UTC",
    "0 0 3 ? * 6#3 UTC": "0 3 * * 5#3 UTC",
    "0 0 3 ? * FRI#3 UTC": "0 3 * * 5#3 UTC",
    "0 0 3 ? * 6L UTC": "0 3 * * L5 UTC",
    "0 0 3 ? * FRIL UTC": "0 3 * * L5 UTC",
    "0 0 3 ? * L UTC": "0 3 * * 6 UTC",  # alone it is Saturday
    "0 * 3 * * ? UTC": "0-59 3 * * * UTC",  # `* 3` looks like a slip
    "0 * * * * ? UTC": "* * * * * UTC",
}


@pytest.mark.parametrize("quartz", EQUIVALENT)
def test_an_equivalent(quartz):
    translation = cron(quartz)
    assert str(translation) == EQUIVALENT[quartz]
    assert (translation.problem, translation.notes) == (None, ())


WITHOUT = {
    "0 0 12 15W * ? UTC": "cron has no nearest weekday ('15W')",
    "0 0 12 LW * ? UTC": "cron has no nearest weekday ('LW')",
    "0 0 12 L-3 * ? UTC": "cron has no day that counts from the end of the month ('L-3')",
    "0 0 12 1,L * ? UTC": "cron has no day that counts from the end of the month ('1,L')",
    "0 0 12 * * ? 2027 UTC": "cron has no field for the year ('2027')",
    "0 0 12 * * ? 2027-2029": "cron has no field for the year ('2027-2029')",
    "0/30 * * * * ? UTC": "Airflow has no field for seconds ('0/30')",
    "0 0 12 1 * MON UTC": (
        "both the day of month and the day of week are set, and cron runs if one of them matches"
    ),
    "0 0 12 ? * ? UTC": "neither the day of month nor the day of week is set",
    "0 0 12 30 2 ? UTC": "no date matches day of month '30' and month '2'",
    "0 0 12 * * ? Eastern Standard Time": (
        "the time zone 'Eastern Standard Time' is not in the IANA database"
    ),
    "0 0 12 * * ? GMT+05:30": "the time zone 'GMT+05:30' is not in the IANA database",
    "0 0 24 * * ? UTC": "'24' is not a value of the hour",
    "0 60 1 * * ? UTC": "'60' is not a value of the minute",
    "0 0/0 1 * * ? UTC": "'0/0' of the minute has a step that does not fit",
    "0 0 1 ? * 8 UTC": "'8' is not a value of the day of week",
    "0 0 1 ? * MON,6L UTC": "'6L' is not a value of the day of week",
    "0 1- 1 * * ? UTC": "'1-' of the minute is not understood",
    "0 , 1 * * ? UTC": "'' of the minute is not understood",
    "0 *-5 1 * * ? UTC": "'*-5' of the minute is not understood",
    "0 12 * * UTC": "Quartz's cron expressions have 6 fields, and this one has 5",
    "": "Quartz's cron expressions have 6 fields, and this one has 0",
}


@pytest.mark.parametrize("quartz", WITHOUT)
def test_no_equivalent(quartz):
    translation = cron(quartz)
    assert translation == Translation(original=quartz, problem=WITHOUT[quartz])
    assert (translation.is_manual, str(translation)) == (True, "null")


def test_seconds_are_dropped_and_reported():
    translation = cron("30 0 12 * * ? UTC")
    assert (str(translation), translation.notes) == (
        "0 12 * * * UTC",
        ("Airflow has no field for seconds: 30 became 0",),
    )


def test_a_long_list_gets_ranges():
    minutes = ",".join(map(str, (*range(50), 55)))
    assert str(cron(f"0 {minutes} 1,2,3 * * ?")) == "0-49,55 1,2,3 * * * UTC"


def test_a_list_that_is_too_long_has_no_equivalent():
    odd = ",".join(map(str, range(1, 60, 2)))
    assert cron(f"0 {odd} {','.join(map(str, range(1, 24, 2)))} * * ?").problem == (
        "as cron it is longer than 100 characters"
    )


@pytest.mark.parametrize(
    ("timing", "every"),
    [
        ("Every 90 MINUTES", "90m"),
        ("Every 1 MINUTE", "1m"),
        ("Every 1 HOURS", "1h"),
        ("Every 24 HOURS", "24h"),
        ("Every 1 DAY", "1d"),
        ("Every 2 WEEKS", "14d"),
        ("Every 1 WEEK", "7d"),
        ("Every 1 MONTHS", "30d"),
        ("every 3 months", "90d"),
    ],
)
def test_an_interval(timing, every):
    assert (basic(timing).every, basic(timing).cron, basic(timing).problem) == (every, None, None)


def test_a_daily_interval_says_what_is_better():
    better = ("with 'cron: H H * * *' it would start at a fixed time of day, another one in each DAG",)
    assert basic("Every 24 HOURS").notes == basic("Every 1 DAYS").notes == better
    assert basic("Every 12 HOURS").notes == ()


@pytest.mark.parametrize(("timing", "every"), [("Every 1 MONTHS", "30d"), ("every 3 month", "90d")])
def test_an_interval_of_months_says_how_long_they_are(timing, every):
    assert basic(timing).every == every
    assert basic(timing).notes == ("Airbyte counts a month as 30 days",)


@pytest.mark.parametrize("timing", ["Every 0 HOURS", "Every 999999999 MONTHS", "Every 99999999 HOURS"])
def test_an_interval_out_of_bounds(timing):
    assert basic(timing).problem == "an interval is more than 0 and at most 11,574 days"


@pytest.mark.parametrize("timing", ["", "Every HOUR", "Every 2 YEARS", "Every -1 HOURS", "24"])
def test_an_interval_that_is_not_understood(timing):
    assert basic(timing).problem == "this interval is not understood"


@pytest.mark.parametrize("schedule", [{}, {"scheduleType": "manual"}])
def test_manual(schedule):
    assert translated(schedule) == Translation(original="manual")


def test_an_unknown_type():
    assert translated({"scheduleType": "lunar"}).problem == "this type of schedule is not known"


@given(st.text(alphabet="0123456789*?,-/#LWMONFRIJA UTC", max_size=40))
def test_any_text_becomes_a_valid_schedule_or_none(text):
    for schedule in (cron(text), cron(f"0 0 3 {text}"), basic(text)):
        assert schedule.cron is None or (cron_error(schedule.cron) is None and len(schedule.cron) <= 100)
        assert schedule.every is None or 0 < seconds(schedule.every) <= 1_000_000_000
        assert schedule.is_manual == (schedule.problem is not None)


# What follows shares no code with the translation: it walks over days and minutes.

Day = Callable[[datetime], bool]


@dataclass(frozen=True)
class Written:
    """A field of a Quartz expression, and the values that it names."""

    text: str
    values: frozenset[int]


def walked(first: int, last: int, step: int, low: int, high: int) -> Iterator[int]:
    """Go from a value to another one, beyond the end of the field if need be, and yield each step-th."""
    value, count = first, 0
    while True:
        if count % step == 0:
            yield value
        if value == last:
            return
        value, count = (low if value == high else value + 1), count + 1


@st.composite
def items(draw, low: int, high: int, names: tuple[str, ...] = ()):
    first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
    step = draw(st.integers(1, high))
    spelt = (lambda value: names[value - low]) if names and draw(st.booleans()) else str
    form = draw(st.sampled_from(["*", "value", "range", "every", "from", "stepped"]))
    text, values = {
        "*": ("*", range(low, high + 1)),
        "value": (spelt(first), [first]),
        "range": (f"{spelt(first)}-{spelt(last)}", walked(first, last, 1, low, high)),
        "every": (f"*/{step}", walked(low, high, step, low, high)),
        "from": (f"{first}/{step}", walked(first, high, step, low, high)),
        "stepped": (f"{first}-{last}/{step}", walked(first, last, step, low, high)),
    }[form]
    return Written(text, frozenset(values))


@st.composite
def fields(draw, low: int, high: int, names: tuple[str, ...] = ()):
    parts = draw(st.lists(items(low, high, names), min_size=1, max_size=3))
    return Written(",".join(part.text for part in parts), frozenset().union(*(part.values for part in parts)))


MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def quartz_weekday(day: datetime) -> int:
    return day.isoweekday() % 7 + 1


def is_last_of_month(day: datetime) -> bool:
    return (day + timedelta(days=1)).month != day.month


def is_last_weekday(day: datetime) -> bool:
    return (day + timedelta(days=7)).month != day.month


@st.composite
def days(draw):
    """Return day of month, day of week, and whether a day matches both."""
    kind = draw(st.sampled_from(["month", "week", "last", "nth", "last weekday", "saturday"]))
    number, nth = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    month, week = draw(fields(1, 31)), draw(fields(1, 7, DAYS))
    star = draw(st.sampled_from("?*"))
    choices: dict[str, tuple[str, str, Day]] = {
        "month": (month.text, "?", lambda day: day.day in month.values),
        "week": (star, week.text, lambda day: quartz_weekday(day) in week.values),
        "last": ("L", "?", is_last_of_month),
        "nth": (
            "?",
            f"{number}#{nth}",
            lambda day: quartz_weekday(day) == number and (day.day - 1) // 7 == nth - 1,
        ),
        "last weekday": (
            "?",
            f"{DAYS[number - 1]}L",
            lambda day: quartz_weekday(day) == number and is_last_weekday(day),
        ),
        "saturday": ("?", "L", lambda day: quartz_weekday(day) == 7),
    }
    return choices[kind]


START, HORIZON = datetime(2024, 1, 1), datetime(2053, 1, 1)


def moments(minute: Written, hour: Written, month: Written, is_day: Day) -> Iterator[datetime]:
    day = START
    while day < HORIZON:
        if day.month in month.values and is_day(day):
            for each in range(24 * 60):
                if each // 60 in hour.values and each % 60 in minute.values:
                    yield day + timedelta(minutes=each)
        day += timedelta(days=1)


@settings(max_examples=400)
@given(fields(0, 59), fields(0, 23), fields(1, 12, MONTHS), days())
def test_the_first_fifty_moments_are_the_same(minute, hour, month, day):
    of_month, of_week, is_day = day
    quartz = f"0 {minute.text} {hour.text} {of_month} {month.text} {of_week} UTC"
    translation = cron(quartz)
    expected = list(itertools.islice(moments(minute, hour, month, is_day), 50))
    if not expected:
        assert "no date matches" in (translation.problem or "")
        return
    if translation.cron is None:
        assert translation.problem == "as cron it is longer than 100 characters"
        return
    assert cron_error(translation.cron) is None
    # The first slot may be the start itself.
    times = croniter(expression(translation.cron, ""), START - timedelta(minutes=1))
    found = []
    while len(found) < 50 and (not found or found[-1] < HORIZON):
        found.append(times.get_next(datetime))
    assert [each for each in found if each < HORIZON] == expected, (quartz, translation.cron)
