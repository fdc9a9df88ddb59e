"""The moments in a window, compared with the runs that `next_runs` lists one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dag_factory.config.text.cron import cron_error
from dag_factory.report.starts import starts
from dag_factory.report.upcoming import next_runs
from tests.report.dags import made_dag

MONDAY = datetime(2026, 3, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
# An hour forward and back, half an hour, at midnight, around Ramadan, a whole day, never.
ZONES = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca",
    "Africa/El_Aaiun", "Pacific/Apia", "Asia/Kathmandu", "Pacific/Kiritimati", "UTC",
]  # fmt: skip
CHANGES = [
    datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1), datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6),
    datetime(2026, 4, 4, 15), datetime(2026, 10, 3, 15, 30), datetime(2026, 9, 6, 4),
    datetime(2026, 2, 15, 2), datetime(2026, 3, 22, 2), datetime(2011, 12, 30, 10),
    datetime(2024, 2, 29), datetime(2026, 12, 31, 23),
]  # fmt: skip


def test_a_moment_at_the_start_of_the_window_is_in_it_and_one_at_the_end_is_not():
    daily = made_dag(cron="0 0 * * *")
    assert list(starts(daily, MONDAY, MONDAY + timedelta(days=2))) == [MONDAY, MONDAY + timedelta(days=1)]


def test_the_window_may_have_any_zone_and_the_moments_are_utc():
    first = MONDAY.astimezone(ZoneInfo("Asia/Tokyo"))
    assert [str(each) for each in starts(made_dag(cron="5 0 * * *"), first, first + timedelta(days=1))] == [
        "2026-03-23 00:05:00+00:00"
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"cron": "@once"},
        {"cron": "@continuous"},
        {"assets": "a"},
        {"cron": "* * * * *", "enabled": False},
        {"every": 60, "enabled": False},
        {"cron": "* * * * *", "start_date": MONDAY + WEEK},
        {"every": 60, "start_date": MONDAY + WEEK},
        {"cron": "* * * * *", "end_date": MONDAY - timedelta(minutes=1)},
        {"cron": "0 0 29 2 *"},
    ],
)
def test_a_schedule_without_times_starts_nothing(fields):
    assert list(starts(made_dag(**fields), MONDAY, MONDAY + WEEK)) == []


def test_a_schedule_of_assets_and_times_starts_runs_at_its_times():
    made = made_dag(assets="a", cron="0 5 * * 1")
    assert list(starts(made, MONDAY, MONDAY + WEEK)) == [MONDAY + timedelta(hours=5)]


@pytest.mark.parametrize("catchup", [True, False])
def test_every_counts_from_a_start_date_long_ago(catchup):
    start = datetime(2026, 1, 1, 0, 7, tzinfo=UTC)
    made = made_dag(every=5 * 3600, start_date=start, catchup=catchup)
    moments = list(starts(made, MONDAY, MONDAY + WEEK))
    assert all((moment - start) % timedelta(hours=5) == timedelta() for moment in moments)
    assert (len(moments), moments[0]) == (34, MONDAY + timedelta(hours=1, minutes=7))


def test_every_ends_at_the_end_date():
    end = MONDAY + timedelta(hours=12)
    made = made_dag(every=6 * 3600, end_date=end)
    assert list(starts(made, MONDAY, MONDAY + WEEK)) == [MONDAY, MONDAY + timedelta(hours=6), end]


def test_dags_with_one_schedule_share_the_work():
    one, two = (made_dag(cron="*/7 3 * * *", start_date=MONDAY - WEEK * weeks) for weeks in (1, 2))
    moments = [list(starts(each, MONDAY, MONDAY + WEEK)) for each in (one, two)]
    assert moments[0][0] is moments[1][0]


def field(low, high, names=()):
    number = st.integers(low, high)
    pair = st.tuples(number, number).map(sorted).filter(lambda ends: ends[0] < ends[1])
    part = st.one_of(
        number.map(str),
        pair.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.tuples(pair, st.integers(1, 20)).map(lambda each: f"{each[0][0]}-{each[0][1]}/{each[1]}"),
        st.integers(1, 40).map(lambda step: f"*/{step}"),
        *([st.sampled_from(names)] if names else []),
    )
    return st.one_of(st.just("*"), part, st.lists(part, min_size=1, max_size=3).map(",".join))


crons = st.tuples(
    field(0, 59),
    st.one_of(field(0, 23), field(0, 4)),  # clocks change at night
    st.one_of(st.just("*"), field(1, 31, ["L"])),
    st.one_of(st.just("*"), field(1, 12, ["jan", "OCT"])),
    st.one_of(st.just("*"), field(0, 7, ["sun", "MON"]), st.sampled_from(["5#2", "L5", "0#1,1#1", "?"])),
).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(
    cron=crons,
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    before=st.integers(0, 10 * 24 * 60),
    length=st.integers(1, 10 * 24 * 60),
    start=st.one_of(st.none(), st.integers(-3000, 12 * 24 * 60)),
    end=st.one_of(st.none(), st.integers(-3000, 12 * 24 * 60)),
)
@example("*/20 2 * * *", "Europe/Berlin", CHANGES[0], 1440, 4320, None, None)
@example("0 * * * 1", "Europe/Berlin", CHANGES[0], 5 * 1440, 10 * 1440, None, None)
@example("30 1-2 * * *", "Australia/Lord_Howe", CHANGES[4], 1440, 4320, None, None)
@example("0 0 * * *", "Pacific/Apia", CHANGES[9], 3 * 1440, 9000, None, None)
def test_the_moments_are_those_of_next_runs(cron, zone, change, before, length, start, end):
    """Minutes: `before` the clock change, the window's length, start_date and end_date from its start."""
    assume(cron_error(cron) is None)
    first = change.replace(tzinfo=UTC) - timedelta(minutes=before)
    window = (first, first + timedelta(minutes=length))
    made = made_dag(cron=cron, timezone=zone, start_date=datetime(2000, 1, 1, tzinfo=UTC))
    if start is not None:
        made = replace(made, start_date=first + timedelta(minutes=start, seconds=start % 2))
    if end is not None:
        made = replace(made, end_date=first + timedelta(minutes=end))
    moments = list(starts(made, *window))
    # One more than in the window, so that none is missing.
    runs = [
        each.astimezone(UTC)
        for each in next_runs(made, first - timedelta(microseconds=1), min(len(moments), 400) + 1)
    ]
    assert moments[:400] == list(takewhile(lambda run: run < window[1], runs))[:400]


@settings(max_examples=100, deadline=None)
@given(every=st.integers(1, 200_000), start=st.integers(-(10**7), 10**6), length=st.integers(1, 86_400))
def test_every_is_that_of_next_runs_with_catchup(every, start, length):
    """All in seconds."""
    made = made_dag(every=every, start_date=MONDAY + timedelta(seconds=start), catchup=True)
    end = MONDAY + timedelta(seconds=length)
    moments = list(starts(made, MONDAY, end))
    runs = [each.astimezone(UTC) for each in next_runs(made, MONDAY, len(moments) + 1)]
    assert moments == list(takewhile(lambda run: run < end, runs))
