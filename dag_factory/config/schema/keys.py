"""The keys of the language and their defaults, read from the schema."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from dag_factory.config.schema.check import DAG_SCHEMA, parsed_schema

Schema: TypeAlias = Mapping[str, Any]

# A DAG, a sync, and an entry of `trigger_dags`.
Section: TypeAlias = Literal["dag", "sync", "trigger"]


@functools.cache
def keys_of(section: Section) -> Mapping[str, Schema]:
    """Return the schema of each key of a section, in the order of the schema."""
    definitions = parsed_schema(DAG_SCHEMA)["$defs"]
    schema = definitions["trigger_dags"]["items"] if section == "trigger" else definitions[section]
    keys = {key: _resolved(each, definitions) for key, each in schema["properties"].items()}
    if section == "sync":
        keys["airbyte_conn_id"] = keys_of("dag")["airbyte_conn_id"]  # a sync takes it from its DAG
    return keys


def defaults_of(section: Section) -> dict[str, Any]:
    """Return the default of each key that has one, as a file would write it."""
    return {key: schema["default"] for key, schema in keys_of(section).items() if "default" in schema}


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow a reference; a keyword beside it takes precedence."""
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    return {**definitions[name], **schema} if name else schema
