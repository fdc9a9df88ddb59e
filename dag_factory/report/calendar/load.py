"""How many syncs start in each minute and hour of a week, in total, by Airbyte and by pool.

A sync that waits for another one of its DAG starts when that is done, so nobody knows when: it is counted
beside, and not in a minute.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dag_factory.config.model.dag import Dag, Sync
from dag_factory.report.calendar.week import Cell, Week
from dag_factory.report.starts import starts

# Where Airflow puts a task that names no pool.
DEFAULT_POOL = "default_pool"


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How many syncs start in each hour; `later` are those that wait for another sync of their run."""

    name: str
    starts: Mapping[Cell, int]
    later: int

    @property
    def total(self) -> int:
        """Return how many start in the week, without those that wait."""
        return sum(self.starts.values())

    @property
    def busiest(self) -> Cell | None:
        """Return the hour with the most starts, the first of several."""
        return min(self.starts, key=lambda cell: (-self.starts[cell], cell.day, cell.hour), default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """DAGs that start in the same minutes: how many runs of each DAG start in a minute, and the DAGs."""

    minutes: Mapping[int, int]
    dags: tuple[Dag, ...]

    @property
    def runs(self) -> int:
        """Return how many runs of each DAG start in the week."""
        return sum(self.minutes.values())


def timed_dags(dags: Iterable[Dag], week: Week) -> tuple[Timed, ...]:
    """Group the DAGs that start in a week at known times by their schedules."""
    groups: dict[object, list[Dag]] = defaultdict(list)
    for dag in dags:
        if dag.enabled:
            groups[_schedule_key(dag, week)].append(dag)
    found = (
        Timed(
            minutes=Counter(week.minute(moment) for moment in starts(same[0], week.first, week.end)),
            dags=tuple(same),
        )
        for same in groups.values()
    )
    return tuple(each for each in found if each.minutes)


def loads(groups: Iterable[Timed], week: Week, key: Callable[[Sync], str]) -> tuple[Load, ...]:
    """Return the loads of the syncs that have one key in common, the greatest first."""
    counts: dict[str, Counter[Cell]] = defaultdict(Counter)
    later: Counter[str] = Counter()
    for group in groups:
        hours: Counter[Cell] = Counter()
        for minute, runs in group.minutes.items():
            hours[week.cells[minute]] += runs
        first = Counter(key(sync) for dag in group.dags for sync in starting(dag))
        for name, number in first.items():
            for cell, runs in hours.items():
                counts[name][cell] += number * runs
        for dag in group.dags:
            for sync in dag.syncs:
                if sync.depends_on:
                    later[key(sync)] += group.runs
    found = [Load(name=name, starts=counts[name], later=later[name]) for name in {**counts, **later}]
    return tuple(sorted(found, key=lambda load: (-load.total, load.name)))


def starting(dag: Dag) -> tuple[Sync, ...]:
    """Return the syncs that start when a run of their DAG starts."""
    return tuple(sync for sync in dag.syncs if not sync.depends_on)


def per_minute(groups: Iterable[Timed]) -> dict[int, tuple[int, Sequence[Timed]]]:
    """Return for each minute with starts how many syncs start, and the groups of DAGs that start them."""
    found: dict[int, list[Timed]] = defaultdict(list)
    counts: Counter[int] = Counter()
    for group in groups:
        syncs = sum(len(starting(dag)) for dag in group.dags)
        for minute, runs in group.minutes.items():
            counts[minute] += syncs * runs
            found[minute].append(group)
    return {minute: (counts[minute], groups) for minute, groups in found.items()}


def airbyte_of(sync: Sync) -> str:
    """Return the id of the Airflow connection of a sync."""
    return sync.airbyte_conn_id


def pool_of(sync: Sync) -> str:
    """Return the pool of a sync, also if it names none."""
    return DEFAULT_POOL if sync.pool is None else sync.pool


def _schedule_key(dag: Dag, week: Week) -> object:
    """Return what decides about the moments of a DAG in a week; equal for DAGs that start together."""
    start: datetime | None = dag.start_date.astimezone(UTC)
    if dag.schedule.every is None and dag.start_date < week.first:
        start = None
    end = None if dag.end_date is None or dag.end_date >= week.end else dag.end_date.astimezone(UTC)
    return dag.schedule.cron, dag.schedule.timezone, dag.schedule.every, start, end
