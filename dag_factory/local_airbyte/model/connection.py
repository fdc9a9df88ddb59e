"""A connection: its statuses, how the server first learns of it, and the positions of its streams."""

from __future__ import annotations

from dataclasses import dataclass, field

from dag_factory.local_airbyte.model.json_values import Json

CONNECTION = "connection"  # the kind of its document in the store
CONNECTION_STATUSES = ("active", "inactive", "deprecated", "locked")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionSeed:
    """A connection to create when the server starts."""

    connection_id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamPosition:
    """The position of a stream: its state at the source, and the length of its file at that state."""

    stream: str
    state: Json = field(default_factory=dict)
    file_bytes: int = 0
