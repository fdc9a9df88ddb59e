"""Starts by hour, by Airbyte and by pool."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dag_factory.report.calendar.load import airbyte_of, loads, per_minute, pool_of, timed_dags
from dag_factory.report.calendar.week import Cell, week_from
from tests.report.dags import made_dag

WEEK = week_from(date(2026, 3, 23), "UTC")


def with_syncs(dag, *syncs):
    """Give a DAG syncs with the fields of each mapping."""
    plain = dag.syncs[0]
    return replace(dag, syncs=tuple(replace(plain, name=f"sync_{n}", **each) for n, each in enumerate(syncs)))


def test_a_sync_that_waits_for_another_is_counted_beside():
    dag = with_syncs(made_dag(cron="0 3 * * 1"), {}, {}, {"depends_on": ("sync_0",)})
    (load,) = loads(timed_dags([dag], WEEK), WEEK, airbyte_of)
    assert (load.name, load.starts, load.later) == ("airbyte_default", {Cell(day=0, hour=3): 2}, 1)
    assert per_minute(timed_dags([dag], WEEK))[180][0] == 2


def test_loads_are_those_of_their_syncs_the_greatest_first():
    one = with_syncs(made_dag(cron="0 3 * * *"), {"pool": "crm"}, {})
    two = with_syncs(made_dag(cron="30 4 * * *"), {"pool": "crm"}, {"pool": "crm", "depends_on": ("sync_0",)})
    found = loads(timed_dags([one, two], WEEK), WEEK, pool_of)
    assert [(load.name, load.total, load.later) for load in found] == [("crm", 14, 7), ("default_pool", 7, 0)]
    assert found[0].busiest == Cell(day=0, hour=3)


def test_dags_with_one_schedule_are_one_group_unless_they_begin_or_end_in_the_week():
    dags = [
        made_dag(dag_id="one", cron="0 3 * * *"),
        made_dag(dag_id="two", cron="0 3 * * *", start_date=datetime(2025, 1, 1, tzinfo=UTC)),
        made_dag(dag_id="late", cron="0 3 * * *", start_date=WEEK.first + timedelta(days=3)),
        made_dag(dag_id="short", cron="0 3 * * *", end_date=WEEK.first + timedelta(days=3)),
        made_dag(dag_id="off", cron="0 3 * * *", enabled=False),
        made_dag(dag_id="later", cron="0 3 * * *", start_date=WEEK.end),
    ]
    groups = timed_dags(dags, WEEK)
    assert [([dag.dag_id for dag in group.dags], group.runs) for group in groups] == [
        (["one", "two"], 7),
        (["late"], 4),
        (["short"], 3),
    ]


def test_a_schedule_of_seconds_counts_each_start():
    groups = timed_dags([made_dag(every=20, end_date=WEEK.first + timedelta(minutes=1))], WEEK)
    assert {minute: syncs for minute, (syncs, _) in per_minute(groups).items()} == {0: 3, 1: 1}


def test_without_times_there_is_no_load():
    assert loads(timed_dags([made_dag(cron="@once"), made_dag()], WEEK), WEEK, pool_of) == ()
