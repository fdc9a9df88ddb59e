"""The pages of all keys, made from the JSON Schema of a DAG."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_DEFAULT = re.compile(r" ?Default: (.+?)\.(?= [A-Z]|$)")
_TYPES = {"object": "mapping", "array": "list"}
# Definitions that are described by name rather than by JSON type.
_NAMED = {"moment": "date", "duration": "duration"}
_MANY = 3
# The keys of a sync have their own page, and the three lists of notifiers have the same keys.
_NOT_OPENED = ("defaults", "syncs", "environments", "assets", "on_success", "on_retry")


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key as the reference shows it; `path` is its dotted path, such as `schedule.cron`."""

    path: str
    description: str
    type: str
    bounds: tuple[str, ...]
    default: str

    @property
    def anchor(self) -> str:
        """The heading's anchor, the same on a Git host and on the site."""
        return self.path.replace(".", "")


def dag_keys(schema: Schema) -> tuple[Key, ...]:
    """Return the keys of a DAG, each followed by those of its mapping or of the mappings in its list."""
    keys = _Reader(schema)
    return tuple(keys.below(keys.definition("dag"), ""))


def sync_keys(schema: Schema) -> tuple[Key, ...]:
    """Return the keys of a sync."""
    keys = _Reader(schema)
    return tuple(keys.below(keys.definition("sync"), ""))


def page(title: str, introduction: str, keys: tuple[Key, ...], examples: Mapping[str, str]) -> str:
    """Write a page: an index of the keys, then each with its facts and its example."""
    index = "\n".join(
        f"| [`{key.path}`](#{key.anchor}) | {_brief(key.type)} | {key.default} |" for key in keys
    )
    parts = [f"# {title}", introduction, f"| key | type | default |\n|---|---|---|\n{index}"]
    parts += [_entry(key, examples.get(key.path, "")) for key in keys]
    return "\n\n".join(parts) + "\n"


def _brief(type_: str) -> str:
    """Shorten a long list of values for the index."""
    return f"one of {type_.count(',') + 1} values" if type_.count(",") > _MANY else type_


def _entry(key: Key, example: str) -> str:
    facts = [("type", key.type), ("bounds", "; ".join(key.bounds)), ("default", key.default)]
    lines = "\n".join(f"* {name}: {text}" for name, text in facts if text)
    parts = [f"## `{key.path}`", key.description, lines]
    return "\n\n".join([*filter(None, parts), *([f"```yaml\n{example.strip()}\n```"] if example else [])])


class _Reader:
    """Reads the keys of one schema and resolves its references."""

    def __init__(self, schema: Schema) -> None:
        self._definitions: Mapping[str, Schema] = schema["$defs"]

    def definition(self, name: str) -> Schema:
        return self._definitions[name]

    def below(self, schema: Schema, prefix: str) -> Iterator[Key]:
        """Yield the keys of a mapping, each followed by those of its mapping or of its list's mappings."""
        for name, reference in schema.get("properties", {}).items():
            whole = self._resolved(reference)
            path = f"{prefix}{name}"
            yield self._key(path, whole)
            if name not in _NOT_OPENED:
                yield from self.below(whole, f"{path}.")
                yield from self.below(self._resolved(whole.get("items", {})), f"{path}.")

    def _resolved(self, schema: Schema) -> Schema:
        """Merge a schema with everything that it refers to, recursively."""
        reference = schema.get("$ref")
        if reference is None:
            return schema
        name = reference.removeprefix("#/$defs/")
        own = {key: value for key, value in schema.items() if key != "$ref"}
        named = {"named": _NAMED[name]} if name in _NAMED else {}
        return {**self._resolved(self._definitions[name]), **named, **own}

    def _key(self, path: str, whole: Schema) -> Key:
        description = " ".join(whole.get("description", "").split())
        written = _DEFAULT.search(description)
        default = _escaped(written[1]) if written else ""
        if "default" in whole:
            default = f"`{_as_yaml(whole['default'])}`"
        return Key(
            path=path,
            description=_escaped(_DEFAULT.sub("", description).strip()),
            type=self._type(whole),
            bounds=tuple(_bounds(whole)),
            default=default,
        )

    def _type(self, whole: Schema) -> str:
        if "named" in whole:
            return str(whole["named"])
        if "enum" in whole:
            return ", ".join(f"`{value}`" for value in whole["enum"])
        types = whole.get("type", "object")
        names = [_TYPES.get(each, each) for each in ([types] if isinstance(types, str) else types)]
        items = self._resolved(whole.get("items", {}))
        return f"list of {_plural(self._type(items))}" if names == ["list"] else " or ".join(names)


def _plural(types: str) -> str:
    return " or ".join(f"{name}s" for name in types.split(" or "))


def _bounds(whole: Schema) -> Iterator[str]:
    texts = {
        "minimum": "at least {:,}",
        "exclusiveMinimum": "more than {:,}",
        "maximum": "at most {:,}",
        "minLength": "at least {} characters",
        "maxLength": "at most {:,} characters",
        "minItems": "at least {} items",
        "minProperties": "at least {} keys",
        "maxProperties": "at most {} keys",
    }
    limits = [text.format(whole[key]) for key, text in texts.items() if key in whole and whole[key] != 1]
    if 1 in (whole.get(key) for key in ("minLength", "minItems", "minProperties")):
        limits.append("not empty")
    limits += ["no item twice"] if whole.get("uniqueItems") else []
    if limits:
        yield ", ".join(limits)
    if "patternErrorMessage" in whole and whole.get("type") != "object":
        yield whole["patternErrorMessage"]


def _escaped(text: str) -> str:
    """Escape angle brackets and bars, which would be HTML or end a table cell."""
    return text.replace("<", "&lt;").replace("|", "\\|")


def _as_yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
