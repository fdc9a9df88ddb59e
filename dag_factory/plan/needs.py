"""What has to exist in Airflow for the new revision and not for the old one, and how busy it gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

from dag_factory.config.model.dag import Dag
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.sides import Member, Side
from dag_factory.plan.timing import in_utc
from dag_factory.report.starts import starts

# How long after the merge the starts are counted.
_DAYS = 7
# So many starts at once are worth no word: as many threads as Airbyte's public API has.
_FEW_STARTS = 5

# What it is, and its name.
Need: TypeAlias = tuple[str, str]


def of_needs(old: Side, new: Side) -> Iterator[Consequence]:
    """Yield the names that no DAG of the old revision has needed."""
    known = {need for member in old.members.values() for need, _ in _needs(member)}
    found: dict[Need, list[tuple[Member, str]]] = {}
    for member in new.members.values():
        if member.dag.enabled:
            for need, sync in _needs(member):
                if need not in known:
                    found.setdefault(need, []).append((member, sync))
    for (what, name), users in found.items():
        member, sync = users[0]
        count = len({id(each) for each, _ in users})
        by = f"'{member.dag.dag_id}'" + (f" and {count - 1} more" if count > 1 else "")
        yield Consequence(
            kind="needs",
            dag_id=None,
            text=f"Airflow needs the {what} '{name}', for {by}",
            place=member.place_of_sync(sync),
        )


def _needs(member: Member) -> Iterator[tuple[Need, str]]:
    for sync in member.dag.syncs:
        yield ("connection", sync.airbyte_conn_id), sync.name
        for what, name in (("pool", sync.pool), ("queue", sync.queue), ("executor", sync.executor)):
            if name is not None:
                yield (what, name), sync.name


def of_load(old: Side, new: Side, now: datetime) -> Iterator[Consequence]:
    """Yield that the busiest minute of the days after the merge starts more syncs than before."""
    before, after = _starts(old.dags, now), _starts(new.dags, now)
    most, at = _busiest(after)
    was, was_at = _busiest(before)
    if at is None or most <= max(was, _FEW_STARTS):
        return
    times = f"{most:,} syncs start at {in_utc(at)}"
    instead = f"the busiest minute before: {was:,} at {in_utc(was_at)}" if was_at else "none before"
    yield Consequence(kind="load", dag_id=None, text=f"{times}; {instead}")


def _starts(dags: Collection[Dag], now: datetime) -> Counter[datetime]:
    counts: Counter[datetime] = Counter()
    for dag in dags:
        for moment in starts(dag, now, now + timedelta(days=_DAYS)):
            counts[moment.replace(second=0, microsecond=0)] += len(dag.syncs)
    return counts


def _busiest(counts: Counter[datetime]) -> tuple[int, datetime | None]:
    """Return the most starts in a minute, and the first such minute."""
    if not counts:
        return 0, None
    most = max(counts.values())
    return most, min(moment for moment, count in counts.items() if count == most)
