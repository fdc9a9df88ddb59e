"""The first run of a list is that of `show`, which a test compares with Airflow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dag_factory.report.estate.runs import Window, first_run, may_run
from dag_factory.report.upcoming import next_runs
from tests.report.dags import made_dag

# Around a change of clocks in Europe.
MOMENTS = [datetime(2026, 3, 28, 12, tzinfo=UTC) + timedelta(hours=7 * number) for number in range(12)]
CRONS = ["0 0 * * *", "30 2 * * *", "*/7 * * * *", "0 3 1 * *", "0 0 29 2 *", "15 6-20/2 * * 1-5"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("cron", CRONS)
def test_it_is_the_next_run(cron, zone):
    dag = made_dag(cron=cron, timezone=zone)
    for moment in MOMENTS:
        just_before = moment - timedelta(microseconds=1)
        assert first_run(dag, Window(first=moment)) == next_runs(dag, just_before, 1)[0]


@pytest.mark.parametrize("cron", CRONS)
def test_it_is_in_the_window(cron):
    dag = made_dag(cron=cron)
    for moment in MOMENTS:
        run = first_run(dag, Window(first=moment))
        assert first_run(dag, Window(first=moment, end=run)) is None
        assert first_run(dag, Window(first=run, end=run + timedelta(seconds=1))) == run


def test_only_airflow_knows_from_when_an_interval_counts():
    window = Window(first=MOMENTS[0], end=MOMENTS[1])
    dag = made_dag(every=3600)
    assert (first_run(dag, window), may_run(dag, window)) == (None, True)
    caught_up = made_dag(every=3600, catchup=True)
    assert first_run(caught_up, window) == MOMENTS[0]
    later = made_dag(every=3600, start_date=MOMENTS[0] + timedelta(minutes=5))
    assert first_run(later, window) == later.start_date
    assert not may_run(made_dag(every=3600, start_date=MOMENTS[1]), window)
    assert not may_run(made_dag(every=3600, end_date=MOMENTS[0] - timedelta(days=1)), window)


@pytest.mark.parametrize(
    "fields", [{}, {"assets": "a"}, {"cron": "@once"}, {"cron": "* * * * *", "enabled": False}]
)
def test_what_has_no_times_does_not_run(fields):
    window = Window(first=MOMENTS[0], end=MOMENTS[1])
    assert (first_run(made_dag(**fields), window), may_run(made_dag(**fields), window)) == (None, False)
