"""Which DAGs something starts: their times, a DAG that triggers them, or an asset that such a DAG updates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from dag_factory.config.model.dag import AssetCondition, Dag


def started(dags: Collection[Dag], known: Collection[str], now: datetime) -> dict[str, Dag]:
    """Return the DAGs, by id, that something will start.

    Args:
        dags: All DAGs of a revision that Airflow gets.
        known: The assets that DAGs of the folder update, or have updated; all others come from elsewhere.
        now: The moment.
    """
    found = {dag.dag_id: dag for dag in dags if has_times_to_come(dag, now)}
    while True:
        lost = set(known) - updated_by(found.values())
        triggered = {trigger.dag_id for dag in found.values() for trigger in dag.trigger_dags}
        more = {
            dag.dag_id: dag
            for dag in dags
            if dag.dag_id not in found and (dag.dag_id in triggered or _can_be_reached(dag, lost))
        }
        if not more:
            return found
        found |= more


def has_times(dag: Dag) -> bool:
    """Whether a DAG has a schedule of times."""
    return dag.schedule.cron is not None or dag.schedule.every is not None


def has_times_to_come(dag: Dag, now: datetime) -> bool:
    """Whether a DAG has a schedule of times, and its end_date has not passed."""
    return has_times(dag) and (dag.end_date is None or dag.end_date >= now)


def updated_by(dags: Collection[Dag]) -> set[str]:
    """Return the assets that DAGs update."""
    return {asset for dag in dags for sync in dag.syncs for asset in sync.assets}


def can_come(condition: AssetCondition, lost: Collection[str]) -> bool:
    """Whether updates can still meet a condition without the assets that are lost."""
    if isinstance(condition, str):
        return condition not in lost
    parts = [can_come(part, lost) for part in condition.parts]
    return all(parts) if condition.kind == "all" else any(parts)


def _can_be_reached(dag: Dag, lost: Collection[str]) -> bool:
    condition = dag.schedule.assets
    return condition is not None and can_come(condition, lost)
