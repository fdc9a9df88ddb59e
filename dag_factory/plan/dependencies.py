"""Consequences between DAGs: those that nothing starts any more, and triggers of DAGs that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from dag_factory.config.model.dag import AssetCondition, assets_of
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.sides import Member, Side
from dag_factory.plan.starting import can_come, has_times, started, updated_by


def of_unreached(old: Side, new: Side, now: datetime) -> Iterator[Consequence]:
    """Yield the DAGs that something has started, and that nothing starts any more."""
    # Of documents with `enabled: false` too: a DAG in Python may have had their syncs.
    known = updated_by([each.dag for side in (old, new) for each in side.members.values()])
    before, after = started(old.dags, known, now), started(new.dags, known, now)
    lost = known - updated_by(after.values())
    for dag_id, member in new.members.items():
        dag = member.dag
        if not dag.enabled or dag_id not in before:
            continue
        condition = dag.schedule.assets
        in_vain = [] if condition is None or can_come(condition, lost) else _lost(condition, lost, new)
        if in_vain and dag_id in after and has_times(dag):
            text = f"{_AND.join(in_vain)}; its times still start it"
            yield Consequence(kind="settings", dag_id=dag_id, text=text, place=member.place_of("schedule"))
        elif dag_id not in after and (in_vain or not has_times(before[dag_id])):
            text = _AND.join(in_vain) or "nothing starts it any more: no DAG triggers it"
            yield Consequence(kind="unreached", dag_id=dag_id, text=text, place=member.place_of("schedule"))


_AND = ", and "


def _lost(condition: AssetCondition, lost: Collection[str], new: Side) -> list[str]:
    """Say of the assets of a condition that are lost why they are."""
    names = [name for name in dict.fromkeys(assets_of(condition)) if name in lost]
    idle = {name: dag.dag_id for dag in new.dags for name in updated_by([dag])}
    gone = [name for name in names if name not in idle]
    texts = [f"waits for {', '.join(gone)}, which no DAG here updates any more"] if gone else []
    texts += [f"waits for {name} of '{idle[name]}', which nothing starts" for name in names if name in idle]
    return texts


def of_inactive(old: Side, new: Side) -> Iterator[Consequence]:
    """Yield the DAGs whose tasks under way fail, since Airflow marks their assets as inactive."""
    lost = updated_by(old.dags) - updated_by(new.dags)
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
        yield from assets_of(dag.schedule.assets)


def _of_updater(old: Member, new: Member | None, lost: Collection[str]) -> Iterator[Consequence]:
    """Yield that tasks under way fail, of a DAG that stays: one that is gone has hanging runs instead."""
    if not old.dag.enabled or new is None or not new.dag.enabled:
        return
    names = sorted({asset for sync in old.dag.syncs for asset in sync.assets if asset in lost})
    if names:
        yield Consequence(
            kind="tasks-fail",
            dag_id=old.dag.dag_id,
            text="with a git bundle, tasks under way fail, since no DAG here updates their asset any more",
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
