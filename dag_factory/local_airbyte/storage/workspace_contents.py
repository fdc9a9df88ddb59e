"""Workspaces, sources, destinations, tags and connections that a test describes, many in one call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from dag_factory.local_airbyte.model.connection import CONNECTION, CONNECTION_STATUSES
from dag_factory.local_airbyte.model.identifiers import canonical_id
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.schedules.schedule import MANUAL, shown_schedule
from dag_factory.local_airbyte.storage.seeds import (
    CREATED_AT,
    actor_document,
    connection_document,
    seed_id,
    tag_document,
    workspace_document,
)

# What a body may hold, in the order in which it is made: a later part may name what an earlier one has made.
KINDS = {
    "workspaces": "workspace",
    "sources": "source",
    "destinations": "destination",
    "tags": "tag",
    "connections": CONNECTION,
}
DELETED = "deleted"  # the kind of the marks of what is listed only with `includeDeleted`
MASKED = "**********"  # what Airbyte shows instead of a secret
NAMESPACES = ("source", "destination", "custom_format")
# Keys of a connection that are stored as they are given.
PLAIN = ("prefix", "namespaceFormat", "nonBreakingSchemaUpdatesBehavior", "createdAt")
CONNECTION_KEYS = {*PLAIN, "name", "status", "schedule", "tags", "streams", "namespaceDefinition"}


class ContentsError(ValueError):
    """The JSON does not describe the contents of workspaces; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A document to store, whether Airbyte lists it as deleted, and the time of a connection's last sync."""

    kind: str
    document_id: str
    document: Json
    is_deleted: bool = False
    last_sync: float | None = None


class Contents:
    """What the workspaces contain: entries refer to it by id, or by a name within their workspace."""

    def __init__(self, documents: Mapping[str, Sequence[Json]]) -> None:
        self._documents = {kind: list(documents.get(kind, ())) for kind in KINDS.values()}

    def add(self, made: Made) -> None:
        """Add a document, so that later entries can refer to it."""
        if any(each[f"{made.kind}Id"] == made.document_id for each in self._documents[made.kind]):
            _refuse(f"there is a {made.kind} {made.document_id}")
        self._documents[made.kind].append(made.document)

    def workspace_of(self, entry: Json) -> str:
        """Return the id of the entry's workspace; without one, of the first workspace."""
        return self.id_of("workspace", entry.get("workspace"), None)

    def id_of(self, kind: str, reference: object, workspace_id: str | None) -> str:
        """Return the id of what is referred to; without a reference, of the first one in the workspace."""
        return str(self.find(kind, reference, workspace_id)[f"{kind}Id"])

    def find(self, kind: str, reference: object, workspace_id: str | None) -> Json:
        """Return the document with this id or name; names need not be unique: the first one has it."""
        found = (
            document
            for document in self._documents[kind]
            if workspace_id in (None, document["workspaceId"])
            and reference in (None, document[f"{kind}Id"], document["name"])
        )
        document = next(found, None)
        if document is None:
            _refuse(f"there is no {kind} {reference!r}" if reference else f"the workspace has no {kind}")
        return document


def read_contents(body: Json, present: Mapping[str, Sequence[Json]]) -> Iterator[Made]:
    """Yield what the body describes; `present` is what there is already. Raise ContentsError."""
    _check_keys(body, KINDS)
    contents = Contents(present)
    for key, kind in KINDS.items():
        for entry in _entries(body, key):
            made = MAKERS[kind](entry, contents)
            contents.add(made)
            yield made


def connection_changes(entry: Json, contents: Contents, workspace_id: str) -> Json:
    """Return the keys of a connection's document that an entry sets; raise ContentsError."""
    changes = {key: entry[key] for key in PLAIN if key in entry}
    if "name" in entry:
        changes["name"] = _name(entry)
    if "status" in entry:
        changes["status"] = _choice(entry, "status", CONNECTION_STATUSES)
    if "namespaceDefinition" in entry:
        changes["namespaceDefinition"] = _choice(entry, "namespaceDefinition", NAMESPACES)
    if "schedule" in entry:
        changes["schedule"] = shown_schedule(entry["schedule"])
    if "tags" in entry:
        changes["tags"] = [contents.find("tag", name, workspace_id) for name in _list(entry, "tags")]
    if "streams" in entry:
        changes["configurations"] = {"streams": _list(entry, "streams")}
    return changes


