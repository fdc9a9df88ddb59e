"""Consequences of a DAG's syncs: tasks that leave or come, and other connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dag_factory.config.model.dag import Dag, Sync
from dag_factory.config.model.task_ids import sync_task_ids, trigger_task_id
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.sides import Member


def of_tasks(old: Member, new: Member) -> Iterator[Consequence]:
    """Yield what happens to the tasks of a DAG that stays."""
    before, after = _by_name(old.dag), _by_name(new.dag)
    dag_id = new.dag.dag_id
    gone = [name for name in before if name not in after]
    fresh = [name for name in after if name not in before]
    renamed = {name: other for name in gone if (other := _same_connection(before[name], after, fresh))}
    for name, other in renamed.items():
        yield _lost(new, f"the sync '{name}' is called '{other}' now", [before[name]], [after[other]])
    for name in gone:
        if name not in renamed:
            yield _lost(new, f"the sync '{name}' is gone", [before[name]], [])
    moved = [name for name in before if name in after and before[name].mode != after[name].mode]
    if moved:
        modes = sorted({f"{before[name].mode} → {after[name].mode}" for name in moved})
        text = f"its tasks have other ids: mode {', '.join(modes)}"
        yield _lost(new, text, [before[name] for name in moved], [after[name] for name in moved])
    for name in fresh:
        if name not in renamed.values():
            text, place = f"has the new sync '{name}'", new.place_of_sync(name)
            yield Consequence(kind="sync-added", dag_id=dag_id, text=text, place=place)
    yield from _of_triggers(old, new)


def of_connections(old: Member, new: Member) -> Iterator[Consequence]:
    """Yield the syncs of a DAG that sync something else than before."""
    after = _by_name(new.dag)
    for name, sync in _by_name(old.dag).items():
        other = after.get(name)
        if other is None or _connection(sync) == _connection(other):
            continue
        texts = [_in_words(sync), _in_words(other)]
        if sync.airbyte_conn_id != other.airbyte_conn_id:
            texts = [
                f"{text} of {each.airbyte_conn_id}" for text, each in zip(texts, (sync, other), strict=True)
            ]
        yield Consequence(
            kind="connection",
            dag_id=new.dag.dag_id,
            text=f"'{name}' syncs another connection",
            details=(" → ".join(texts),),
            place=new.place_of_sync(name),
        )


def task_ids(dag: Dag) -> list[str]:
    """Return the ids of all tasks of a DAG."""
    own = [task_id for sync in dag.syncs for task_id in sync_task_ids(sync.name, sync.mode)]
    triggers = enumerate(dag.trigger_dags, start=1)
    return [*own, *(trigger_task_id(each.dag_id, number) for number, each in triggers)]


def _of_triggers(old: Member, new: Member) -> Iterator[Consequence]:
    targets = [each.dag_id for each in new.dag.trigger_dags]
    for each in old.dag.trigger_dags:
        if each.dag_id not in targets:
            yield Consequence(
                kind="tasks-removed",
                dag_id=new.dag.dag_id,
                text=f"no longer triggers '{each.dag_id}'",
                place=new.place_of("trigger_dags"),
            )


def _lost(member: Member, text: str, before: list[Sync], after: list[Sync]) -> Consequence:
    names = [task_id for sync in before for task_id in sync_task_ids(sync.name, sync.mode)]
    instead = [task_id for sync in after for task_id in sync_task_ids(sync.name, sync.mode)]
    detail = f"{', '.join(names)} → {', '.join(instead)}" if instead else f"{', '.join(names)} removed"
    place = member.place_of_sync(after[0].name) if after else member.place
    return Consequence(
        kind="tasks-removed", dag_id=member.dag.dag_id, text=text, details=(detail,), place=place
    )


def _by_name(dag: Dag) -> Mapping[str, Sync]:
    return {sync.name: sync for sync in dag.syncs}


def _connection(sync: Sync) -> tuple[str, str]:
    return sync.airbyte_conn_id, sync.connection_id


def _same_connection(sync: Sync, after: Mapping[str, Sync], fresh: list[str]) -> str | None:
    return next((name for name in fresh if _connection(after[name]) == _connection(sync)), None)


def _in_words(sync: Sync) -> str:
    return sync.connection_id if sync.connection is None else f"'{sync.connection}' ({sync.connection_id})"
