"""When a DAG runs next, in words and as times, without Airflow.

The times follow `CronTriggerTimetable` and `DeltaTriggerTimetable` (airflow.timetables.trigger); a test
compares them with the real timetables.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dag_factory.config.model.dag import AssetCondition, Dag, Schedule
from dag_factory.config.text import durations

# How long before now to start: longer than any clock change.
_MARGIN = timedelta(days=1)


def describe(dag: Dag) -> str:
    """Say in a few words when a DAG runs."""
    if not dag.enabled:
        return "none, because 'enabled' is false"
    schedule = dag.schedule
    parts = []
    if schedule.assets is not None:
        parts.append(f"when updated: {assets_text(schedule.assets)}")
    if schedule.every is not None:
        parts.append(f"every {durations.text(schedule.every)}, counted from its first run")
    if schedule.cron is not None:
        parts.append(SPECIAL.get(schedule.cron) or f"at '{schedule.cron}' in {schedule.timezone}")
    return ", and ".join(parts) or "only manually"


def remarks(dag: Dag, now: datetime) -> Iterator[str]:
    """Yield what the list of runs cannot show."""
    if not next_runs(dag, now, 1) and dag.end_date is not None and dag.end_date < now:
        yield "the end_date has passed: Airflow schedules no more runs"
    if not dag.enabled or not _has_moments(dag.schedule):
        return
    if dag.schedule.every is not None and dag.start_date < now and not dag.catchup:
        yield "this list starts now, as for a DAG that is new to Airflow"
    if dag.catchup and dag.start_date < now:
        yield f"a DAG that is new to Airflow first catches up on all runs since {dag.start_date.isoformat()}"


def next_runs(dag: Dag, now: datetime, count: int) -> list[datetime]:
    """Return the next scheduled runs of a DAG that has caught up, in the schedule's time zone.

    `now` must be aware. Runs that assets, people or other DAGs start cannot be predicted.
    """
    if not dag.enabled or not _has_moments(dag.schedule):
        return []
    runs = takewhile(lambda run: dag.end_date is None or run <= dag.end_date, _moments(dag, now))
    zone = ZoneInfo(dag.schedule.timezone)
    return [run.astimezone(zone) for run in islice(runs, count)]


# What the presets mean that are not times.
SPECIAL = {
    "@once": "once, as soon as Airflow sees the DAG and its start_date has come",
    "@continuous": "continuously: each run starts when the one before has ended",
}


def _has_moments(schedule: Schedule) -> bool:
    return schedule.every is not None or (schedule.cron is not None and schedule.cron not in SPECIAL)


def _moments(dag: Dag, now: datetime) -> Iterator[datetime]:
    schedule = dag.schedule
    if schedule.cron is not None:
        return _cron_moments(schedule.cron, ZoneInfo(schedule.timezone), dag.start_date, now)
    return _every_moments(timedelta(seconds=schedule.every or 0), dag, now)


def _every_moments(distance: timedelta, dag: Dag, now: datetime) -> Iterator[datetime]:
    run = dag.start_date.astimezone(UTC)
    if run < now:
        run = run - (run - now) // distance * distance if dag.catchup else now.astimezone(UTC)
    while True:
        yield run
        run += distance


def _cron_moments(expression: str, zone: ZoneInfo, start: datetime, now: datetime) -> Iterator[datetime]:
    run = now.astimezone(UTC) - _MARGIN
    if start > now:
        first = start.astimezone(UTC)
        is_run = _next(expression, zone, first - timedelta(seconds=1)) == first
        run = first if is_run else _next(expression, zone, first)
    while True:
        if run > now:
            yield run
        run = _next(expression, zone, run)


def _next(expression: str, zone: ZoneInfo, current: datetime) -> datetime:
    """Return the next run after a time, in UTC, handling clock changes as Airflow does.

    If the expression runs every hour (`*`), the wall-clock distance is added, so an hour that occurs twice
    has two runs. Otherwise the run is at the second of two equal wall-clock times, and a time that the clocks
    skip moves forward by the length of the gap.
    """
    from croniter import croniter  # noqa: PLC0415 (only for a cron expression)

    clock = current.astimezone(zone).replace(tzinfo=None)
    cron = croniter(expression, clock)
    scheduled: datetime = cron.get_next(datetime)
    if cron.expanded[1] == ["*"]:
        return current + (scheduled - clock)
    return at_clock(scheduled, zone)


def at_clock(clock: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which clocks show a time: the second of two, or after a gap."""
    second = clock.replace(tzinfo=zone, fold=1).astimezone(UTC)
    is_left_out = second.astimezone(zone).replace(tzinfo=None) != clock
    return clock.replace(tzinfo=zone, fold=0).astimezone(UTC) if is_left_out else second


def assets_text(condition: AssetCondition) -> str:
    """Say which assets are waited for, as in `a and (b or c)`."""
    if isinstance(condition, str):
        return condition
    parts = [
        assets_text(part) if isinstance(part, str) else f"({assets_text(part)})" for part in condition.parts
    ]
    return (" and " if condition.kind == "all" else " or ").join(parts)
