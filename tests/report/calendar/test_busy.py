"""The busiest minutes, and what `H` would make of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from dag_factory.report.calendar.busy import MOST, HashEffect, busy_minutes, hash_effect
from dag_factory.report.calendar.load import timed_dags
from dag_factory.report.calendar.week import week_from
from dag_factory.report.calendar.words import busy_of
from tests.report.dags import made_dag

WEEK = week_from(date(2026, 3, 23), "UTC")
NONE = frozenset()


def busiest(*dags, hashed=NONE, week=WEEK):
    return busy_minutes(timed_dags(dags, week), week, hashed)


def daily(number, cron="0 3 * * *"):
    return [made_dag(dag_id=f"dag_{each}", cron=cron) for each in range(number)]


def test_the_busiest_minute_comes_first_and_other_days_are_with_it():
    (busy,) = busiest(
        *daily(3), made_dag(dag_id="monday", cron="0 3 * * 2"), made_dag(dag_id="alone", cron="7 7 * * *")
    )
    assert (busy.minute, busy.syncs) == (24 * 60 + 180, 4)
    assert busy.others == ((180, 3), *((day * 1440 + 180, 3) for day in range(2, 7)))
    assert [each.dag_id for each in busy.dags] == ["dag_0", "dag_1", "dag_2", "monday"]


def test_there_are_a_few_at_most():
    dags = [dag for hour in range(10) for dag in daily(2, f"{hour} {hour} * * *")]
    assert [busy.minute for busy in busiest(*dags)] == [61 * hour for hour in range(MOST)]


def test_minutes_with_the_same_dags_are_one():
    hourly = daily(2, "0 * * * *")
    first, second = busiest(*hourly, made_dag(dag_id="morning", cron="0 6 * * *"))
    assert (first.minute, first.syncs, len(first.others)) == (6 * 60, 3, 6)
    assert (second.minute, second.syncs, len(second.others)) == (0, 2, 23 * 7 - 1)
    assert busy_of(first, WEEK) == "06:00 every day: 3 syncs of 3 DAGs"
    assert busy_of(second, WEEK) == "00:00 on Mon 2026-03-23: 2 syncs of 2 DAGs (and 160 more times: 2)"


def test_other_days_are_named_with_their_numbers():
    (busy,) = busiest(
        *daily(3), made_dag(dag_id="monday", cron="0 3 * * 1"), made_dag(dag_id="2", cron="0 3 * * 1,2")
    )
    assert busy_of(busy, WEEK) == (
        "03:00 on Mon 2026-03-23: 5 syncs of 5 DAGs (and at this time of 6 other days: 3 to 4)"
    )


def test_an_hour_that_comes_twice_is_no_other_day():
    week = week_from(date(2026, 10, 19), "Europe/Berlin")
    one = made_dag(dag_id="more", cron="0 2 20 10 *", timezone="Europe/Berlin")
    hourly = [made_dag(dag_id=f"dag_{hour}", cron=f"0 {hour} * * *") for hour in (0, 1)]
    nightly = made_dag(dag_id="nightly", cron="0 2 * * *", timezone="Europe/Berlin")
    (busy,) = busiest(*hourly, nightly, one, week=week)
    assert busy_of(busy, week) == "02:00 on Tue 2026-10-20: 3 syncs of 3 DAGs (and 7 more times: 1 to 2)"


def test_a_sync_alone_is_not_busy():
    assert busiest(*daily(1)) == ()


def test_h_spreads_those_that_name_a_minute():
    every = made_dag(dag_id="every", every=86_400, start_date=datetime(2026, 1, 1, 3, tzinfo=UTC))
    hashed = made_dag(dag_id="hashed", cron="0 3 * * *")
    (busy,) = busiest(*daily(20), every, hashed, hashed=frozenset({"hashed"}))
    assert busy.syncs == 22
    assert {each.dag_id: (each.schedule, each.hashed) for each in busy.dags if "dag" not in each.dag_id} == {
        "every": ("every 1d", None),
        "hashed": ("0 3 * * *", None),
    }
    assert 2 <= busy.spread < 6  # the two stay where they are


def test_where_nothing_can_be_moved_nothing_is_said():
    dags = [made_dag(dag_id=name, cron="0,30 3 * * *", timezone="Asia/Tokyo") for name in "ab"]
    (busy,) = busiest(*dags)
    assert (busy.spread, busy.dags[0].schedule) == (None, "0,30 3 * * * Asia/Tokyo")


def test_the_hour_of_h_is_that_of_the_clock_in_a_zone_with_half_an_hour():
    week = week_from(date(2026, 3, 23), "Asia/Kolkata")
    dags = [made_dag(dag_id=f"dag_{each}", cron="0 3 * * *", timezone="Asia/Kolkata") for each in range(9)]
    (busy,) = busiest(*dags, week=week)
    assert week.first + timedelta(minutes=busy.minute) == datetime(2026, 3, 22, 21, 30, tzinfo=UTC)
    assert 1 <= busy.spread < 9


def test_the_effect_on_the_week_counts_only_dags_that_would_move():
    dags = [*daily(30), made_dag(dag_id="steps", cron="0,30 * * * *")]
    effect = hash_effect(dags, timed_dags(dags, WEEK), WEEK, frozenset({"dag_0"}))
    assert (effect.dags, effect.now) == (29, 31)
    assert effect.then < 6
    assert hash_effect([], (), WEEK, NONE) == HashEffect(dags=0, now=0, then=0)
