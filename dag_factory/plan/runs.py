"""How many runs Airflow makes at once when it sees a schedule, as `CronTriggerTimetable` and
`DeltaTriggerTimetable` decide (`airflow.timetables.trigger`): from the last scheduled run and `start_date`.

The last run of a DAG is not known here: it is taken to have kept its schedule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dag_factory.config.model.dag import Dag
from dag_factory.report.starts import starts
from dag_factory.report.upcoming import next_runs

# How far back the newest time of a schedule is looked for, in steps.
_BACK = tuple(timedelta(days=days) for days in (2, 9, 40, 400, 1830))
_MONTH = timedelta(days=31)
# Runs are counted up to this number.
MOST_RUNS = 100_000
_INSTANT = timedelta(microseconds=1)
_ONCE, _CONTINUOUS = "@once", "@continuous"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunsAtOnce:
    """The runs that Airflow makes at once: how many, and the times of the first and the last."""

    count: int
    first: datetime | None = None
    last: datetime | None = None


_NONE = RunsAtOnce(count=0)


def last_run(dag: Dag, now: datetime) -> datetime | None:
    """Return the last run of a DAG that has kept its schedule, in UTC; None if it has had none."""
    if not dag.enabled or dag.start_date > now:
        return None
    if dag.schedule.cron == _ONCE:
        return dag.start_date.astimezone(UTC)
    if dag.schedule.cron == _CONTINUOUS:
        return now.astimezone(UTC)
    return _newest(dag, dag.start_date, now)


def runs_at_once(dag: Dag, last: datetime | None, now: datetime) -> RunsAtOnce:
    """Return what Airflow makes at once of a DAG whose last scheduled run was then."""
    dag = _goes_on(dag, last)
    if not dag.enabled or dag.start_date > now:
        return _NONE
    if dag.schedule.cron in (_ONCE, _CONTINUOUS):
        return _special(dag, last, now)
    if dag.schedule.every is not None:
        return _of_interval(dag, timedelta(seconds=dag.schedule.every), last, now)
    begin = dag.start_date if last is None else max(dag.start_date, last + _INSTANT)
    if dag.catchup:
        return _counted(dag, begin, now)
    # An end_date before the newest time leaves no run, and not an earlier one.
    newest = _newest(replace(dag, end_date=None), begin, now)
    return _NONE if newest is None else _one(newest, dag)


def next_run(dag: Dag, last: datetime | None, now: datetime) -> datetime | None:
    """Return the next run after those that Airflow makes at once."""
    dag = _goes_on(dag, last)
    if dag.schedule.every is None or not dag.enabled:
        found = next_runs(dag, now, 1)
        return found[0].astimezone(UTC) if found else None
    every = timedelta(seconds=dag.schedule.every)
    at_once = runs_at_once(dag, last, now)
    newest = at_once.last or last
    due = dag.start_date if newest is None else max(newest + every, dag.start_date)
    due = due if dag.catchup else max(due, now)
    return None if dag.end_date is not None and dag.end_date < due else due.astimezone(UTC)


def _goes_on(dag: Dag, last: datetime | None) -> Dag:
    """Return a DAG as Airflow sees its times: with catchup a start_date counts only until the first run."""
    is_ignored = dag.catchup and last is not None and dag.schedule.cron not in (_ONCE, _CONTINUOUS)
    return replace(dag, start_date=min(dag.start_date, last)) if is_ignored and last is not None else dag


def _special(dag: Dag, last: datetime | None, now: datetime) -> RunsAtOnce:
    """`@once` runs for its start_date, whenever that is seen; neither begins after a scheduled run."""
    at = dag.start_date.astimezone(UTC) if dag.schedule.cron == _ONCE else now
    return _NONE if last is not None else _one(at, dag)


def is_stuck(before: Dag, after: Dag, last: datetime | None) -> bool:
    """Whether a DAG becomes `@continuous` after scheduled runs, so that Airflow never makes one again.

    The next run would begin at the end of the last one's data interval. With the other schedules that is
    its begin too, so that Airflow takes the next run for one that it has already made, and skips it.
    """
    crons = [each.schedule.cron for each in (before, after)]
    return last is not None and crons[0] != _CONTINUOUS and crons[1] == _CONTINUOUS


def _of_interval(dag: Dag, every: timedelta, last: datetime | None, now: datetime) -> RunsAtOnce:
    """Without catchup the run is at the moment at which Airflow looks, from which the next one counts."""
    due = dag.start_date if last is None else max(last + every, dag.start_date)
    if due > now:
        return _NONE
    if not dag.catchup:
        return _one(now, dag)
    end = now if dag.end_date is None else min(now, dag.end_date)
    count = (end - due) // every + 1
    if count <= 0:
        return _NONE
    return RunsAtOnce(count=min(count, MOST_RUNS), first=due, last=due + (count - 1) * every)


def _newest(dag: Dag, begin: datetime, now: datetime) -> datetime | None:
    """Return the newest time of a schedule from a moment up to now, in UTC."""
    until = now if dag.end_date is None else min(now, dag.end_date)
    for back in _BACK:
        first = max(begin, until - back)
        found = list(starts(dag, first, until + _INSTANT))
        if found:
            return found[-1]
        if first == begin:
            return None
    return None


def _one(moment: datetime, dag: Dag) -> RunsAtOnce:
    is_over = dag.end_date is not None and dag.end_date < moment
    return _NONE if is_over else RunsAtOnce(count=1, first=moment, last=moment)


def _counted(dag: Dag, begin: datetime, now: datetime) -> RunsAtOnce:
    """Count the times of a schedule up to now, a month at a time, and not beyond MOST_RUNS."""
    count, first, last, end = 0, None, None, now + _INSTANT
    while begin < end and count < MOST_RUNS:
        found = list(starts(dag, begin, min(begin + _MONTH, end)))
        if found:
            count, first, last = count + len(found), first or found[0], found[-1]
        begin += _MONTH
    return RunsAtOnce(count=min(count, MOST_RUNS), first=first, last=last)
