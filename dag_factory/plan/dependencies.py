"""Consequences between DAGs: assets that nobody updates any more, and triggers of DAGs that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dag_factory.config.model.dag import AssetCondition, Dag
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.sides import Member, Side


def of_assets(old: Side, new: Side) -> Iterator[Consequence]:
    """Yield the DAGs that wait in vain, and those whose tasks under way fail."""
    lost = updated_by(old.dags) - updated_by(new.dags)
    if not lost:
        return
    for member in new.members.values():
        condition = member.dag.schedule.assets
        if member.dag.enabled and condition is not None and not _can_come(condition, lost):
            names = [name for name in _names(condition) if name in lost]
            others = _has_times(member.dag)
            end = "; its times still start it" if others else ""
            yield Consequence(
                kind="settings" if others else "unreached",
                dag_id=member.dag.dag_id,
                text=f"waits for {', '.join(names)}, which no DAG updates any more{end}",
                place=member.place_of("schedule"),
            )
    inactive = lost - set(_still_known(old, new))
    for member in old.members.values():
        yield from _of_updater(member, new.members.get(member.dag.dag_id), inactive)


def _still_known(old: Side, new: Side) -> Iterator[str]:
    """Yield the assets that stay active: those that a DAG waits for, and all of a DAG that is gone.

    Airflow keeps what it knows of a DAG that it does not get any more, and counts it as before.
    """
    made = {dag.dag_id for dag in new.dags}
    gone = [dag for dag in old.dags if dag.dag_id not in made]
    yield from updated_by(gone)
    for dag in (*new.dags, *gone):
        if dag.schedule.assets is not None:
            yield from _names(dag.schedule.assets)


def _of_updater(old: Member, new: Member | None, lost: Collection[str]) -> Iterator[Consequence]:
    """Yield that tasks under way fail, of a DAG that stays: one that is gone has hanging runs instead."""
    if not old.dag.enabled or new is None or not new.dag.enabled:
        return
    names = sorted({asset for sync in old.dag.syncs for asset in sync.assets if asset in lost})
    if names:
        yield Consequence(
            kind="tasks-fail",
            dag_id=old.dag.dag_id,
            text="with a git bundle, tasks under way fail, since no DAG updates their asset any more",
            details=tuple(names),
            place=new.place,
        )


def of_triggers(old: Side, new: Side) -> Iterator[Consequence]:
    """Yield the DAGs that trigger one that Airflow has had and has no more."""
    made = {dag.dag_id for dag in new.dags}
    gone = {dag.dag_id for dag in old.dags} - made
    for member in new.members.values():
        for trigger in member.dag.trigger_dags if member.dag.enabled else ():
            if trigger.dag_id in gone:
                yield Consequence(
                    kind="trigger-fails",
                    dag_id=member.dag.dag_id,
                    text=f"triggers '{trigger.dag_id}', which Airflow loses",
                    place=member.place_of("trigger_dags"),
                )


def updated_by(dags: Collection[Dag]) -> set[str]:
    """Return the assets that DAGs update."""
    return {asset for dag in dags for sync in dag.syncs for asset in sync.assets}


def _can_come(condition: AssetCondition, lost: Collection[str]) -> bool:
    """Whether updates can still meet a condition; what no DAG here has updated comes from elsewhere."""
    if isinstance(condition, str):
        return condition not in lost
    parts = [_can_come(part, lost) for part in condition.parts]
    return all(parts) if condition.kind == "all" else any(parts)


def _names(condition: AssetCondition) -> Iterator[str]:
    if isinstance(condition, str):
        yield condition
        return
    for part in condition.parts:
        yield from _names(part)


def _has_times(dag: Dag) -> bool:
    return dag.schedule.cron is not None or dag.schedule.every is not None
