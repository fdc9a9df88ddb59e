"""Documents against the JSON Schemas in `schemas/`: diagnostics that speak of keys, lists and mappings."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic
from dag_factory.config.schema.fast_check import Acceptor, Check, compile_pattern
from dag_factory.config.schema.invalid_values import without_faults
from dag_factory.config.yaml.document import Document

# jsonschema's Validator, whose annotations speak of errors still being made.
Validator: TypeAlias = Any

DAG_SCHEMA = "dag.schema.json"
DEFAULTS_SCHEMA = "defaults.schema.json"


def schema_text(name: str) -> str:
    """Read one of the schemas, from the installed package or, in a checkout, from beside it."""
    # Not importlib.resources: it would be an eighth of what checking one file takes.
    packaged = Path(__file__).parents[2] / "schemas" / name
    beside = Path(__file__).parents[3] / "schemas" / name
    return (packaged if packaged.is_file() else beside).read_text("utf-8")


@functools.cache
def parsed_schema(name: str) -> Mapping[str, Any]:
    """Parse one of the schemas, once in a process."""
    schema: Mapping[str, Any] = json.loads(schema_text(name))
    return schema


def check_schema(document: Document, schema: str) -> tuple[Document, list[Diagnostic]]:
    """Report everything that the schema does not allow; give the document without it."""
    if _acceptor()(schema)(document.value):
        return document, []
    # Only a mistake needs them, and most files have none.
    from dag_factory.config.schema.foreign_files import foreign_file  # noqa: PLC0415
    from dag_factory.config.schema.messages import findings, without_follow_ups  # noqa: PLC0415

    keys = _keys_of_the_language()
    foreign = foreign_file(document, keys["dag"]) if schema == DAG_SCHEMA else None
    if foreign is not None:
        return replace(document, value=None), [foreign]
    errors = _validator(schema).iter_errors(document.value)
    every = (finding for error in errors for finding in findings(document, error, keys))
    found = list(islice(every, MAX_PROBLEMS))
    if len(found) == MAX_PROBLEMS:
        # What is wrong beyond them stands in the document still: nothing further can be made of it.
        return replace(document, value=None), without_follow_ups(found)
    refused = [path for finding in found for path in (finding.path, finding.meant) if path is not None]
    return without_faults(document, refused), without_follow_ups(found)


def _keys_of_the_language() -> dict[str, tuple[str, ...]]:
    """Give the keys that each part of the language has, most important first."""
    parts = {**_schema(DAG_SCHEMA)["$defs"]}
    parts["trigger"] = parts["trigger_dags"]["items"]
    names = ("dag", "sync", "trigger", "notify", "schedule")
    return {name: tuple(parts[name]["properties"]) for name in names}


@functools.cache
def _acceptor() -> Callable[[str], Check]:
    """Compile the schemas, once in a process, to what takes a sound document without jsonschema."""
    return Acceptor({name: _schema(name) for name in (DAG_SCHEMA, DEFAULTS_SCHEMA)}).reference


@functools.cache
def _validator(name: str) -> Validator:
    """Compile a schema once in a process, with its references to the other one resolved."""
    import jsonschema  # noqa: PLC0415 (0.1 s that only a mistake costs)
    from referencing import Registry  # noqa: PLC0415 (comes with jsonschema)
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 (comes with jsonschema)

    pairs = [(uri, DRAFT202012.create_resource(_schema(uri))) for uri in (DAG_SCHEMA, DEFAULTS_SCHEMA)]
    base: Any = jsonschema.Draft202012Validator
    # JSON Schema counts 3.0 as an integer; Airflow does not.
    types = base.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int)
    extend: Any = jsonschema.validators.extend
    strict = extend(base, {"pattern": _pattern, "uniqueItems": _unique_items}, type_checker=types)
    return strict({"$ref": name}, registry=Registry().with_resources(pairs))


def _schema(name: str) -> dict[str, Any]:
    # Where a schema names its dialect, jsonschema leaves the extended validator at each reference to it. Its
    # id tells people and editors the version of the language; here a schema is known by its file's name.
    return {key: value for key, value in parsed_schema(name).items() if key not in ("$schema", "$id")}


def _pattern(_validator: object, pattern: str, value: object, schema: Mapping[str, Any]) -> Iterator[Any]:
    """Match as `config.acceptance` does."""
    import jsonschema  # noqa: PLC0415 (loaded by then)

    if isinstance(value, str) and not compile_pattern(pattern).search(value):
        yield jsonschema.ValidationError(schema["patternErrorMessage"])


def _unique_items(_validator: object, wanted: bool, value: object, _schema: object) -> Iterator[Any]:
    """Find an item that stands twice; jsonschema itself compares all mappings with each other."""
    import jsonschema  # noqa: PLC0415 (loaded by then)

    if wanted and isinstance(value, list):
        # As text, since for Python True is 1.
        texts = {json.dumps(item, sort_keys=True) for item in value}
        if len(texts) < len(value):
            yield jsonschema.ValidationError("an item stands twice")
