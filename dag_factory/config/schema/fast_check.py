"""A fast check of whether a value is valid against a JSON Schema, without the reason if it is not.

jsonschema takes half of a cold run to import and a millisecond for a document. Only it can say what is wrong,
so it runs after this check has failed. Both read the same schemas, and a test compares their verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any], bool]
Schema: TypeAlias = Mapping[str, Any]

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}

# Keywords that do not restrict a value, or are read together with another one.
_SILENT = frozenset(
    (
        *("$schema", "$defs", "title", "description", "default", "examples", "then"),
        *("patternErrorMessage", "errorMessage", "x-suggest", "x-template"),
    )
)


class SchemaCompiler:
    """Compiles schemas that refer to each other, each definition once and when it is first needed."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._compiled: dict[str, Check] = {}

    def check(self, uri: str) -> Check:
        """Compile a schema by its name, or a definition: `name#/$defs/definition`.

        Raises:
            ValueError: The schema uses a keyword that is not supported here.
        """
        if uri not in self._compiled:
            # A schema may refer to itself: until it is compiled, its check is found at each call.
            self._compiled[uri] = lambda value: self.check(uri)(value)  # noqa: PLW0108 (not yet there)
            name, _, pointer = uri.partition("#")
            schema: Any = self._schemas[name]
            for part in pointer.split("/")[1:]:
                schema = schema[part]
            self._compiled[uri] = self._compile(schema, name)
        return self._compiled[uri]

    def _compile(self, schema: Schema, name: str) -> Check:
        """Compile a part of the schema of this name."""
        checks = [self._keyword(key, schema, name) for key in schema if key not in _SILENT]
        return checks[0] if len(checks) == 1 else _all(checks)

    def _keyword(self, key: str, schema: Schema, name: str) -> Check:
        wanted = schema[key]
        if key in _PLAIN:
            return _PLAIN[key](wanted)
        if key == "$ref":
            return self.check(f"{name}{wanted}" if wanted.startswith("#") else wanted)
        if key == "properties":
            return _properties({each: self._compile(wanted[each], name) for each in wanted})
        inner = self._compile(wanted, name) if isinstance(wanted, dict) else None
        return self._around(key, inner, schema, name)

    def _around(self, key: str, inner: Check | None, schema: Schema, name: str) -> Check:
        """Compile a keyword whose value is a schema, or false."""
        if key == "additionalProperties":
            return _other_keys(frozenset(schema.get("properties", ())), inner)
        if key == "if" and inner is not None:
            return _condition(inner, self._compile(schema["then"], name))
        if key in _OF_A_SCHEMA and inner is not None:
            return _OF_A_SCHEMA[key](inner)
        message = f"the schemas use '{key}: {schema[key]}', which fast_check does not support"
        raise ValueError(message)


# Plain loops: a generator for each value takes half as long again.


def _all(checks: Sequence[Check]) -> Check:
    def check(value: object) -> bool:
        for each in checks:  # noqa: SIM110
            if not each(value):
                return False
        return True

    return check


def _type(wanted: str | list[str]) -> Check:
    names = [wanted] if isinstance(wanted, str) else wanted
    # By identity: neither a bool nor 3.0 is an integer here.
    types = frozenset(_TYPES[name] for name in names)
    return lambda value: type(value) in types


def _enum(wanted: list[str]) -> Check:
    allowed = frozenset(wanted)
    return lambda value: isinstance(value, str) and value in allowed


def _pattern(wanted: str) -> Check:
    search = compile_pattern(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile an ECMA expression, in which `$` is the very end and not also before a last line break.

    The `$` must be the last character; a test reads the patterns of the schemas.
    """
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def _of_number(holds: Callable[[float, float], bool]) -> Callable[[float], Check]:
    def check_for(bound: float) -> Check:
        return lambda value: type(value) not in (int, float) or holds(value, bound)

    return check_for


def _of_size(kind: type[Any], holds: Callable[[int, int], bool]) -> Callable[[int], Check]:
    def check_for(bound: int) -> Check:
        return lambda value: not isinstance(value, kind) or holds(len(value), bound)

    return check_for


def _unique(wanted: bool) -> Check:
    # Lists that hold anything but texts are left to jsonschema.
    return lambda value: (
        not wanted
        or not isinstance(value, list)
        or (all(isinstance(item, str) for item in value) and len(set(value)) == len(value))
    )


def _required(wanted: list[str]) -> Check:
    return lambda value: not isinstance(value, dict) or all(key in value for key in wanted)


def _dependent(wanted: dict[str, list[str]]) -> Check:
    pairs = [(key, needed) for key, others in wanted.items() for needed in others]
    return lambda value: (
        not isinstance(value, dict) or all(key not in value or needed in value for key, needed in pairs)
    )


def _properties(checks: Mapping[str, Check]) -> Check:
    def check(value: object) -> bool:
        if isinstance(value, dict):
            for key, item in value.items():
                if key in checks and not checks[key](item):
                    return False
        return True

    return check


def _other_keys(known: frozenset[str], inner: Check | None) -> Check:
    if inner is None:
        return lambda value: not isinstance(value, dict) or value.keys() <= known
    return lambda value: (
        not isinstance(value, dict) or all(inner(item) for key, item in value.items() if key not in known)
    )


def _names(inner: Check) -> Check:
    return lambda value: not isinstance(value, dict) or all(inner(key) for key in value)


def _items(inner: Check) -> Check:
    return lambda value: not isinstance(value, list) or all(inner(item) for item in value)


def _not(inner: Check) -> Check:
    return lambda value: not inner(value)


def _condition(holds: Check, then: Check) -> Check:
    return lambda value: not holds(value) or then(value)


_OF_A_SCHEMA: dict[str, Callable[[Check], Check]] = {
    "propertyNames": _names,
    "items": _items,
    "not": _not,
}

# Keywords that depend on their own value alone.
_PLAIN: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _of_size(str, lambda size, bound: size >= bound),
    "maxLength": _of_size(str, lambda size, bound: size <= bound),
    "minItems": _of_size(list, lambda size, bound: size >= bound),
    "minProperties": _of_size(dict, lambda size, bound: size >= bound),
    "maxProperties": _of_size(dict, lambda size, bound: size <= bound),
    "minimum": _of_number(lambda value, bound: value >= bound),
    "maximum": _of_number(lambda value, bound: value <= bound),
    "exclusiveMinimum": _of_number(lambda value, bound: value > bound),
    "uniqueItems": _unique,
    "required": _required,
    "dependentRequired": _dependent,
}
