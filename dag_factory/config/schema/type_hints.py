"""Hints for values of the wrong type: what to write in place of them."""

from __future__ import annotations

import re
from typing import Any

from dag_factory.config.schema.keys import defaults_of
from dag_factory.config.text.templates import unrendered_hint
from dag_factory.config.yaml.values import KeyPath

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "boolean": "true or false",
    "null": "null",
}


def type_name(value: object) -> str:
    """Name the type of a value in the terms of YAML."""
    if value is None:
        return "empty"
    for kind, name in (
        (bool, "true or false"),
        (int, "an integer"),
        (float, "a decimal number"),
        (str, "text"),
    ):
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, list) else "a mapping"


def allowed_types(error: Any) -> str:  # noqa: ANN401 (jsonschema's ValidationError)
    """Name the types that the schema allows."""
    *most, last = (_TYPE_NAMES[name] for name in _allowed(error))
    return f"{', '.join(most)} or {last}" if most else last


def type_hint(error: Any, path: KeyPath) -> str:  # noqa: ANN401 (jsonschema's ValidationError)
    """Say what to write, as far as the location and the value show what was meant."""
    if not path:
        return "write 'key: value' pairs, without a dash before them"
    if path[-2:-1] == ("syncs",):  # and a sync may have the name of a key
        return "write the connection_id of the sync, or its keys indented below it"
    undo = undo_hint(path) if error.instance is None else None
    if undo is not None:
        return f"write a value, or delete the key to keep the default; {undo}"
    if path == ("schedule",) and isinstance(error.instance, list):
        return "write 'schedule: {assets: [...]}' to wait for these assets"
    # An item of a list takes the hint of its list.
    key = path[-2] if isinstance(path[-1], int) and len(path) > 1 else path[-1]
    if key in _KEY_HINTS:
        return _KEY_HINTS[key]
    return _value_hint(error.instance, _allowed(error))


def _value_hint(value: object, allowed: list[str]) -> str:
    if value is None:
        return "write a value or delete the key"
    if isinstance(value, str):
        return _text_hint(value, allowed)
    if "string" in allowed and isinstance(value, bool | int | float):
        return _number_hint(value, allowed)
    if isinstance(value, float) and "integer" in allowed:
        return f"write {int(value)}" if value.is_integer() else "write an integer"
    return _TYPE_HINTS[allowed[-1]]


def undo_hint(path: KeyPath) -> str | None:
    """Say how to undo a default of the key at the end of a path; None if there is no way."""
    value = None if path[-2:-1] == ("environments",) else _undo_value(path[-1])
    return None if value is None else f"to undo a default, write '{path[-1]}: {value}'"


def _undo_value(key: str | int) -> str | None:
    """Return what a key is where no file sets it: the schema's default, else what means no value."""
    default = {**defaults_of("sync"), **defaults_of("dag")}.get(str(key))
    if default is None:
        return _UNDO_VALUES.get(key)
    return str(default).lower() if isinstance(default, bool) else str(default)


# What means no value, for keys without a default in the schema.
_UNDO_VALUES: dict[str | int, str] = {
    "dagrun_timeout": "365d",
    "depends_on": "[]",
    "description": '""',
    "doc_md": '""',
    "end_date": "2999-12-31",
    "is_paused_upon_creation": "false",
    "max_active_tasks": "16",
    "max_retry_delay": "1d",
    "min_rows": "0",
    "notify": "{on_failure: []}",
    "on_failure": "[]",
    "on_retry": "[]",
    "on_success": "[]",
    "outlets": "[]",
    "owner": "airflow",
    "pool": "default_pool",
    "pool_slots": "1",
    "priority_weight": "1",
    "queue": "default",
    "retries": "0",
    "retry_delay": "5m",
    "tags": "[]",
    "trigger_dags": "[]",
}

_NOTIFIERS = "write '- notifier: package.module.ClassName' below it, and its arguments as further keys"
_KEY_HINTS: dict[str | int, str] = {
    **dict.fromkeys(("on_failure", "on_success", "on_retry"), _NOTIFIERS),
    "schedule": 'write a cron expression in quotes such as "H 3 * * *", or null to run the DAG only manually',
    "syncs": "write 'name: connection_id' below it, without a dash",
    "connection_id": "write the UUID of the Airbyte connection",
    "connection": "write the name of the Airbyte connection, in quotes",
    "start_date": "write a date such as 2026-01-31",
    "end_date": "write a date such as 2026-01-31",
}

_TYPE_HINTS = {
    "object": "write 'key: value' pairs, indented below it",
    "array": "write a list: [first, second], or items that begin with a dash, below it",
    "string": "write one value",
    "integer": "write an integer",
    "boolean": "write true or false",
    "null": "write null",
}

_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _allowed(error: Any) -> list[str]:  # noqa: ANN401 (jsonschema's ValidationError)
    allowed = error.validator_value
    return [allowed] if isinstance(allowed, str) else list(allowed)


def _text_hint(text: str, allowed: list[str]) -> str:
    unrendered = unrendered_hint(text)
    if unrendered is not None:
        return unrendered
    if "boolean" in allowed:
        word = _YES_NO.get(text.lower())
        return (
            f"write {word}; YAML 1.2 reads '{text}' as text"
            if word
            else "write true or false, without quotes"
        )
    if "integer" in allowed:
        number = re.fullmatch(r"\s*([0-9]{1,9})\s*", text)
        thousands = re.fullmatch(r"\s*([0-9]{1,3}(?:[,_ .'][0-9]{3}){1,2})\s*", text)
        digits = number[1] if number else re.sub(r"[^0-9]", "", thousands[1]) if thousands else None
        return f"write {digits}, without quotes" if digits else "write an integer such as 3"
    if "array" in allowed:
        parts = re.fullmatch(r"[\w.:/-]{1,60}(?:\s*,\s*[\w.:/-]{1,60}){0,9}", text)
        return f"write a list: [{parts.group()}]" if parts else _TYPE_HINTS["array"]
    return _TYPE_HINTS[allowed[-1]]


def _number_hint(value: float, allowed: list[str]) -> str:
    if "integer" in allowed:
        return "write the seconds as an integer, or text such as 90s, 6m, 1h30m, 2d"
    shown = str(value).lower() if isinstance(value, bool) else f"{value}"
    return f'write "{shown}", in quotes'
