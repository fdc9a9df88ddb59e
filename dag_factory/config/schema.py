"""Documents against the JSON Schemas in `schemas/`: diagnostics that speak of keys, lists and mappings."""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.faults import without_faults
from dag_factory.config.foreign_keys import FOREIGN_KEYS
from dag_factory.config.source import Document, Place
from dag_factory.config.values import KeyPath

# jsonschema's ValidationError and Validator. Their annotations speak of errors still being made, whose
# fields may be unset; the errors that reach this module are complete.
ValidationError: TypeAlias = Any
Validator: TypeAlias = Any

DAG_SCHEMA = "dag.schema.json"
DEFAULTS_SCHEMA = "defaults.schema.json"


def schema_text(name: str) -> str:
    """Read one of the schemas, from the installed package or, in a checkout, from beside it."""
    packaged = importlib.resources.files("dag_factory") / "schemas" / name
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[2] / "schemas" / name).read_text("utf-8")


def check_schema(document: Document, schema: str) -> tuple[Document, list[Diagnostic]]:
    """Report everything that the schema does not allow; give the document without it."""
    errors = list(_validator(schema).iter_errors(document.value))
    if not errors:
        return document, []
    found = [pair for error in errors for pair in _findings(document, error)]
    faults = {path for _, paths in found for path in paths}
    told = [diagnostic for diagnostic, paths in found if not _is_follow_up(diagnostic, paths, found)]
    return without_faults(document, faults), told


# A diagnostic, and the paths that are not to be looked at any further because of it.
_Finding: TypeAlias = tuple[Diagnostic, tuple[KeyPath, ...]]


def _is_follow_up(diagnostic: Diagnostic, paths: tuple[KeyPath, ...], found: list[_Finding]) -> bool:
    """Whether a key is only missing because it stands there in other words."""
    return diagnostic.code == "missing-key" and any(
        paths[0] in others for other, others in found if other.code == "unknown-key"
    )


@functools.cache
def _validator(name: str) -> Validator:
    """Compile a schema once in a process, with its references to the other one resolved."""
    import jsonschema  # noqa: PLC0415 (0.1 s that only a check needs)
    from referencing import Registry  # noqa: PLC0415 (comes with jsonschema)
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 (comes with jsonschema)

    pairs = [(uri, DRAFT202012.create_resource(_schema(uri))) for uri in (DAG_SCHEMA, DEFAULTS_SCHEMA)]
    base: Any = jsonschema.Draft202012Validator
    # JSON Schema counts 3.0 as an integer; Airflow does not.
    types = base.TYPE_CHECKER.redefine("integer", lambda _checker, value: type(value) is int)
    extend: Any = jsonschema.validators.extend
    strict = extend(base, {"pattern": _pattern}, type_checker=types)
    return strict({"$ref": name}, registry=Registry().with_resources(pairs))


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(name))
    # Where a schema names its dialect, jsonschema leaves the extended validator at each reference to it.
    del schema["$schema"]
    return schema


def _pattern(_validator: object, pattern: str, value: object, schema: Mapping[str, Any]) -> Iterator[Any]:
    """Match like the ECMA expressions of JSON Schema, where `$` is the very end, not before a line break."""
    import jsonschema  # noqa: PLC0415 (loaded by then)

    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield jsonschema.ValidationError(schema["patternErrorMessage"])


def _findings(document: Document, error: ValidationError) -> Iterator[_Finding]:
    path: KeyPath = tuple(error.absolute_path)
    place = Place(document=document, path=path)
    keyword = str(error.validator)
    if keyword == "additionalProperties":
        yield from _unknown_keys(place, error)
    elif keyword == "required":
        yield _missing_key(place, error)
    elif "propertyNames" in error.absolute_schema_path:
        yield _bad_name(place, error)
    else:
        yield _bad_value(place, error, keyword), (path,)


def _bad_value(place: Place, error: ValidationError, keyword: str) -> Diagnostic:
    if keyword == "not":
        return place.diagnostic("misplaced-key", error.schema["errorMessage"], "delete it here", of_key=True)
    if keyword == "type":
        return _wrong_type(place, error)
    message = f"{_subject(place.path)} {_value_message(error)}"
    return place.diagnostic("bad-value", message, _value_help(error))


def _bad_name(place: Place, error: ValidationError) -> _Finding:
    name = str(error.instance)
    key = Place(document=place.document, path=(*place.path, name))
    problem = _NAME_MESSAGES[str(error.validator)].format(bound=error.validator_value)
    message = f"the name '{name}' {problem}"
    return key.diagnostic("bad-name", message, _value_help(error), of_key=True), (key.path,)


