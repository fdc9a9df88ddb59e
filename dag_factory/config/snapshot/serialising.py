"""A snapshot as text: JSON, one key a line, sorted, so that a second pull writes the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from dag_factory.config.snapshot.model import Connector, SnapshotConnection

VERSION = 1

Stream: TypeAlias = Mapping[str, str]

# Invisible characters that change how a reviewer sees a line, and halves of characters, which UTF-8 lacks.
_INVISIBLE = re.compile(
    "[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def snapshot_text(workspaces: Mapping[str, str], connections: Iterable[SnapshotConnection]) -> str:
    """Write connections and the names of their workspaces, both sorted by id."""
    in_order = sorted(connections, key=lambda each: each.connection_id)
    return _json(
        {
            "version": VERSION,
            "workspaces": dict(sorted(workspaces.items())),
            "connections": {each.connection_id: _connection(each) for each in in_order},
        }
    )


def streams_text(streams: Mapping[str, Sequence[Stream]]) -> str:
    """Write the streams of connections by id, sorted by namespace and name."""
    in_order = {
        connection_id: sorted(found, key=lambda each: (each.get("namespace", ""), each["name"]))
        for connection_id, found in sorted(streams.items())
    }
    return _json({"version": VERSION, "streams": in_order})


def _connection(connection: SnapshotConnection) -> dict[str, Any]:
    always: dict[str, Any] = {
        "name": connection.name,
        "status": connection.status,
        "schedule": dict(sorted(connection.schedule.items())),
        "workspaceId": connection.workspace_id,
        "source": _connector(connection.source),
        "destination": _connector(connection.destination),
    }
    sometimes: dict[str, Any] = {
        "prefix": connection.prefix,
        "namespaceDefinition": connection.namespace_definition,
        "namespaceFormat": connection.namespace_format,
        "tags": sorted(connection.tags),
        "formerNames": list(connection.former_names),
    }
    return always | {key: value for key, value in sometimes.items() if value}


def _connector(connector: Connector) -> dict[str, str]:
    return {"name": connector.name, "type": connector.type}


def escaped(text: str) -> str:
    """Write invisible characters of JSON's text as escapes."""
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json(value: Any) -> str:  # noqa: ANN401 (what JSON can hold)
    return escaped(json.dumps(value, indent=1, ensure_ascii=False)) + "\n"
