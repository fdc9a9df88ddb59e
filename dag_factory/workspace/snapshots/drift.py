"""What has changed in an Airbyte since its snapshot was committed, at the lines that use the connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.rules.names import in_snapshot, span_of_line
from dag_factory.config.rules.snapshots import schedule_text
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.config.yaml.document import Location

CODE = "drift"

# The locations of the syncs that use each connection of a snapshot.
Uses: TypeAlias = Mapping[str, Sequence[Location]]


def uses_of(dags: Iterable[DraftDag], snapshots: Snapshots, file: str) -> Uses:
    """Return where syncs name or identify the connections of a snapshot's file, each location once."""
    uses: dict[str, list[Location]] = {}
    for dag in dags:
        for sync in dag.syncs:
            connection_id = sync.connection_id.value
            own = snapshots.name_of(dag.environment, sync.airbyte_conn_id.value)
            if own == file and connection_id is not None:
                at = sync.connection_id.location
                locations = uses.setdefault(connection_id, [])
                if at not in locations:
                    locations.append(at)
    return uses


def drift(old: Snapshot, new: Snapshot, uses: Uses, pull: str) -> Iterator[Diagnostic]:
    """Compare a snapshot with what Airbyte says now.

    Args:
        old: The snapshot in the repository.
        new: What a pull would write.
        uses: The locations of the syncs that use each connection.
        pull: The command that writes the snapshot.
    """
    hint = f"run '{pull}', and review what it has written"
    for connection_id in dict.fromkeys((*old.connections, *new.connections)):
        message = _change(old, new, connection_id)
        if message is not None:
            yield from _reported(old, connection_id, message, uses.get(connection_id, ()), hint)
    if old.workspaces.keys() != new.workspaces.keys():
        yield _of_snapshot(old, 1, "Airbyte has other workspaces than the snapshot", hint)


def files_of(found: Iterable[Diagnostic], file: str) -> tuple[str, ...]:
    """Return the files of a report: the snapshot, and those that use what has changed."""
    return tuple(dict.fromkeys((file, *(each.file for each in found))))


def _change(old: Snapshot, new: Snapshot, connection_id: str) -> str | None:
    before, after = old.connections.get(connection_id), new.connections.get(connection_id)
    if before is None:
        return None if after is None else f"the connection '{after.name}' is new in Airbyte"
    what = f"the connection '{before.name}'"
    if after is None:
        return None if before.is_deleted else f"{what} is gone: deleted, or no longer readable"
    if after.is_deleted and not before.is_deleted:
        return f"{what} has been deleted in Airbyte"
    changes = [
        *_changes(before, after),
        *_moves(old.workspaces.get(before.workspace_id), new.workspaces.get(after.workspace_id)),
    ]
    return f"{what} has changed in Airbyte: {'; '.join(changes)}" if changes else None


def _changes(before: SnapshotConnection, after: SnapshotConnection) -> Iterator[str]:
    if before.name != after.name:
        yield f"it is now called '{after.name}'"
    if before.status != after.status:
        yield f"it is now {after.status}, and was {before.status}"
    if before.schedule != after.schedule:
        yield f"its schedule is now {schedule_text(after)}, and was {schedule_text(before)}"
    for noun, one, other in _plain(before, after):
        if one != other:
            yield f"its {noun} is now '{other}', and was '{one}'"
    if before.tags != after.tags:
        yield f"its tags are now {_listed(after.tags)}, and were {_listed(before.tags)}"


def _moves(before: str | None, after: str | None) -> Iterator[str]:
    if before != after:
        yield f"its workspace is now '{after}', and was '{before}'"


def _plain(before: SnapshotConnection, after: SnapshotConnection) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each other value, and what it was and is."""
    yield "source", before.source.name, after.source.name
    yield "source's type", before.source.type, after.source.type
    yield "destination", before.destination.name, after.destination.name
    yield "destination's type", before.destination.type, after.destination.type
    yield "prefix", before.prefix, after.prefix
    yield "namespace definition", before.namespace_definition, after.namespace_definition
    yield "namespace format", before.namespace_format, after.namespace_format


def _listed(tags: Sequence[str]) -> str:
    return ", ".join(f"'{tag}'" for tag in tags) or "none"


def _reported(
    old: Snapshot, connection_id: str, message: str, locations: Sequence[Location], hint: str
) -> Iterator[Diagnostic]:
    known = old.connections.get(connection_id)
    related = () if known is None else (in_snapshot(old, known, "in the snapshot"),)
    for location in locations:
        yield location.diagnostic(CODE, message, hint, related=related)
    if not locations:
        line = 1 if known is None else old.line_of(connection_id)
        yield _of_snapshot(old, line, message, hint)


def _of_snapshot(old: Snapshot, line: int, message: str, hint: str) -> Diagnostic:
    return Diagnostic(file=old.file, span=span_of_line(line), code=CODE, message=message, help=hint)
