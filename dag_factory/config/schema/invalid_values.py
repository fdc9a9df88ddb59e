"""What is left of a document without its invalid values, so that one run reports every error once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dag_factory.config.yaml.document import Document
from dag_factory.config.yaml.values import KeyPath, Value


def without_invalid(document: Document, paths: Iterable[KeyPath]) -> Document:
    """Remove the invalid values at these paths from a document, and note the paths in it.

    An invalid item removes its whole list, since the paths of the items after it would change.
    """
    invalid = frozenset(_mapping_part(path) for path in paths)
    above = frozenset(path[:length] for path in invalid for length in range(len(path) + 1))
    return replace(document, value=_without(document.value, invalid, above), invalid_paths=invalid)


def _mapping_part(path: KeyPath) -> KeyPath:
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _without(
    value: Value, invalid: frozenset[KeyPath], above: frozenset[KeyPath], path: KeyPath = ()
) -> Value:
    """Remove the invalid values below a path; `above` holds each invalid path and each path to it."""
    if path not in above:
        return value
    if isinstance(value, dict):
        inner = {key: (*path, key) for key in value}
        return {
            key: _without(value[key], invalid, above, at) for key, at in inner.items() if at not in invalid
        }
    if isinstance(value, list):
        return [_without(item, invalid, above, (*path, index)) for index, item in enumerate(value)]
    return value
