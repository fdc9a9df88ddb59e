"""Rules that compare syncs with the snapshot of their Airbyte. Without a snapshot they find nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from dag_factory.config.codes import severity_of
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.rules.names import deleted, in_snapshot, span_of_line
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.config.text.connection_ids import is_uuid
from dag_factory.config.text.secret_patterns import redacted

# The connections that syncs use, by the file of their snapshot; None for one that a template gives.
Used: TypeAlias = Mapping[str, frozenset[str | None]]


def check_connections(dag: DraftDag, snapshots: Snapshots) -> Iterator[Diagnostic]:
    """Each connection exists in its Airbyte; that of a DAG is active, and started once."""
    for sync in dag.syncs:
        snapshot = snapshots.of(dag.environment, sync.airbyte_conn_id.value)
        connection_id = sync.connection_id.value
        if not isinstance(snapshot, Snapshot) or connection_id is None or not is_uuid(connection_id):
            continue
        at = sync.connection_id.location
        connection = snapshot.connections.get(connection_id)
        if connection is None:
            yield _unknown(dag, sync, snapshot, snapshots)
        elif connection.is_deleted:
            yield deleted(sync, connection, snapshot, at)
        elif dag.enabled.value:
            yield from _state(dag, sync, connection, snapshot)


def _unknown(dag: DraftDag, sync: DraftSync, snapshot: Snapshot, snapshots: Snapshots) -> Diagnostic:
    at, connection_id = sync.connection_id.location, str(sync.connection_id.value)
    for other_conn_id, other in _others(dag, snapshots, snapshot):
        if connection_id in other.connections:
            name = other.connections[connection_id].name
            message = f"the connection '{name}' is not in {snapshot.file} but in {other.file}"
            return at.diagnostic("other-airbyte", message, f"write 'airbyte_conn_id: {other_conn_id}'")
    message = f"{snapshot.file} has no connection {connection_id}"
    near = [each for each in snapshot.connections.values() if _differs_little(each, connection_id)]
    pull = snapshots.pull_command(dag.environment, sync.airbyte_conn_id.value)
    hint = f"correct the id; if the connection is new, run '{pull}'"
    if len(near) == 1:
        hint = f"did you mean {near[0].connection_id}, '{near[0].name}'?"
    return at.diagnostic("unknown-connection", message, hint)


def _others(dag: DraftDag, snapshots: Snapshots, own: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    for conn_id in dict.fromkeys(conn_id for _, conn_id in snapshots.keys):
        other = snapshots.of(dag.environment, conn_id)
        if isinstance(other, Snapshot) and other is not own:
            yield conn_id, other


def _differs_little(connection: SnapshotConnection, connection_id: str) -> bool:
    """Whether at most three characters differ, as after a slip of the hand."""
    pairs = zip(connection.connection_id, connection_id, strict=True)
    return not connection.is_deleted and sum(one != other for one, other in pairs) <= 3


def _state(
    dag: DraftDag, sync: DraftSync, connection: SnapshotConnection, snapshot: Snapshot
) -> Iterator[Diagnostic]:
    code, problem, hint = "", "", ""
    if connection.status == "inactive":
        code, problem, hint = "inactive", "is disabled in Airbyte", "enable it there, or delete the sync"
    elif connection.status == "locked":
        code, hint = "locked", "ask who runs Airbyte for the reason"
        problem = "is locked in Airbyte, and cannot be started"
    elif connection.is_scheduled and dag.schedule.starts_runs:
        code, hint = "scheduled", "run 'dag-factory take-over', or set it to manual in Airbyte"
        problem = f"is also scheduled in Airbyte: {schedule_text(connection)}"
    if code:
        message = f"the connection '{connection.name}' of sync '{sync.name}' {problem}"
        related = (in_snapshot(snapshot, connection, "in the snapshot"),)
        yield sync.connection_id.location.diagnostic(f"{code}-connection", message, hint, related=related)


def schedule_text(connection: SnapshotConnection) -> str:
    """Describe the schedule in Airbyte's words."""
    schedule = connection.schedule
    return schedule.get("cronExpression") or schedule.get("basicTiming") or connection.schedule_type


def used_by(dags: Iterable[DraftDag], snapshots: Snapshots) -> Used:
    """Return the connections that syncs use, by the file of their snapshot, also if it cannot be read."""
    used: dict[str, set[str | None]] = {}
    for dag in dags:
        for sync in dag.syncs:
            snapshot = snapshots.of(dag.environment, sync.airbyte_conn_id.value)
            if snapshot is not None:
                connection_id = sync.connection_id.value
                is_known = connection_id is not None and is_uuid(connection_id)
                used.setdefault(snapshot.file, set()).add(connection_id if is_known else None)
    return {file: frozenset(ids) for file, ids in used.items()}


def check_snapshots(snapshots: Snapshots, used: Used) -> Iterator[Diagnostic]:
    """A snapshot that is used can be read, and no line of it looks like a secret: `pull` writes none."""
    for snapshot in _each(snapshots, used):
        if isinstance(snapshot, Diagnostic):
            yield snapshot
        elif not _is_plain(snapshot):
            for number, line in enumerate(snapshot.text.split("\n"), start=1):
                if redacted(line) != line:
                    message = "this line of the snapshot looks like it contains a secret"
                    hint = "rename what contains it in Airbyte, change the secret, and run 'dag-factory pull'"
                    yield _of_snapshot(snapshot, number, "secret", message, hint)


def _is_plain(snapshot: Snapshot) -> bool:
    """Whether no value looks like a secret; much of the text is keys and spaces."""
    values = set(snapshot.workspaces.values())
    for each in snapshot.connections.values():
        values.update((each.name, each.source.name, each.destination.name, each.prefix))
        values.update((each.source.type, each.destination.type, each.namespace_format))
        values.update((*each.schedule.values(), *each.tags, *each.former_names))
    text = "\n".join(sorted(values))
    return redacted(text) == text


def check_unsynced(snapshots: Snapshots, used: Used) -> Iterator[Diagnostic]:
    """An active connection that Airbyte does not start is in a DAG: else nobody syncs it."""
    for snapshot in _each(snapshots, used):
        ids = used[snapshot.file]
        if isinstance(snapshot, Diagnostic) or None in ids:
            continue  # a template may give any id
        for connection in snapshot.connections.values():
            is_idle = connection.status == "active" and not connection.is_scheduled
            if is_idle and connection.connection_id not in ids:
                message = f"nobody syncs the connection '{connection.name}': it is manual and in no DAG"
                hint = "run 'dag-factory import', or disable it in Airbyte"
                line = snapshot.line_of(connection.connection_id)
                yield _of_snapshot(snapshot, line, "unsynced-connection", message, hint)


def _each(snapshots: Snapshots, used: Used) -> Iterator[Snapshot | Diagnostic]:
    """Yield the snapshots that syncs use."""
    for environment, conn_id in snapshots.keys:
        snapshot = snapshots.of(environment, conn_id)
        if snapshot is not None and snapshot.file in used:
            yield snapshot


def _of_snapshot(snapshot: Snapshot, line: int, code: str, message: str, hint: str) -> Diagnostic:
    span, severity = span_of_line(line), severity_of(code)
    return Diagnostic(file=snapshot.file, span=span, code=code, message=message, help=hint, severity=severity)
