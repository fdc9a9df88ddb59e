"""The next runs, in particular around clock changes, compared with Airflow's own timetables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable

from dag_factory.config.project import load_project
from dag_factory.report.upcoming import describe, next_runs, remarks

SYNCS = "syncs:\n  money: 1e3b5a72-7bfd-4808-a13c-204505490110\n"
NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


@pytest.fixture
def dag(configs):
    def make(text: str):
        project = load_project(configs({"money.yaml": text + SYNCS}), None)
        assert project.diagnostics == ()
        return project.dags[0]

    return make


def moments(dag, now, count=5):
    return [run.isoformat() for run in next_runs(dag, now, count)]


def test_a_night_without_two_o_clock(dag):
    made = dag('schedule: "30 2 * * *"\ntimezone: Europe/Berlin\n')
    assert moments(made, NOW, 3) == [
        "2026-03-29T03:30:00+02:00",
        "2026-03-30T02:30:00+02:00",
        "2026-03-31T02:30:00+02:00",
    ]


def test_a_night_with_two_o_clock_twice(dag):
    made = dag('schedule: "30 2 * * *"\ntimezone: Europe/Berlin\n')
    now = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert moments(made, now, 2) == ["2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"]


def test_every_hour_is_an_hour_in_that_night_too(dag):
    made = dag('schedule: "30 * * * *"\ntimezone: Europe/Berlin\n')
    now = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert moments(made, now, 3) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "2026-10-25T03:30:00+01:00",
    ]


def test_runs_are_between_start_and_end(dag):
    made = dag('schedule: "@daily"\nstart_date: 2027-01-01\nend_date: 2027-01-02\n')
    assert moments(made, NOW) == ["2027-01-01T00:00:00+00:00", "2027-01-02T00:00:00+00:00"]


def test_a_run_at_this_moment_is_not_a_next_run(dag):
    made = dag('schedule: "0 12 * * *"\n')
    assert moments(made, NOW, 1) == ["2026-03-29T12:00:00+00:00"]


def test_every_counts_from_a_future_start(dag):
    made = dag("schedule: {every: 6h}\nstart_date: 2026-04-01\n")
    assert moments(made, NOW, 2) == ["2026-04-01T00:00:00+00:00", "2026-04-01T06:00:00+00:00"]
    assert list(remarks(made, NOW)) == []


def test_every_counts_from_now_for_a_dag_without_a_run(dag):
    made = dag("schedule: {every: 90m}\n")
    assert moments(made, NOW, 2) == ["2026-03-28T12:00:00+00:00", "2026-03-28T13:30:00+00:00"]
    assert list(remarks(made, NOW)) == ["this list starts now, as for a DAG that is new to Airflow"]


def test_every_counts_from_the_start_with_catchup(dag):
    made = dag("schedule: {every: 5h}\nstart_date: 2026-03-28\ncatchup: true\n")
    assert moments(made, NOW, 2) == ["2026-03-28T15:00:00+00:00", "2026-03-28T20:00:00+00:00"]
    assert list(remarks(made, NOW)) == [
        "a DAG that is new to Airflow first catches up on all runs since 2026-03-28T00:00:00+00:00"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schedule: null\n", "only manually"),
        ('schedule: "@once"\n', "once, as soon as Airflow sees the DAG and its start_date has come"),
        ('schedule: "@continuous"\n', "continuously: each run starts when the one before has ended"),
        ("schedule: {assets: [a, {any: [b, c]}]}\n", "when updated: a and (b or c)"),
        ('schedule: "@daily"\nenabled: false\n', "none, because 'enabled' is false"),
    ],
)
def test_a_schedule_without_times_is_described(dag, text, words):
    made = dag(text)
    assert (describe(made), moments(made, NOW)) == (words, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('schedule: "@daily"\ntimezone: Asia/Tokyo\n', "at '0 0 * * *' in Asia/Tokyo"),
        ("schedule: {every: 90m}\n", "every 1h30m, counted from its first run"),
        ('schedule: {assets: [a], cron: "0 5 * * *"}\n', "when updated: a, and at '0 5 * * *' in UTC"),
    ],
)
def test_a_schedule_with_times_is_described_too(dag, text, words):
    assert describe(dag(text)) == words


def test_an_end_that_has_passed_is_mentioned(dag):
    made = dag('schedule: "@daily"\nend_date: 2026-01-01\n')
    assert moments(made, NOW) == []
    assert list(remarks(made, NOW)) == ["the end_date has passed: Airflow schedules no more runs"]


EXPRESSIONS = [
    "30 2 * * *", "0 * * * *", "*/15 * * * *", "*/25 * * * *", "0 */2 * * *", "30 1-3 * * *", "0 0 * * *",
    "59 23 * * *", "0 3 1 * *", "15 2 * * 0", "0 0 * * 6#1", "*/20 2 * * *", "7 1,2,3 * * 6,0",
]  # fmt: skip
# Time zones with a clock change, in UTC: forward, back, by half an hour, at midnight, a skipped day.
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1)),
    ("America/New_York", datetime(2026, 11, 1, 6)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30)),
    ("America/Santiago", datetime(2026, 9, 6, 4)),
    ("America/Santiago", datetime(2026, 4, 5, 3)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2)),
    ("UTC", datetime(2026, 3, 29, 1)),
    ("Asia/Kathmandu", datetime(2026, 3, 29, 1)),
]


@pytest.mark.airflow
@pytest.mark.parametrize(("zone", "change"), CHANGES, ids=lambda value: str(value).replace(" ", "T"))
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_runs_are_those_of_airflow(dag, zone, change, expression):
    made = dag(f'schedule: "{expression}"\ntimezone: {zone}\nstart_date: 2026-01-01\n')
    runs = airflow_runs(expression, zone, change.replace(tzinfo=UTC) - timedelta(days=2))
    for hours in (-30, -2, -0.75, 0.25, 3):
        now = change.replace(tzinfo=UTC) + timedelta(hours=hours)
        after = [run for run in runs if run > now][:5]
        assert in_utc(next_runs(made, now, len(after))) == after


@pytest.mark.airflow
@pytest.mark.parametrize("start", ["2026-10-25T02:30", "2026-10-25T00:30+00:00", "2026-03-29", "2026-10-24"])
def test_the_first_run_after_a_future_start_is_that_of_airflow(dag, start):
    made = dag(f'schedule: "30 2 * * *"\ntimezone: Europe/Berlin\nstart_date: {start}\n')
    now = datetime(2026, 3, 1, tzinfo=UTC)
    restriction = TimeRestriction(pendulum.instance(made.start_date), None, catchup=True)
    first = timetable("30 2 * * *", "Europe/Berlin").next_dagrun_info(
        last_automated_data_interval=None, restriction=restriction
    )
    assert in_utc(next_runs(made, now, 1)) == in_utc([first.run_after])


def timetable(expression, zone):
    return CronTriggerTimetable(expression, timezone=zone)


def airflow_runs(expression, zone, begin):
    """Let Airflow create runs for a month, or as many as one per quarter of an hour for four days."""
    made = timetable(expression, zone)
    restriction = TimeRestriction(None, None, catchup=True)
    last, runs = pendulum.instance(begin), []
    while len(runs) < 400 and last < begin + timedelta(days=31):
        interval = DataInterval.exact(last)
        last = made.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction).run_after
        runs.append(last)
    return in_utc(runs)


def in_utc(runs):
    # In Python, two times in a fold never compare equal across zones, even if they are the same moment.
    return [run.astimezone(UTC) for run in runs]
