"""From the bytes of a snapshot to its values, or to one diagnostic that says what is wrong where."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.snapshot.model import Connector, Snapshot, SnapshotConnection, normal
from dag_factory.config.snapshot.serialising import VERSION

CODE = "bad-snapshot"
# 1,000 connections take a quarter of a megabyte.
MAX_BYTES = 32_000_000
# The only number is the version.
_MOST_DIGITS = 9

_PULL = "restore it with git, or delete it and run 'dag-factory pull'"
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _BadSnapshotError(Exception):
    """What is wrong, the text near which it is found, and what to do."""

    def __init__(self, message: str, near: str = "", hint: str = _PULL) -> None:
        super().__init__(message)
        self.near, self.hint = near, hint


def parse_snapshot(data: bytes, file: str) -> Snapshot | Diagnostic:
    """Read a snapshot; whatever is wrong in it, it is one diagnostic, and nothing of it counts."""
    if len(data) > MAX_BYTES:
        return _diagnostic(file, f"the snapshot is larger than {MAX_BYTES // 1_000_000} MB", Span(), _PULL)
    try:
        text = data.decode("utf-8-sig")  # editors on Windows write a byte order mark
        return _snapshot(_json(text), file, text)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return _diagnostic(file, "the snapshot is not UTF-8", _at(line, 1), _PULL)
    except json.JSONDecodeError as error:
        return _not_json(file, text, error)
    except RecursionError:
        return _diagnostic(file, "the snapshot is nested too deeply", Span(), _PULL)
    except _BadSnapshotError as error:
        at = max(text.find(error.near), 0) if error.near else 0
        return _diagnostic(file, str(error), _at(text.count("\n", 0, at) + 1, 1), error.hint)


def _json(text: str) -> Any:  # noqa: ANN401 (what JSON can hold)
    return json.loads(
        text,
        object_pairs_hook=_without_repeated_keys,
        parse_int=_whole_number,
        parse_constant=_refuse_constant,
    )


def _whole_number(text: str) -> int:
    """Read a number; Python raises ValueError for one of thousands of digits, in time that squares them."""
    if len(text) > _MOST_DIGITS:
        message = f"the snapshot has a number of {len(text):,} digits"
        raise _BadSnapshotError(message, text)
    return int(text)


def _refuse_constant(text: str) -> NoReturn:
    message = f"the snapshot is not JSON: it has {text}"
    raise _BadSnapshotError(message, text)


def _not_json(file: str, text: str, error: json.JSONDecodeError) -> Diagnostic:
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        message, hint = "the snapshot has a merge conflict", "take either side, then run 'dag-factory pull'"
        return _diagnostic(file, message, _at(line, 1), hint)
    message = "the snapshot is empty" if not text.strip() else f"the snapshot is not JSON: {error.msg}"
    if text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
        message = "the snapshot is not complete: its end is missing"
    if error.msg == "Extra data":
        message = "the snapshot has more text after its end"
    return _diagnostic(file, message, _at(error.lineno, error.colno), _PULL)


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        message = f"the snapshot has '{twice[:80]}' twice"
        raise _BadSnapshotError(message, json.dumps(twice, ensure_ascii=False))
    return values


def _snapshot(value: Any, file: str, text: str) -> Snapshot:  # noqa: ANN401 (what JSON can hold)
    if not isinstance(value, dict):
        message = "the file is not a snapshot: it is JSON, but not a mapping"
        raise _BadSnapshotError(message)
    _check_version(value)
    workspaces, connections = (_mapping(value, key) for key in ("workspaces", "connections"))
    return Snapshot(
        file=file,
        workspaces={each: _text(workspaces, each) for each in workspaces},
        connections={each: _connection(each, connections) for each in connections},
        text=text,
    )


def _check_version(values: Mapping[str, Any]) -> None:
    if "version" not in values:
        message = "the file is not a snapshot: its 'version' is missing"
        raise _BadSnapshotError(message)
    version = values["version"]
    if not isinstance(version, int) or isinstance(version, bool):
        message = "the file is not a snapshot: its 'version' is not a whole number"
        raise _BadSnapshotError(message, '"version"')
    if version != VERSION:
        message = f"the snapshot has version {version}, and this dag-factory reads {VERSION}"
        newer = "update airbyte-dag-factory" if version > VERSION else _PULL
        raise _BadSnapshotError(message, '"version"', newer)


def _connection(connection_id: str, connections: Mapping[str, Any]) -> SnapshotConnection:
    if not _UUID.fullmatch(connection_id):
        message = f"'{connection_id[:80]}' is not the id of a connection"
        raise _BadSnapshotError(message, json.dumps(connection_id, ensure_ascii=False))
    near = f'"{connection_id}"'
    values = connections[connection_id]
    if not isinstance(values, dict):
        message = f"the connection {connection_id} is not a mapping"
        raise _BadSnapshotError(message, near)
    _refuse_unknown_keys(values, _KEYS, near)
    schedule = _mapping(values, "schedule", near)
    return SnapshotConnection(
        connection_id=connection_id,
        name=normal(_text(values, "name", near)),
        status=_text(values, "status", near),
        schedule={key: _text(schedule, key, near) for key in schedule},
        workspace_id=_text(values, "workspaceId", near),
        source=_connector(values, "source", near),
        destination=_connector(values, "destination", near),
        prefix=_text(values, "prefix", near, ""),
        namespace_definition=_text(values, "namespaceDefinition", near, ""),
        namespace_format=_text(values, "namespaceFormat", near, ""),
        tags=_texts(values, "tags", near),
        former_names=tuple(map(normal, _texts(values, "formerNames", near))),
    )


def _refuse_unknown_keys(values: Mapping[str, Any], known: frozenset[str], near: str) -> None:
    if not values.keys() <= known:
        unknown = min(values.keys() - known)
        message = f"the connection {near[1:-1]} has an unknown key '{unknown[:80]}'"
        raise _BadSnapshotError(message, near)


# What `pull` writes of a connection.
_KEYS = frozenset(
    (
        *("name", "status", "schedule", "workspaceId", "source", "destination", "prefix", "tags"),
        *("namespaceDefinition", "namespaceFormat", "formerNames"),
    )
)
_CONNECTOR_KEYS = frozenset(("name", "type"))


def _connector(values: Mapping[str, Any], key: str, near: str) -> Connector:
    connector = _mapping(values, key, near)
    _refuse_unknown_keys(connector, _CONNECTOR_KEYS, near)
    return Connector(name=_text(connector, "name", near, ""), type=_text(connector, "type", near, ""))


def _mapping(values: Mapping[str, Any], key: str, near: str = "") -> Mapping[str, Any]:
    value = values.get(key)
    if isinstance(value, dict):
        return value
    raise _wrong(values, key, near, "a mapping")


def _text(values: Mapping[str, Any], key: str, near: str = "", absent: str | None = None) -> str:
    value = values.get(key, absent)
    if isinstance(value, str):
        return value
    raise _wrong(values, key, near, "text")


def _texts(values: Mapping[str, Any], key: str, near: str) -> tuple[str, ...]:
    value = values.get(key, [])
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise _wrong(values, key, near, "a list of texts")


def _wrong(values: Mapping[str, Any], key: str, near: str, wanted: str) -> _BadSnapshotError:
    of_what = f"connection {near[1:-1]}" if near else "snapshot"
    problem = f"is not {wanted}" if key in values else "is missing"
    return _BadSnapshotError(f"the '{key[:80]}' of the {of_what} {problem}", near or f'"{key}"')


def _at(line: int, column: int) -> Span:
    return Span(line=line, column=column, end_line=line, end_column=column)


def _diagnostic(file: str, message: str, span: Span, hint: str) -> Diagnostic:
    return Diagnostic(file=file, span=span, code=CODE, message=message, help=hint)
