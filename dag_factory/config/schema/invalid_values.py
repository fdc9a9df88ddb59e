"""What is left of a document to check when parts of it are wrong: one run tells every mistake once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dag_factory.config.yaml.document import Document
from dag_factory.config.yaml.values import KeyPath, Value


def without_faults(document: Document, faults: Iterable[KeyPath]) -> Document:
    """Take the faulty values out of a document, which remembers that they were there.

    A fault in a list takes the whole list with it, since the locations of the items after it would change.
    """
    known = frozenset(_mapping_part(fault) for fault in faults)
    above = frozenset(fault[:length] for fault in known for length in range(len(fault) + 1))
    return replace(document, value=_without(document.value, known, above), invalid_paths=known)


def _mapping_part(path: KeyPath) -> KeyPath:
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _without(
    value: Value, faults: frozenset[KeyPath], above: frozenset[KeyPath], path: KeyPath = ()
) -> Value:
    """Take out the faults below a path; `above` are all paths that have one at them or below."""
    if path not in above:
        return value
    if isinstance(value, dict):
        inner = {key: (*path, key) for key in value}
        return {key: _without(value[key], faults, above, at) for key, at in inner.items() if at not in faults}
    if isinstance(value, list):
        return [_without(item, faults, above, (*path, index)) for index, item in enumerate(value)]
    return value