def _workspace(entry: Json, _: Contents) -> Made:
    _check_keys(entry, {"workspaceId", "name", "deleted"})
    document_id = _id(entry, "workspaceId")
    document = workspace_document(document_id, _name(entry))
    return Made(kind="workspace", document_id=document_id, document=document, is_deleted=_is_deleted(entry))


def _source(entry: Json, contents: Contents) -> Made:
    return _actor("source", entry, contents)


def _destination(entry: Json, contents: Contents) -> Made:
    return _actor("destination", entry, contents)


def _actor(role: str, entry: Json, contents: Contents) -> Made:
    """Make a source or destination. Its type is empty if the connector is not one of Airbyte's own."""
    own = {f"{role}Id", f"{role}Type", "definitionId", "configuration"}
    _check_keys(entry, own | {"name", "workspace", "createdAt", "deleted"})
    connector = str(entry.get(f"{role}Type", "postgres"))
    document = {
        **actor_document(
            role, _id(entry, f"{role}Id"), _name(entry), connector, contents.workspace_of(entry)
        ),
        "definitionId": entry.get("definitionId", seed_id(f"definition/{connector}")),
        "configuration": entry.get("configuration", {"host": "db.example.com", "password": MASKED}),
        "createdAt": entry.get("createdAt", CREATED_AT),
    }
    document_id = str(document[f"{role}Id"])
    return Made(kind=role, document_id=document_id, document=document, is_deleted=_is_deleted(entry))


def _tag(entry: Json, contents: Contents) -> Made:
    _check_keys(entry, {"tagId", "name", "workspace", "color"})
    document = tag_document(
        _id(entry, "tagId"), _name(entry), str(entry.get("color", "7F56D9")), contents.workspace_of(entry)
    )
    return Made(kind="tag", document_id=str(document["tagId"]), document=document)


def _connection(entry: Json, contents: Contents) -> Made:
    own = {"connectionId", "workspace", "source", "destination", "lastSyncAt"}
    _check_keys(entry, own | CONNECTION_KEYS)
    workspace_id, connection_id = contents.workspace_of(entry), _id(entry, "connectionId")
    document = {
        **connection_document(connection_id, _name(entry), "analytics"),
        "workspaceId": workspace_id,
        "sourceId": contents.id_of("source", entry.get("source"), workspace_id),
        "destinationId": contents.id_of("destination", entry.get("destination"), workspace_id),
        "schedule": MANUAL,
        **connection_changes(entry, contents, workspace_id),
    }
    last_sync = _moment(entry["lastSyncAt"]) if "lastSyncAt" in entry else None
    return Made(kind=CONNECTION, document_id=connection_id, document=document, last_sync=last_sync)


MAKERS: Mapping[str, Callable[[Json, Contents], Made]] = {
    "workspace": _workspace,
    "source": _source,
    "destination": _destination,
    "tag": _tag,
    CONNECTION: _connection,
}


def _entries(body: Json, key: str) -> list[Json]:
    entries = _list(body, key)
    if not all(isinstance(entry, dict) for entry in entries):
        _refuse(f"{key} must be a list of objects")
    return [dict(entry) for entry in entries if isinstance(entry, dict)]


def _list(entry: Json, key: str) -> list[object]:
    value = entry.get(key, [])
    if not isinstance(value, list):
        _refuse(f"{key} must be a list, not {value!r}")
    return value


def _id(entry: Json, key: str) -> str:
    if key not in entry:
        return str(uuid.uuid4())
    found = canonical_id(str(entry[key]))
    if found is None:
        _refuse(f"{key} must be a UUID, not {entry[key]!r}")
    return found


def _is_deleted(entry: Json) -> bool:
    deleted = entry.get("deleted", False)
    if not isinstance(deleted, bool):
        _refuse(f"deleted must be true or false, not {deleted!r}")
    return deleted


def _name(entry: Json) -> str:
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        _refuse(f"name must be a text, not {name!r}")
    return name


def _choice(entry: Json, key: str, choices: Collection[str]) -> str:
    value = entry[key]
    if value not in choices:
        _refuse(f"{key} must be one of {', '.join(choices)}, not {value!r}")
    return str(value)


def _moment(value: object) -> float:
    """Read seconds since the epoch, or a time such as 2026-01-31T12:00:00Z."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        _refuse(f"lastSyncAt must be a time such as 2026-01-31T12:00:00Z, or seconds, not {value!r}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _check_keys(entry: Json, known: Collection[str]) -> None:
    if unknown := sorted(set(entry) - set(known)):
        _refuse(f"unknown keys: {', '.join(unknown)}")


def _refuse(message: str) -> NoReturn:
    raise ContentsError(message)
