"""Finds one name in a large snapshot without reading all of it, as a task's start needs it.

A snapshot that `pull` wrote has one key a line, so that the text of a name and the entry around it can be
found by searching bytes. Whatever does not look like that is left to the parser of the whole file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from dag_factory.config.snapshot.model import normal
from dag_factory.config.snapshot.serialising import VERSION, escaped

_HEAD = f'{{\n "version": {VERSION},\n "workspaces": {{'.encode()
_CONNECTIONS = b'\n "connections": {\n'
_BEGIN, _END = b'\n  "', b"\n  }"


def part_with(data: bytes, name: str) -> bytes:
    """Return a snapshot that has only the connections with a name, and those that once had it.

    The whole if none has it as its name.
    """
    start = data.find(_CONNECTIONS)
    if not data.startswith(_HEAD) or start < 0 or not data.endswith(b"\n }\n}\n"):
        return data
    text = escaped(json.dumps(normal(name), ensure_ascii=False)).encode("utf-8", "surrogatepass")
    entries = dict(_entries_with(data, b'\n   "name": %b,\n' % text, start))
    if not entries:
        return data
    # A tag looks like a former name; a connection too many does no harm.
    for end in (b",\n", b"\n"):
        entries.update(_entries_with(data, b"\n    %b%b" % (text, end), start))
    parts = b",".join(entry for _, entry in sorted(entries.items()))
    return data[: start + len(_CONNECTIONS) - 1] + parts + b"\n }\n}\n"


def _entries_with(data: bytes, line: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield where the entry of each connection with a line begins, and the entry."""
    at = data.find(line, start)
    while at >= 0:
        begin, end = data.rfind(_BEGIN, 0, at), data.find(_END, at)
        yield begin, data[begin : end + len(_END)]
        at = data.find(line, at + 1)
