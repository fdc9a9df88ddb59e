"""One line on a terminal that tells how far a long reading has come."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

# Fewer files are read before anybody could read the line.
FEW = 300

_SECONDS_BETWEEN = 0.1
# Back to the line's begin, and clear it to its end (ECMA-48).
_CLEAR = "\r\x1b[K"

Item = TypeVar("Item")


def watched(files: Sequence[Item], stream: TextIO) -> Iterator[Item]:
    """Yield the files, and where they are many and the stream is a terminal, count them there meanwhile.

    Nothing of it is left at the end, however the reading ends.
    """
    if len(files) <= FEW or not stream.isatty():
        yield from files
        return
    shown = float("-inf")
    try:
        for number, file in enumerate(files):
            if time.monotonic() - shown >= _SECONDS_BETWEEN:
                shown = time.monotonic()
                stream.write(f"{_CLEAR}reading file {number + 1} of {len(files)}")
                stream.flush()
            yield file
    finally:
        stream.write(_CLEAR)
        stream.flush()
