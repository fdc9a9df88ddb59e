"""From what an Airbyte answers to a snapshot: a whitelist, and what the snapshot before remembers."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dag_factory.airbyte.api.documents import Document
from dag_factory.config.snapshot.model import Connector, Snapshot, SnapshotConnection, normal
from dag_factory.config.snapshot.serialising import Stream, snapshot_text, streams_text
from dag_factory.config.text.secret_patterns import redacted
from dag_factory.workspace.airbyte.listing import NotWholeError

DELETED = "deprecated"


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
    """Keep of the lists what is on the whitelist; raises NotWholeError if a reference leads nowhere.

    A deleted connection is kept if the snapshot before has it, so that what uses it can be told from a typing
    error; former names are kept too.
    """
    known = _Known(lists)
    there = [each for each in lists.connections if each.get("status") != DELETED]
    deleted = {_id(each, "connectionId") for each in lists.connections if each.get("status") == DELETED}
    connections = [
        *(_with_former_names(known.connection(each), old) for each in there),
        *_still_remembered(deleted, old),
    ]
    names = {**(old.workspaces if old else {}), **known.workspaces}
    return Pulled(
        workspaces={key: names.get(key, "") for key in {each.workspace_id for each in connections}},
        connections=tuple(connections),
        streams={_id(each, "connectionId"): _streams(each) for each in there},
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
        self.workspaces = {_id(each, "workspaceId"): _text(each, "name") for each in lists.workspaces}
        self._sources = {_id(each, "sourceId"): each for each in lists.sources}
        self._destinations = {_id(each, "destinationId"): each for each in lists.destinations}

    def connection(self, document: Document) -> SnapshotConnection:
        source = self._sources.get(_id(document, "sourceId"))
        destination = self._destinations.get(_id(document, "destinationId"))
        workspace_id = _id(document, "workspaceId")
        if source is None or destination is None or workspace_id not in self.workspaces:
            message = f"connection {_id(document, 'connectionId')} refers to something that is in no list"
            raise NotWholeError(message)
        return SnapshotConnection(
            connection_id=_id(document, "connectionId"),
            name=normal(_text(document, "name")),
            status=_text(document, "status"),
            schedule=_schedule(document.get("schedule")),
            workspace_id=workspace_id,
            source=_connector(source, "sourceType"),
            destination=_connector(destination, "destinationType"),
            prefix=_text(document, "prefix"),
            namespace_definition=_text(document, "namespaceDefinition"),
            namespace_format=_text(document, "namespaceFormat"),
            tags=tuple(sorted({_text(each, "name") for each in _documents(document.get("tags"))} - {""})),
        )


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


def _schedule(value: object) -> dict[str, str]:
    schedule = value if isinstance(value, Mapping) and value else {"scheduleType": "manual"}
    keys = ("scheduleType", "cronExpression", "basicTiming")
    return {key: _text(schedule, key) for key in keys if isinstance(schedule.get(key), str)}


def _connector(document: Document, type_key: str) -> Connector:
    # Connectors that Airbyte does not know have an empty type.
    return Connector(
        name=_text(document, "name"), type=_text(document, type_key) or _text(document, "definitionId")
    )


def _streams(connection: Document) -> list[Stream]:
    configurations = connection.get("configurations")
    streams = configurations.get("streams") if isinstance(configurations, Mapping) else None
    keys = ("name", "namespace", "syncMode", "destinationObjectName")
    return [
        {key: _text(each, key) for key in keys if isinstance(each.get(key), str)}
        for each in _documents(streams)
        if isinstance(each.get("name"), str)
    ]


def _documents(value: object) -> list[Document]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _id(document: Document, key: str) -> str:
    value = document.get(key)
    return value.lower() if isinstance(value, str) else ""


def _text(document: Document, key: str) -> str:
    """Return a text without what looks like a secret; people write secrets into names too."""
    value = document.get(key)
    return _without_secrets(value) if isinstance(value, str) else ""


# Connections share the names of streams, types, schedules and tags.
_without_secrets = functools.lru_cache(maxsize=1_000)(redacted)
