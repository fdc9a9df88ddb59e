"""The minutes in which most syncs start, the DAGs in them, and how `H` would spread these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dag_factory.config.model.dag import Dag
from dag_factory.config.text import durations
from dag_factory.report.calendar.hashing import hashed_schedule, with_hash
from dag_factory.report.calendar.load import Timed, per_minute, starting, timed_dags
from dag_factory.report.calendar.week import Week
from dag_factory.report.starts import starts

# How many are shown; those with the same clock time, or the same DAGs, are one.
MOST = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class BusyDag:
    """A DAG that starts in a busy minute, its schedule, and the one with `H` if that would move it."""

    dag_id: str
    syncs: int
    schedule: str
    hashed: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Busy:
    """The busiest minute of those with its clock time or its DAGs; minutes count from the first of the week.

    `others` are the other ones, and how many syncs start in each. `spread` is how many of the syncs would
    start in one minute, at most, if the DAGs had `H`; None if `H` moves none.
    """

    minute: int
    syncs: int
    others: tuple[tuple[int, int], ...]
    dags: tuple[BusyDag, ...]
    spread: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class HashEffect:
    """The most syncs in one minute of the week, now and if the DAGs that name a minute had `H` instead."""

    dags: int
    now: int
    then: int


def busy_minutes(groups: Iterable[Timed], week: Week, hashed: frozenset[str]) -> tuple[Busy, ...]:
    """Return the busiest minutes in which more than one sync starts; `hashed` are the DAGs with `H`."""
    every = per_minute(groups)
    found: list[list[tuple[int, int]]] = []
    known: dict[object, list[tuple[int, int]]] = {}
    for minute, (syncs, same) in sorted(every.items(), key=lambda each: (-each[1][0], each[0])):
        clock, dags = f"{week.local(minute):%H:%M}", frozenset(map(id, same))
        alike = known.get(clock) or known.get(dags)
        if alike is None and syncs > 1 and len(found) < MOST:
            known[clock] = known[dags] = alike = []
            found.append(alike)
        if alike is not None:
            alike.append((minute, syncs))
    return tuple(_busy(alike, every[alike[0][0]][1], week, hashed) for alike in found)


def hash_effect(
    dags: Iterable[Dag], groups: Iterable[Timed], week: Week, hashed: frozenset[str]
) -> HashEffect:
    """Compare the busiest minute with the one that it would be with `H` wherever a minute is named."""
    moved = [dag if dag.dag_id in hashed else with_hash(dag) for dag in dags]
    movable = {dag.dag_id for dag in moved if dag.dag_id not in hashed and hashed_schedule(dag) is not None}
    then = timed_dags(moved, week)
    return HashEffect(dags=len(movable), now=_most(per_minute(groups)), then=_most(per_minute(then)))


def _most(minutes: Mapping[int, tuple[int, Sequence[Timed]]]) -> int:
    return max((syncs for syncs, _ in minutes.values()), default=0)


def _busy(
    minutes: Sequence[tuple[int, int]], groups: Sequence[Timed], week: Week, hashed: frozenset[str]
) -> Busy:
    (minute, syncs), *others = minutes
    dags = sorted((dag for group in groups for dag in group.dags), key=lambda dag: dag.dag_id)
    shown = tuple(
        BusyDag(
            dag_id=dag.dag_id,
            syncs=len(starting(dag)),
            schedule=_schedule(dag),
            hashed=None if dag.dag_id in hashed else hashed_schedule(dag),
        )
        for dag in dags
    )
    is_movable = any(each.hashed is not None for each in shown)
    spread = _spread(dags, minute, week, hashed) if is_movable else None
    return Busy(minute=minute, syncs=syncs, others=tuple(sorted(others)), dags=shown, spread=spread)


def _schedule(dag: Dag) -> str:
    schedule = dag.schedule
    if schedule.every is not None:
        return f"every {durations.text(schedule.every)}"
    return str(schedule.cron) if schedule.timezone == "UTC" else f"{schedule.cron} {schedule.timezone}"


def _spread(dags: Iterable[Dag], minute: int, week: Week, hashed: frozenset[str]) -> int:
    """Return the most syncs of these DAGs in one minute of the hour around a minute, with `H`."""
    moment = week.first + timedelta(minutes=minute)
    first = moment - timedelta(minutes=week.local(minute).minute)
    counts: Counter[int] = Counter()
    for dag in dags:
        moved = dag if dag.dag_id in hashed else with_hash(dag)
        for start in starts(moved, first, first + timedelta(hours=1)):
            counts[week.minute(start)] += len(starting(dag))
    return max(counts.values(), default=0)
