"""Values of the wrong type: what they are, what they should be, what to write."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from dag_factory.config.schema.check import DAG_SCHEMA, schema_text
from dag_factory.config.text.templates import unrendered_help
from dag_factory.config.yaml.values import KeyPath

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def type_name(value: object) -> str:
    """Name what a value is, in the words of YAML."""
    if value is None:
        return "empty"
    for kind, name in ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "text")):
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, list) else "a mapping"


def wanted_types(error: Any) -> str:  # noqa: ANN401 (jsonschema's ValidationError)
    """Name what the schema takes."""
    *most, last = (_TYPE_NAMES[name] for name in _wanted(error))
    return f"{', '.join(most)} or {last}" if most else last


def type_help(error: Any, path: KeyPath) -> str:  # noqa: ANN401 (jsonschema's ValidationError)
    """Say what to write, as far as location and value tell what was meant."""
    if not path:
        return "write 'key: value' pairs, without a dash before them"
    if path[-2:-1] == ("syncs",):  # and a sync may have the name of a key
        return "write the connection_id of the sync, or its keys indented below it"
    undone = undone_by(path) if error.instance is None else None
    if undone is not None:
        return f"write a value, or delete the key to keep the default; {undone}"
    if path[-1] in _OF_KEY:
        return _OF_KEY[path[-1]]
    return _value_help(error.instance, _wanted(error))


def _value_help(value: object, wanted: list[str]) -> str:
    if value is None:
        return "write a value or delete the key"
    if isinstance(value, str):
        return _text_help(value, wanted)
    if "string" in wanted and isinstance(value, bool | int | float):
        return _number_help(value, wanted)
    if isinstance(value, float) and "integer" in wanted:
        return f"write {int(value)}" if value.is_integer() else "write a whole number"
    return _FORMS[wanted[-1]]


def undone_by(path: KeyPath) -> str | None:
    """Say what undoes a default of the key at the end of a path; None if nothing does."""
    value = None if path[-2:-1] == ("environments",) else _undone_by(path[-1])
    return None if value is None else f"to undo a default, write '{path[-1]}: {value}'"


def _undone_by(key: str | int) -> str | None:
    """Give what a key is without a file that sets it: the schema's default, else what means none."""
    default = _defaults().get(key)
    if default is None:
        return _UNDONE_BY.get(key)
    return str(default).lower() if isinstance(default, bool) else str(default)


@functools.cache
def _defaults() -> dict[str | int, Any]:
    """Read the defaults of all keys of DAGs and syncs; only where a value is missing are they asked for."""
    parts = json.loads(schema_text(DAG_SCHEMA))["$defs"]
    properties = {**parts["sync"]["properties"], **parts["dag"]["properties"]}
    return {key: _default(described, parts) for key, described in properties.items()}


def _default(described: dict[str, Any], parts: dict[str, Any]) -> object:
    """Give the default of a key's schema, which may stand in the part that it refers to."""
    shared = parts[described["$ref"].rpartition("/")[2]] if "$ref" in described else {}
    return described.get("default", shared.get("default"))


# What means no value, of keys for which the schema has no default of its own.
_UNDONE_BY: dict[str | int, str] = {
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

_OF_KEY: dict[str | int, str] = {
    "schedule": 'write a cron expression in quotes such as "H 3 * * *", or null to run only by hand',
    "syncs": "write 'name: connection_id' below it, without a dash",
    "connection_id": "write the UUID of the Airbyte connection",
    "start_date": "write a date such as 2026-01-31",
    "end_date": "write a date such as 2026-01-31",
}

_FORMS = {
    "object": "write 'key: value' pairs, indented below it",
    "array": "write a list: [first, second], or items that begin with a dash, below it",
    "string": "write one value",
    "integer": "write a whole number",
    "boolean": "write true or false",
    "null": "write null",
}

_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _wanted(error: Any) -> list[str]:  # noqa: ANN401 (jsonschema's ValidationError)
    wanted = error.validator_value
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _text_help(text: str, wanted: list[str]) -> str:
    unrendered = unrendered_help(text)
    if unrendered is not None:
        return unrendered
    if "boolean" in wanted:
        return f"write {_YES_NO.get(text.lower(), 'true or false')}, without quotes"
    if "integer" in wanted:
        number = re.fullmatch(r"\s*([0-9]{1,9})\s*", text)
        return f"write {number[1]}, without quotes" if number else "write a whole number such as 3"
    if "array" in wanted:
        parts = re.fullmatch(r"[\w.:/-]{1,60}(?:\s*,\s*[\w.:/-]{1,60}){0,9}", text)
        return f"write a list: [{parts.group()}]" if parts else _FORMS["array"]
    return _FORMS[wanted[-1]]


def _number_help(value: float, wanted: list[str]) -> str:
    if "integer" in wanted:
        return "write whole seconds, or text such as 90s, 6m, 1h30m, 2d"
    shown = str(value).lower() if isinstance(value, bool) else f"{value}"
    return f'write "{shown}", in quotes'