def _unknown_keys(place: Place, error: ValidationError) -> Iterator[_Finding]:
    known = set(error.schema.get("properties", ()))
    for key in error.instance:
        if key not in known:
            at = Place(document=place.document, path=(*place.path, key))
            mend, meant = _key_help(key, known)
            diagnostic = at.diagnostic("unknown-key", f"unknown key '{key}'", mend, of_key=True)
            yield diagnostic, (at.path, (*place.path, meant))


def _key_help(key: str, known: set[str]) -> tuple[str, str]:
    """Give the help for an unknown key, and the key that was meant as far as that is known."""
    if key in FOREIGN_KEYS:
        mend = FOREIGN_KEYS[key]
        meant = re.match(r"write '([a-z_]+)", mend)
        return mend, meant[1] if meant else ""
    alike = difflib.get_close_matches(key.lower(), sorted(known), n=1)
    if alike:
        return f"did you mean '{alike[0]}'?", alike[0]
    return f"known keys here: {', '.join(sorted(known))}", ""


def _missing_key(place: Place, error: ValidationError) -> _Finding:
    # jsonschema reports each missing key in an error of its own.
    key = next(name for name in error.validator_value if error.message.startswith(repr(name)))
    message = f"the key '{key}' is missing"
    return place.diagnostic("missing-key", message, _MISSING_HELP.get(key), of_key=True), (
        (*place.path, key),
    )


_MISSING_HELP = {
    "syncs": "write 'syncs:' with at least one 'name: connection_id' below it",
    "connection_id": "write the UUID of the Airbyte connection",
    "notifier": "write the notifier's import path",
    "dag_id": "write the id of the DAG to trigger",
}

_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def _wrong_type(place: Place, error: ValidationError) -> Diagnostic:
    wanted = error.validator_value
    names = [wanted] if isinstance(wanted, str) else wanted
    names_read = _either(_TYPE_NAMES[name] for name in names)
    message = f"{_subject(place.path)} is {_type_name(error.instance)}, not {names_read}"
    return place.diagnostic("wrong-type", message, _type_help(error.instance, names))


def _type_name(value: object) -> str:
    if value is None:
        return "empty"
    for kind, name in ((bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "text")):
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, list) else "a mapping"


_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _type_help(value: object, wanted: list[str]) -> str | None:
    if value is None:
        return "write a value or delete the key"
    if "boolean" in wanted and isinstance(value, str):
        return f"write {_YES_NO.get(value.lower(), 'true or false')}, without quotes"
    if "integer" in wanted and isinstance(value, str) and value.strip().isdecimal():
        return f"write {value.strip()}, without quotes"
    if "string" in wanted and isinstance(value, bool | int | float):
        return "put it in quotes"
    if "array" in wanted:
        return "write a list: [first, second]"
    return "write 'key: value' pairs, indented below it" if wanted == ["object"] else None


def _value_message(error: ValidationError) -> str:
    keyword = str(error.validator)
    if keyword in ("pattern", "enum"):
        return f"cannot be {_shown(error.instance)}"
    return _BOUNDS[keyword].format(bound=error.validator_value)


_NAME_MESSAGES = {"pattern": "cannot be a name here", "maxLength": "is longer than {bound} characters"}

_BOUNDS = {
    "minLength": "is empty",
    "maxLength": "is longer than {bound} characters",
    "minimum": "is less than {bound}",
    "exclusiveMinimum": "is not greater than {bound}",
    "maximum": "is greater than {bound}",
    "minItems": "is an empty list",
    "uniqueItems": "holds the same value twice",
    "minProperties": "is empty",
    "maxProperties": "holds more than {bound} key",
    "dependentRequired": "has 'timezone' without 'cron'",
}


def _value_help(error: ValidationError) -> str | None:
    if error.validator == "pattern":
        return str(error.message)
    if error.validator == "enum":
        alike = difflib.get_close_matches(str(error.instance).lower(), error.validator_value, n=1)
        return f"did you mean '{alike[0]}'?" if alike else f"one of {', '.join(error.validator_value)}"
    return _HELP.get(str(error.validator))


_HELP = {
    "minItems": "write at least one item, or delete the key",
    "minLength": "write a value or delete the key",
    "minProperties": "write at least one key below it",
    "uniqueItems": "keep one of them",
    "dependentRequired": "write 'cron', or the DAG's own key 'timezone'",
}


def _subject(path: KeyPath) -> str:
    """Name a value by the nearest key above it."""
    key = next((part for part in reversed(path) if isinstance(part, str)), None)
    return "the document" if key is None else f"'{key}'"


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _either(words: Iterator[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
