"""From what an Airbyte answers to a snapshot: a whitelist, and what the snapshot before remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from dag_factory.airbyte.api.documents import Document
from dag_factory.config.snapshot.model import Connector, Snapshot, SnapshotConnection, normal
from dag_factory.config.snapshot.serialising import Stream, snapshot_text, streams_text
from dag_factory.workspace.airbyte.listing import NotWholeError
from dag_factory.workspace.snapshots.rows import Row

DELETED = "deprecated"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The four lists of an Airbyte."""

    workspaces: Sequence[Document]
    sources: Sequence[Document]
    destinations: Sequence[Document]
    connections: Sequence[Document]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    """What a pull would write."""

    workspaces: Mapping[str, str]
    connections: tuple[SnapshotConnection, ...]
    streams: Mapping[str, Sequence[Stream]]

    @property
    def text(self) -> str:
        """The snapshot as text."""
        return snapshot_text(self.workspaces, self.connections)

    @property
    def streams_text(self) -> str:
        """The streams as text."""
        return streams_text(self.streams)


class TooManyRemovalsError(Exception):
    """So many connections are gone that the pull is more likely wrong than right."""


def pulled_from(lists: Lists, old: Snapshot | None) -> Pulled:
    """Keep of the lists what is on the whitelist.

    Raises NotWholeError if a reference leads nowhere, and WrongAnswerError for a row that is not Airbyte's.

    A deleted connection is kept if the snapshot before has it, so that what uses it can be told from a typing
    error; former names are kept too.
    """
    known = _Known(lists)
    rows = _rows("connections", lists.connections)
    deleted = {row_id for row_id, row in rows.items() if row.values.get("status") == DELETED}
    there = [row for row_id, row in rows.items() if row_id not in deleted]
    connections = [
        *(_with_former_names(known.connection(each), old) for each in there),
        *_still_remembered(deleted, old),
    ]
    names = {**(old.workspaces if old else {}), **known.workspaces}
    return Pulled(
        workspaces={key: names.get(key, "") for key in {each.workspace_id for each in connections}},
        connections=tuple(connections),
        streams={each.row_id: _streams(each) for each in there},
    )


def check_removals(pulled: Pulled, old: Snapshot | None) -> None:
    """Raise TooManyRemovalsError if more than a third of the connections would vanish, or all."""
    before = {key for key, each in old.connections.items() if not each.is_deleted} if old else set()
    now = {each.connection_id for each in pulled.connections if not each.is_deleted}
    gone = before - now
    if len(gone) * 3 > len(before):
        message = f"{len(gone)} of {len(before)} connections of the snapshot are gone"
        raise TooManyRemovalsError(message)


class _Known:
    """Finds what connections refer to."""

    def __init__(self, lists: Lists) -> None:
        workspaces = _rows("workspaces", lists.workspaces)
        self.workspaces = {row_id: row.text("name") for row_id, row in workspaces.items()}
        self._sources = _connectors("sources", lists.sources)
        self._destinations = _connectors("destinations", lists.destinations)

    def connection(self, row: Row) -> SnapshotConnection:
        workspace_id = row.reference("workspaceId")
        _found(row, workspace_id, "workspaces", self.workspaces)
        return SnapshotConnection(
            connection_id=row.row_id,
            name=normal(row.text("name")),
            status=row.word("status"),
            schedule=_schedule(row.inner("schedule")),
            workspace_id=workspace_id,
            source=_found(row, row.reference("sourceId"), "sources", self._sources),
            destination=_found(row, row.reference("destinationId"), "destinations", self._destinations),
            prefix=row.text_or_empty("prefix"),
            namespace_definition=row.text_or_empty("namespaceDefinition"),
            namespace_format=row.text_or_empty("namespaceFormat"),
            tags=tuple(sorted({each.text("name") for each in row.items("tags")} - {""})),
        )


def _found(row: Row, wanted: str, noun: str, known: Mapping[str, T]) -> T:
    if wanted in known:
        return known[wanted]
    message = f"Airbyte's list of {noun} lacks {wanted}, to which the connection {row.row_id} refers"
    hint = f"the application may lack the right to see it: it needs the role Reader where the {noun} are"
    raise NotWholeError(message, hint)


def _with_former_names(connection: SnapshotConnection, old: Snapshot | None) -> SnapshotConnection:
    before = None if old is None else old.connections.get(connection.connection_id)
    if before is None:
        return connection
    names = dict.fromkeys((*before.former_names, before.name))
    former = tuple(name for name in names if name != connection.name)
    return replace(connection, former_names=former)


def _still_remembered(deleted: set[str], old: Snapshot | None) -> Iterator[SnapshotConnection]:
    for connection_id in sorted(deleted):
        before = None if old is None else old.connections.get(connection_id)
        if before is not None:
            yield replace(before, status=DELETED)


def _schedule(row: Row) -> dict[str, str]:
    times = {key: row.text_or_empty(key) for key in ("cronExpression", "basicTiming")}
    return {"scheduleType": row.word("scheduleType"), **{key: text for key, text in times.items() if text}}


def _connectors(noun: str, documents: Iterable[Document]) -> dict[str, Connector]:
    """Read sources or destinations; the type of one that Airbyte does not know is its definition's id."""
    type_key = f"{noun.removesuffix('s')}Type"
    return {
        row_id: Connector(
            name=row.text("name"), type=row.text_or_empty(type_key) or row.text_or_empty("definitionId")
        )
        for row_id, row in _rows(noun, documents).items()
    }


def _streams(connection: Row) -> list[Stream]:
    optional = ("namespace", "syncMode", "destinationObjectName")
    return [
        {
            "name": each.text("name"),
            **{key: each.text(key) for key in optional if each.values.get(key) is not None},
        }
        for each in connection.inner_or_empty("configurations").items("streams")
    ]


def _rows(noun: str, documents: Iterable[Document]) -> dict[str, Row]:
    """Return the rows of a list by their ids, which have been read as texts."""
    key = f"{noun.removesuffix('s')}Id"
    ids = ((str(each[key]).lower(), each) for each in documents)
    return {row_id: Row(noun=noun, row_id=row_id, values=each) for row_id, each in ids}
