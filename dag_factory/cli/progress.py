"""A progress line on a terminal while many files or DAGs are read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

# Fewer files are read faster than anybody reads the line.
FEW = 300

_SECONDS_BETWEEN = 0.1
# Go back to the start of the line and clear it (ECMA-48).
_CLEAR = "\r\x1b[K"

Item = TypeVar("Item")


def watched(files: Sequence[Item], stream: TextIO, what: str = "file", *, few: int = FEW) -> Iterator[Item]:
    """Yield the files, or what else is read; if they are many and the stream is a terminal, count them there.

    The line is removed at the end, also after an exception.
    """
    if len(files) <= few or not stream.isatty():
        yield from files
        return
    shown = float("-inf")
    try:
        for number, file in enumerate(files):
            if time.monotonic() - shown >= _SECONDS_BETWEEN:
                shown = time.monotonic()
                stream.write(f"{_CLEAR}reading {what} {number + 1} of {len(files)}")
                stream.flush()
            yield file
    finally:
        stream.write(_CLEAR)
        stream.flush()
