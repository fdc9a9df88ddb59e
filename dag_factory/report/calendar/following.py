"""DAGs without a known minute: those that follow others, and those of which nothing is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dag_factory.config.model.dag import AssetCondition, Dag, assets_of
from dag_factory.config.text.cron import SPECIAL_PRESETS

# Why nobody knows when a DAG starts, in the order in which the reasons are shown.
REASONS = MappingProxyType(
    {
        "manual": "only manually, or by DAGs of another folder",
        "continuous": "@continuous: each run starts when the one before has ended",
        "once": "@once, when Airflow sees the DAG",
        "elsewhere": "when assets are updated that no DAG of this folder updates",
        "outside": "not in this week",
        "disabled": "not at all: 'enabled' is false",
    }
)
_ORDER = tuple(REASONS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """A DAG that starts after others: after a run of them, and how long that takes nobody knows.

    `condition` says in words after which; `after` are their ids, `elsewhere` the assets that no DAG of the
    folder updates. `is_timed` is true if the DAG starts at known times too.
    """

    dag_id: str
    syncs: int
    condition: str
    after: tuple[str, ...]
    elsewhere: tuple[str, ...]
    is_timed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A DAG of which nobody knows when it starts; `reason` is a key of REASONS."""

    dag_id: str
    syncs: int
    reason: str


def followers(dags: Sequence[Dag], timed: frozenset[str]) -> tuple[Follower, ...]:
    """Return the DAGs that others start by assets or triggers; `timed` are those that start in the week."""
    enabled = [dag for dag in dags if dag.enabled]
    producers, triggers = _producers(enabled), _triggers(enabled)
    found = (_follower(dag, producers, triggers.get(dag.dag_id, ()), timed) for dag in enabled)
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.dag_id))


def unknown(dags: Iterable[Dag], timed: frozenset[str], following: Iterable[Follower]) -> tuple[Unknown, ...]:
    """Return the DAGs that neither start at known times of the week nor follow others, by reason."""
    known = timed.union(each.dag_id for each in following)
    found = (
        Unknown(dag_id=dag.dag_id, syncs=len(dag.syncs), reason=_reason(dag))
        for dag in dags
        if not (dag.enabled and dag.dag_id in known)
    )
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.reason), each.dag_id)))


def _producers(dags: Iterable[Dag]) -> Mapping[str, Sequence[str]]:
    """Return for each asset the DAGs with a sync that updates it."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for dag in dags:
        for sync in dag.syncs:
            for asset in sync.assets:
                found[asset][dag.dag_id] = None
    return {asset: sorted(ids) for asset, ids in found.items()}


def _triggers(dags: Iterable[Dag]) -> Mapping[str, Sequence[str]]:
    """Return for each DAG those that trigger it."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for dag in dags:
        for triggered in dag.trigger_dags:
            found[triggered.dag_id][dag.dag_id] = None
    return {dag_id: sorted(ids) for dag_id, ids in found.items()}


def _follower(
    dag: Dag, producers: Mapping[str, Sequence[str]], triggers: Sequence[str], timed: frozenset[str]
) -> Follower | None:
    condition = dag.schedule.assets
    assets = [] if condition is None else list(dict.fromkeys(assets_of(condition)))
    after = {dag_id for asset in assets for dag_id in producers.get(asset, ())}.union(triggers)
    if not after:
        return None
    words = [f"triggered by {' or '.join(triggers)}"] if triggers else []
    if condition is not None:
        words.append(f"after {_words(condition, producers)}")
    return Follower(
        dag_id=dag.dag_id,
        syncs=len(dag.syncs),
        condition=", or ".join(words),
        after=tuple(sorted(after)),
        elsewhere=tuple(asset for asset in assets if asset not in producers),
        is_timed=dag.dag_id in timed,
    )


def _words(condition: AssetCondition, producers: Mapping[str, Sequence[str]]) -> str:
    """Write a condition with the DAGs that update its assets in their places."""
    if isinstance(condition, str):
        made_by = producers.get(condition)
        return " or ".join(made_by) if made_by else f"an update of '{condition}' from elsewhere"
    # Assets that one DAG updates are one event of it.
    parts = list(dict.fromkeys(_words(part, producers) for part in condition.parts))
    if len(parts) == 1:
        return parts[0]
    joined = [f"({part})" if " or " in part or " and " in part else part for part in parts]
    return (" and " if condition.kind == "all" else " or ").join(joined)


def _reason(dag: Dag) -> str:
    schedule = dag.schedule
    if not dag.enabled:
        return "disabled"
    if schedule.cron in SPECIAL_PRESETS:
        return schedule.cron.removeprefix("@")
    if schedule.every is not None or schedule.cron is not None:
        return "outside"
    return "manual" if schedule.assets is None else "elsewhere"
