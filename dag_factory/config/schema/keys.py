"""The keys of the language and their defaults, read from the schema."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from dag_factory.config.schema.check import DAG_SCHEMA, schema_text

Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """The schema of each key of a DAG, a sync and an entry of `trigger_dags`, in the order of the schema."""

    dag: Mapping[str, Schema]
    sync: Mapping[str, Schema]
    trigger: Mapping[str, Schema]


@functools.cache
def keys() -> Keys:
    """Read the keys once in a process; that takes 1 ms."""
    definitions = json.loads(schema_text(DAG_SCHEMA))["$defs"]
    dag = _resolved_properties(definitions["dag"], definitions)
    sync = _resolved_properties(definitions["sync"], definitions)
    return Keys(
        dag=dag,
        sync={**sync, "airbyte_conn_id": dag["airbyte_conn_id"]},  # a sync takes it from its DAG
        trigger=_resolved_properties(definitions["trigger_dags"]["items"], definitions),
    )


def defaults_in(schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Give the default of each key that has one, as a file would write it."""
    return {key: schema["default"] for key, schema in schemas.items() if "default" in schema}


def _resolved_properties(schema: Schema, definitions: Schema) -> dict[str, Schema]:
    return {key: _resolved(each, definitions) for key, each in schema["properties"].items()}


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow a reference; a keyword beside it takes precedence."""
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    return {**definitions[name], **schema} if name else schema
