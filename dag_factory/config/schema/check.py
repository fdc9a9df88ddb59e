"""Checks documents against the JSON Schemas in `schemas/`; gives diagnostics in the terms of YAML."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeAlias

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic
from dag_factory.config.schema.fast_check import Check, SchemaCompiler, compile_pattern
from dag_factory.config.schema.invalid_values import without_invalid
from dag_factory.config.yaml.document import Document, Location
from dag_factory.config.yaml.values import KeyPath, Value
from dag_factory.packaged_files import packaged_text

# jsonschema's Validator: its annotations describe errors that are not complete yet.
Validator: TypeAlias = Any

DAG_SCHEMA = "dag.schema.json"
DEFAULTS_SCHEMA = "defaults.schema.json"


def schema_text(name: str) -> str:
    """Read one of the schemas, from the installed package or, in a checkout, from beside it."""
    return packaged_text(f"schemas/{name}", f"schemas/{name}")


@functools.cache
def parsed_schema(name: str) -> Mapping[str, Any]:
    """Parse one of the schemas, once in a process."""
    schema: Mapping[str, Any] = json.loads(schema_text(name))
    return schema


def check_schema(
    document: Document, schema: str, *, explains: bool = True
) -> tuple[Document, list[Diagnostic]]:
    """Return the document without its invalid values, and a diagnostic for each of them.

    Unless it `explains`, all errors of the document are one diagnostic: to find a hundred takes 10 ms.
    """
    if _fast_check()(schema)(document.value):
        return document, []
    if not explains:
        return _with_id_alone(document), [_unexplained(document)]
    # Only an error needs these modules, and most files have none.
    from dag_factory.config.schema.foreign_files import foreign_file  # noqa: PLC0415
    from dag_factory.config.schema.messages import schema_diagnostics, without_follow_ups  # noqa: PLC0415

    sections = _keys_by_section()
    foreign = foreign_file(document, sections["dag"]) if schema == DAG_SCHEMA else None
    if foreign is not None:
        return replace(document, value=None), [foreign]
    errors = _validator(schema).iter_errors(document.value)
    every = (each for error in errors for each in schema_diagnostics(document, error, sections))
    found = list(islice(every, MAX_PROBLEMS))
    if len(found) == MAX_PROBLEMS:
        # The invalid values beyond the limit are still in the document: no rule could rely on it.
        return _with_id_alone(document), [*without_follow_ups(found), _unexplained(document)]
    # The key that was meant is missing because of the mistake, unless the document has it too.
    meant = [each.meant for each in found if each.meant is not None and not _has(document.value, each.meant)]
    return without_invalid(document, [*(each.path for each in found), *meant]), without_follow_ups(found)


def _with_id_alone(document: Document) -> Document:
    """Leave out all of a document but the DAG's id, which no other document may take."""
    value = document.value
    if not isinstance(value, dict):
        return replace(document, value=None)
    dag_id = value.get("dag_id")
    is_valid = dag_id is not None and _fast_check()(f"{DAG_SCHEMA}#/$defs/dag_id")(dag_id)
    kept: dict[str, Value] = {"dag_id": dag_id} if is_valid else {}
    return replace(document, value=kept, invalid_paths=frozenset((key,) for key in value if key not in kept))


def _unexplained(document: Document) -> Diagnostic:
    message = f"this document may have more errors: only about {MAX_PROBLEMS} of a file are listed"
    hint = "correct the listed ones, then validate the file again"
    return Location(document=document).diagnostic("too-many-errors", message, hint)


def _has(value: Value, path: KeyPath) -> bool:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[str(part)]
    return True


def _keys_by_section() -> dict[str, tuple[str, ...]]:
    """Return the keys of each section of the language, most important first."""
    parts = {**_schema(DAG_SCHEMA)["$defs"]}
    parts["trigger"] = parts["trigger_dags"]["items"]
    names = ("dag", "sync", "trigger", "notify", "schedule")
    return {name: tuple(parts[name]["properties"]) for name in names}


@functools.cache
def _fast_check() -> Callable[[str], Check]:
    """Compile the schemas, once in a process, to checks that accept a valid document without jsonschema."""
    return SchemaCompiler({name: _schema(name) for name in (DAG_SCHEMA, DEFAULTS_SCHEMA)}).check


