"""Airbyte's schedules as moments: compared with croniter where it knows a form, and the forms it lacks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter

from dag_factory.workspace.handover.airbyte_slots import Interval, UnknownScheduleError, slots_of, verbatim

NOW = datetime(2026, 9, 28, 16, 10, 20, tzinfo=UTC)  # a Monday


def cron(text):
    return slots_of({"scheduleType": "cron", "cronExpression": text})


def next_of(text, count=3, now=NOW):
    found = []
    for _ in range(count):
        now = cron(text).at_or_after(now)
        found.append(f"{now:%Y-%m-%dT%H:%M:%S}")
        now += timedelta(seconds=1)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_same_as_croniter(seed):
    rng = random.Random(seed)
    minute = rng.choice(["*", "0", "7", "0/15", "5-10", "0,30", "*/20"])
    hour = rng.choice(["*", "3", "0/6", "8-17", "22-23", "1,13"])
    day, weekday = rng.choice(
        [("*", "?"), ("1", "?"), ("5-9", "?"), ("?", "MON-FRI"), ("?", "SUN,WED"), ("L", "?")]
    )
    month = rng.choice(["*", "*", "1", "JAN,OCT", "3-6"])
    quartz = cron(f"30 {minute} {hour} {day} {month} {weekday} UTC")
    stars = f"{minute} {hour} {day} {month} {weekday}".replace("0/", "*/").replace("?", "*")
    now = NOW + timedelta(seconds=rng.randrange(400 * 86_400))
    # croniter's seconds come last; a moment that is a slot itself counts here.
    other = croniter(f"{stars} 30", now)
    ahead, back = now, now
    for _ in range(5):
        ahead = quartz.at_or_after(ahead + timedelta(seconds=1))
        assert ahead == other.get_next(datetime)
    other = croniter(f"{stars} 30", now)
    for _ in range(5):
        back = quartz.at_or_before(back - timedelta(seconds=1))
        assert back == other.get_prev(datetime)


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("0 0 12 * * ? UTC", ["2026-09-29T12:00:00", "2026-09-30T12:00:00", "2026-10-01T12:00:00"]),
        ("0 0 12 * * ?", ["2026-09-29T12:00:00", "2026-09-30T12:00:00", "2026-10-01T12:00:00"]),
        ("20 10 16 * * ? UTC", ["2026-09-28T16:10:20", "2026-09-29T16:10:20", "2026-09-30T16:10:20"]),
        ("0 0 9 ? * 6#3 UTC", ["2026-10-16T09:00:00", "2026-11-20T09:00:00", "2026-12-18T09:00:00"]),
        ("0 0 9 ? * 6L UTC", ["2026-10-30T09:00:00", "2026-11-27T09:00:00", "2026-12-25T09:00:00"]),
        ("0 0 9 ? * FRI-MON UTC", ["2026-10-02T09:00:00", "2026-10-03T09:00:00", "2026-10-04T09:00:00"]),
        ("0 0 9 ? * L UTC", ["2026-10-03T09:00:00", "2026-10-10T09:00:00", "2026-10-17T09:00:00"]),
        ("0 0 9 L-3 * ? UTC", ["2026-10-28T09:00:00", "2026-11-27T09:00:00", "2026-12-28T09:00:00"]),
        ("0 0 9 LW * ? UTC", ["2026-09-30T09:00:00", "2026-10-30T09:00:00", "2026-11-30T09:00:00"]),
        ("0 0 9 15W * ? UTC", ["2026-10-15T09:00:00", "2026-11-16T09:00:00", "2026-12-15T09:00:00"]),
        ("0 0 9 1W 8 ? UTC", ["2027-08-02T09:00:00", "2028-08-01T09:00:00", "2029-08-01T09:00:00"]),
        ("0 0 9 1 1 ? 2028-2030 UTC", ["2028-01-01T09:00:00", "2029-01-01T09:00:00", "2030-01-01T09:00:00"]),
        (
            "0 0 3 * * ? America/New_York",
            ["2026-09-29T07:00:00", "2026-09-30T07:00:00", "2026-10-01T07:00:00"],
        ),
    ],
)
def test_forms_of_quartz(text, moments):
    assert next_of(text) == moments


def test_a_time_that_the_clocks_skip_or_show_twice():
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert next_of("0 30 2 * * ? Europe/Berlin", 2, spring) == ["2026-03-29T01:30:00", "2026-03-30T00:30:00"]
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert next_of("0 30 2 * * ? Europe/Berlin", 1, autumn) == ["2026-10-25T01:30:00"]
    night = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert next_of("0 30 * * * ? Europe/Berlin", 2, night) == ["2026-10-25T00:30:00", "2026-10-25T01:30:00"]


def test_a_date_that_never_comes():
    assert cron("0 0 9 30 2 ? UTC").at_or_after(NOW) is None
    assert cron("0 0 9 1 1 ? 2020 UTC").at_or_after(NOW) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Every 24 HOURS", 24),
        ("Every 1 DAYS", 24),
        ("Every 2 WEEKS", 336),
        ("Every 1 MONTHS", 720),
        ("every 30 minutes", 0.5),
    ],
)
def test_intervals(text, hours):
    schedule = {"scheduleType": "basic", "basicTiming": text}
    assert slots_of(schedule) == Interval(length=timedelta(hours=hours))


def test_manual():
    assert slots_of({}) is None
    assert slots_of({"scheduleType": "manual"}) is None
    assert verbatim({"scheduleType": "manual"}) == "manual"


@pytest.mark.parametrize(
    "schedule",
    [
        {"scheduleType": "cron"},
        {"scheduleType": "cron", "cronExpression": "0 0 3 * *"},
        {"scheduleType": "cron", "cronExpression": "0 0 3 * * ? Mars/Base"},
        {"scheduleType": "cron", "cronExpression": "0 0 25 * * ? UTC"},
        {"scheduleType": "cron", "cronExpression": "0 0/0 3 * * ? UTC"},
        {"scheduleType": "cron", "cronExpression": "0 0 3 x * ? UTC"},
        {"scheduleType": "basic", "basicTiming": "Every 0 HOURS"},
        {"scheduleType": "basic", "basicTiming": "24 h"},
        {"scheduleType": "other"},
    ],
)
def test_what_is_not_understood(schedule):
    with pytest.raises(UnknownScheduleError, match="is not understood"):
        slots_of(schedule)
