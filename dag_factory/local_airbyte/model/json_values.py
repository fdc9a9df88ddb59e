"""JSON: the type of its objects, and a parser that takes only what can be written as JSON again."""

from __future__ import annotations

import json

# Documents are stored as the API returns them.
Json = dict[str, object]
MAX_DEPTH = 50  # levels: more than any document needs, too few to break a recursive encoder


def parse_json(content: bytes) -> object:
    """Parse JSON that can be written as JSON again; raise ValueError for anything else.

    Python's own parser also accepts NaN, numbers that become infinite, and lone surrogates.
    """
    try:
        value: object = json.loads(content)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError as error:
        message = "the JSON is nested too deeply"
        raise ValueError(message) from error
    if _depth(value) > MAX_DEPTH:
        message = f"the JSON is nested more deeply than {MAX_DEPTH} levels"
        raise ValueError(message)
    return value


def _depth(value: object) -> int:
    level, depth = [value], 0
    while level := [child for parent in level for child in _children(parent)]:
        depth += 1
    return depth


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
