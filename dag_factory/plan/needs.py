"""What has to exist in Airflow for the new revision and not for the old one, and how busy it gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dag_factory.config.model.dag import Dag, Schedule
from dag_factory.config.project import Resolution
from dag_factory.plan.consequences import Consequence, place_at
from dag_factory.plan.sides import Side
from dag_factory.plan.timing import in_utc
from dag_factory.report.estate.requirements import Need, needs_of
from dag_factory.report.starts import starts

# How long after the merge the starts are counted.
_DAYS = 7
# So many starts at once are worth no word: as many threads as Airbyte's public API has.
_FEW_STARTS = 5

# The kinds of needs that have other names in a sentence.
_WORDS = {"dag": "DAG"}


def of_needs(old: Resolution, new: Resolution) -> Iterator[Consequence]:
    """Yield the names that no DAG of the old revision has needed; a DAG that it has had is no new name."""
    known = {(need.kind, need.name) for _, need in needs_of(old)}
    known |= {("dag", draft.dag_id.value) for draft in old.drafts}
    found: dict[tuple[str, str], dict[str, Need]] = {}
    for dag_id, need in needs_of(new):
        if (need.kind, need.name) not in known:
            found.setdefault((need.kind, need.name), {}).setdefault(dag_id, need)
    for (kind, name), by_dag in found.items():
        dag_id, need = next(iter(by_dag.items()))
        rest = f" and {len(by_dag) - 1} more" if len(by_dag) > 1 else ""
        text = f"Airflow needs the {_WORDS.get(kind, kind)} '{name}', for '{dag_id}'{rest}"
        place = None if need.location is None else place_at(need.location)
        yield Consequence(kind="needs", dag_id=None, text=text, place=place)


def of_load(old: Side, new: Side, now: datetime) -> Iterator[Consequence]:
    """Yield that the busiest minute of the days after the merge starts more syncs than before."""
    old_load, new_load = _load_of(old.dags), _load_of(new.dags)
    if old_load == new_load:
        return
    # Most DAGs are the same: their starts are counted once.
    both = _starts([dag for dag_id, dag in new_load.items() if old_load.get(dag_id) == dag], now)
    before = both + _starts([dag for dag_id, dag in old_load.items() if new_load.get(dag_id) != dag], now)
    after = both + _starts([dag for dag_id, dag in new_load.items() if old_load.get(dag_id) != dag], now)
    most, at = _busiest(after)
    was, was_at = _busiest(before)
    if at is None or most <= max(was, _FEW_STARTS):
        return
    times = f"{most:,} syncs start at {in_utc(at)}"
    instead = f"before the merge at most {was:,}, at {in_utc(was_at)}" if was_at else "before the merge none"
    yield Consequence(kind="load", dag_id=None, text=f"{times}; {instead}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Load:
    """What a DAG's starts depend on; two are equal if their DAGs start as many syncs at the same times."""

    schedule: Schedule
    start_date: datetime
    end_date: datetime | None
    syncs: int
    dag: Dag = field(compare=False)


def _load_of(dags: Collection[Dag]) -> dict[str, _Load]:
    return {
        dag.dag_id: _Load(
            schedule=dag.schedule,
            start_date=dag.start_date,
            end_date=dag.end_date,
            syncs=sum(not sync.depends_on for sync in dag.syncs),
            dag=dag,
        )
        for dag in dags
    }


def _starts(loads: Collection[_Load], now: datetime) -> Counter[datetime]:
    counts: Counter[datetime] = Counter()
    for load in loads:
        for moment in starts(load.dag, now, now + timedelta(days=_DAYS)):
            counts[moment.replace(second=0, microsecond=0)] += load.syncs
    return counts


def _busiest(counts: Counter[datetime]) -> tuple[int, datetime | None]:
    """Return the most starts in a minute, and the first such minute."""
    if not counts:
        return 0, None
    most = max(counts.values())
    return most, min(moment for moment, count in counts.items() if count == most)
