"""The runs at once, compared with those for which a scheduler asks Airflow's own timetables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dag_factory.config.text.cron import cron_error
from dag_factory.plan.runs import RunsAtOnce, next_run, runs_at_once
from tests.report.dags import made_dag
from tests.report.test_starts import CHANGES, ZONES, crons

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

# More runs are neither made nor compared.
MOST = 300
DAY = 24 * 60
LONG_AGO = -400 * DAY
HOURS = timedelta(hours=3)

usual = st.sampled_from(
    [
        "0 3 * * *",
        "30 2 * * *",
        "*/15 * * * *",
        "0 * * * *",
        "0 0 * * 0",
        "0 0 1 * *",
        "5 1-3 * * *",
        "0 0 29 2 *",
    ]
)
days = st.integers(-12 * DAY, 12 * DAY)


def asked(dag, last, now, monkeypatch):
    """Return the moments of the runs that a scheduler makes at a moment, and that of the next one.

    It asks for the next run after each that it has made, as long as that is not in the future.
    """
    import pendulum  # noqa: PLC0415 (only with Airflow)
    from airflow.timetables import trigger  # noqa: PLC0415
    from airflow.timetables.base import DataInterval, TimeRestriction  # noqa: PLC0415

    every, cron = dag.schedule.every, dag.schedule.cron
    if every is None:
        timetable = trigger.CronTriggerTimetable(cron, timezone=dag.schedule.timezone)
    else:
        timetable = trigger.DeltaTriggerTimetable(timedelta(seconds=every))
    restriction = TimeRestriction(
        pendulum.instance(dag.start_date),
        None if dag.end_date is None else pendulum.instance(dag.end_date),
        dag.catchup,
    )
    interval = None if last is None else DataInterval.exact(pendulum.instance(last))
    made = []
    with monkeypatch.context() as patch:
        patch.setattr(trigger, "utcnow", lambda: pendulum.instance(now))
        while len(made) <= MOST:
            info = timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)
            if info is None or info.run_after > now:
                return made, None if info is None else info.run_after
            made.append(info.run_after)
            interval = info.data_interval
    return made, None


@pytest.fixture(scope="module")
def patching():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def compare(dag, last, now, patch):
    made, then = asked(dag, last, now, patch)
    assume(len(made) <= MOST)
    # A time that the clocks skip, or show twice, is Airflow's newest one by another rule than its next one.
    at = (*made[:1], *made[-1:], then)
    assume(all(is_far_from_change(each, dag.schedule.timezone) for each in at))
    expected = RunsAtOnce(count=len(made), first=made[0], last=made[-1]) if made else RunsAtOnce(count=0)
    assert runs_at_once(dag, last, now) == expected
    assert next_run(dag, last, now) == then


@dataclass(frozen=True, kw_only=True)
class Case:
    """A DAG and when it is looked at, in minutes from a moment."""

    now: int
    start: int
    end: int | None
    last: int | None
    catchup: bool

    def compare(self, origin: datetime, patch, **schedule) -> None:
        dag = made_dag(
            **schedule,
            start_date=moment(origin, self.start),
            end_date=moment(origin, self.end),
            catchup=self.catchup,
        )
        compare(dag, moment(origin, self.last), moment(origin, self.now), patch)


cases = st.builds(
    Case,
    now=days,
    start=st.one_of(st.just(LONG_AGO), days),
    end=st.one_of(st.none(), days),
    last=st.one_of(st.none(), days),
    catchup=st.booleans(),
).filter(lambda case: case.last is None or case.last <= case.now)


@settings(max_examples=300)
@given(case=cases, cron=st.one_of(crons, usual), zone=st.sampled_from(ZONES), change=st.sampled_from(CHANGES))
def test_the_runs_of_a_cron_expression(patching, case, cron, zone, change):
    """Around a change of the clocks."""
    assume(cron_error(cron) is None)
    # For such a time beyond a change of the clocks Airflow is off by an hour, until it is asked after it.
    (_, hours, *dates), _ = croniter.expand(cron)
    assume(hours != ["*"] or dates == [["*"]] * 3)
    origin = change.replace(tzinfo=UTC)
    # In the hours of the change itself Airflow takes a time that the clocks skip for one that is yet to come.
    assume(all(is_far_from_change(moment(origin, each), zone) for each in (case.now, case.last, case.start)))
    # There are too many runs to compare.
    assume(not (case.catchup and case.last is None and case.start == LONG_AGO and cron.count("*") > 3))
    case.compare(origin, patching, cron=cron, timezone=zone)


@settings(max_examples=300)
@given(case=cases, every=st.one_of(st.sampled_from([3600, 86_400, 604_800]), st.integers(3600, 400_000)))
def test_the_runs_of_an_interval(patching, case, every):
    case.compare(CHANGES[0].replace(tzinfo=UTC), patching, every=every)


def moment(origin: datetime, minutes: int | None) -> datetime | None:
    return None if minutes is None else origin + timedelta(minutes=minutes)


def is_far_from_change(at: datetime | None, zone: str) -> bool:
    around = () if at is None else (at - HOURS, at, at + HOURS)
    return len({each.astimezone(ZoneInfo(zone)).utcoffset() for each in around}) <= 1
