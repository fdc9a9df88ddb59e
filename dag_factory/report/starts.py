"""The moments in a window of time at which a schedule starts runs of a DAG, for thousands of DAGs.

They are those of `upcoming.next_runs`, which asks croniter for each run. Here a cron expression is expanded
once, and equal schedules are computed once; a test compares the two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from dag_factory.config.model.dag import Dag
from dag_factory.config.text.cron import SPECIAL_PRESETS
from dag_factory.report.upcoming import at_clock

# As `upcoming` starts so long before; longer than any clock change, as a whole day was skipped only once.
_MARGIN = timedelta(days=1)
# How far around the window clock times are listed: the margin, and the distance of any zone from UTC.
_AROUND = timedelta(days=3)
# No zone changes its clocks twice within it.
_BETWEEN_CHANGES = timedelta(hours=1)


def starts(dag: Dag, first: datetime, end: datetime) -> Iterator[datetime]:
    """Yield when the schedule starts runs of a DAG, in UTC, in order: from `first` on, and before `end`.

    Both have to be aware. A DAG that is disabled, or has no times (`@once`, `@continuous`, assets alone),
    starts none. `every` counts from the start_date: for a DAG without catchup, only Airflow knows when the
    first run was from which it counts.
    """
    moments = _moments(dag, first.astimezone(UTC), end.astimezone(UTC)) if dag.enabled else ()
    return takewhile(lambda moment: dag.end_date is None or moment <= dag.end_date, moments)


def _moments(dag: Dag, first: datetime, end: datetime) -> Iterator[datetime]:
    schedule, start = dag.schedule, dag.start_date.astimezone(UTC)
    if start >= end:
        return
    if schedule.every is not None:
        yield from _every_moments(timedelta(seconds=schedule.every), start, first, end)
    if schedule.cron is not None and schedule.cron not in SPECIAL_PRESETS:
        # A start_date before the window changes nothing, and DAGs with another one share their moments.
        within = start if start >= first else None
        yield from _cron_moments(schedule.cron, schedule.timezone, within, first, end)


def _every_moments(
    distance: timedelta, start: datetime, first: datetime, end: datetime
) -> Iterator[datetime]:
    run = start if start >= first else start - (start - first) // distance * distance
    while run < end:
        yield run
        run += distance


@lru_cache(maxsize=1024)
def _cron_moments(
    expression: str, timezone: str, start: datetime | None, first: datetime, end: datetime
) -> tuple[datetime, ...]:
    """Return the moments of a cron expression; `start` is a start_date in the window."""
    zone = ZoneInfo(timezone)
    clocks = _clocks(expression, (first - _AROUND).date(), (end + _AROUND).date())
    begin = start or first
    offset = _offset(timezone, first, end)
    if offset is not None:
        local = [(clock - offset).replace(tzinfo=UTC) for clock in clocks.times]
        return tuple(moment for moment in local if begin <= moment < end)
    chain = _chain(clocks, zone, _before(clocks, zone, start, first))
    return tuple(moment for moment in takewhile(lambda moment: moment < end, chain) if moment >= begin)


@lru_cache(maxsize=1024)
def _offset(timezone: str, first: datetime, end: datetime) -> timedelta | None:
    """Return the distance of a zone from UTC if it is the same in a window and around it."""
    zone, moment = ZoneInfo(timezone), first - _MARGIN - _BETWEEN_CHANGES
    offset = moment.astimezone(zone).utcoffset()
    while moment < end + _MARGIN:
        moment += _BETWEEN_CHANGES
        if moment.astimezone(zone).utcoffset() != offset:
            return None
    return offset


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clocks:
    """What clocks show, without a zone, when a cron expression matches: in order, for a range of dates.

    `is_hourly` is true if the expression has `*` for the hour: Airflow then keeps the distance of runs.
    """

    times: list[datetime]
    is_hourly: bool


def _clocks(expression: str, first: date, last: date) -> _Clocks:
    from croniter import croniter  # noqa: PLC0415 (only for a cron expression)

    (minutes, hours, *_), _ = croniter.expand(expression)
    times = [
        time(hour, minute) for hour in _values(hours, range(24)) for minute in _values(minutes, range(60))
    ]
    dates = _dates(" ".join(expression.split()[2:]), first, last)
    return _Clocks(
        times=[datetime.combine(each, moment) for each in dates for moment in times],
        is_hourly=hours == ["*"],
    )


def _values(field: Sequence[int | str], every: range) -> list[int]:
    return list(every) if "*" in field else sorted({int(value) for value in field})


@lru_cache(maxsize=1024)
def _dates(fields: str, first: date, last: date) -> tuple[date, ...]:
    """Return the dates that match the last three fields of an expression; what that means, croniter says."""
    from croniter import croniter  # noqa: PLC0415 (only for a cron expression)

    midnights = croniter(f"0 0 {fields}", datetime.combine(first, time()) - timedelta(minutes=1))
    found: list[date] = []
    # It has a date, which a rule has checked, but perhaps only once in many years.
    while (midnight := midnights.get_next(datetime).date()) <= last:
        found.append(midnight)
    return tuple(found)


def _before(clocks: _Clocks, zone: ZoneInfo, start: datetime | None, first: datetime) -> datetime:
    """Return the moment after which the runs follow each other, as `upcoming` chooses it."""
    if start is None:
        return first - timedelta(microseconds=1) - _MARGIN
    second_before = start - timedelta(seconds=1)
    return second_before if next(_chain(clocks, zone, second_before), None) == start else start


def _chain(clocks: _Clocks, zone: ZoneInfo, current: datetime) -> Iterator[datetime]:
    """Yield the runs after a moment, each found from the one before, as Airflow finds them."""
    while True:
        clock = current.astimezone(zone).replace(tzinfo=None)
        index = bisect_right(clocks.times, clock)
        if index == len(clocks.times):
            return
        scheduled = clocks.times[index]
        current = current + (scheduled - clock) if clocks.is_hourly else at_clock(scheduled, zone)
        yield current