@functools.cache
def _validator(name: str) -> Validator:
    """Compile a schema, once in a process, with its references to the other one resolved."""
    import jsonschema  # noqa: PLC0415 (0.1 s that only an error costs)
    from referencing import Registry  # noqa: PLC0415 (comes with jsonschema)
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 (comes with jsonschema)

    schemas = {uri: _with_full_references(_schema(uri), uri) for uri in (DAG_SCHEMA, DEFAULTS_SCHEMA)}
    pairs = [(uri, DRAFT202012.create_resource(schema)) for uri, schema in schemas.items()]
    base: Any = jsonschema.Draft202012Validator
    # JSON Schema accepts 3.0 as an integer; Airflow does not.
    types = base.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int)
    extend: Any = jsonschema.validators.extend
    ours = {
        "additionalProperties": _in_order(base.VALIDATORS["additionalProperties"]),
        "$ref": _invalid_references(base.VALIDATORS["$ref"]),
        "pattern": _pattern,
        "required": _required,
        "uniqueItems": _unique_items,
    }
    return extend(base, ours, type_checker=types)({"$ref": name}, registry=Registry().with_resources(pairs))


def _schema(name: str) -> dict[str, Any]:
    # Where a schema names its dialect, jsonschema leaves the extended validator at each reference to it. The
    # id tells people and editors the version of the language; here a schema is known by its file's name.
    return {key: value for key, value in parsed_schema(name).items() if key not in ("$schema", "$id")}


def _with_full_references(schema: Any, uri: str) -> Any:  # noqa: ANN401 (any part of a schema)
    """Write each reference as `name#/$defs/definition`, which says the same in both schemas."""
    if isinstance(schema, dict):
        return {
            key: f"{uri}{value}"
            if key == "$ref" and value.startswith("#")
            else _with_full_references(value, uri)
            for key, value in schema.items()
        }
    return [_with_full_references(each, uri) for each in schema] if isinstance(schema, list) else schema


def _invalid_references(follow: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Follow a reference only for an invalid value: jsonschema takes 100 times as long as the fast check."""
    fast_check = _fast_check()

    def reference(validator: object, uri: str, value: object, schema: object) -> Iterator[Any]:
        if not fast_check(uri)(value):
            yield from follow(validator, uri, value, schema)

    return reference


def _in_order(refuse: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Check values such as syncs in the order of the file; jsonschema's order is that of a set."""

    def additional(
        validator: Validator,
        inner: object,
        value: object,
        schema: Mapping[str, Any],
    ) -> Iterator[Any]:
        if not isinstance(inner, Mapping):
            yield from refuse(validator, inner, value, schema)
        elif isinstance(value, Mapping):
            for key in value:
                if key not in schema.get("properties", ()):
                    yield from validator.descend(value[key], inner, path=key)

    return additional


def _pattern(_validator: object, pattern: str, value: object, _schema: object) -> Iterator[Any]:
    """Match as `fast_check` does."""
    import jsonschema  # noqa: PLC0415 (loaded by then)

    if isinstance(value, str) and not compile_pattern(pattern).search(value):
        yield jsonschema.ValidationError("the text does not match the pattern")


def _required(_validator: object, keys: Sequence[str], value: object, _schema: object) -> Iterator[Any]:
    """Yield one error for all missing keys: jsonschema's own ones name the key in their message alone."""
    import jsonschema  # noqa: PLC0415 (loaded by then)

    if isinstance(value, Mapping) and any(key not in value for key in keys):
        yield jsonschema.ValidationError("a key is missing")


def _unique_items(_validator: object, wanted: bool, value: object, _schema: object) -> Iterator[Any]:
    """Find an item that occurs twice; jsonschema itself compares each mapping with all others."""
    import jsonschema  # noqa: PLC0415 (loaded by then)

    if wanted and isinstance(value, list):
        # As text, since for Python True is 1.
        texts = {json.dumps(item, sort_keys=True) for item in value}
        if len(texts) < len(value):
            yield jsonschema.ValidationError("an item occurs twice")
