"""The bytes of a file, up to the size limit, whatever kind of file it is."""

from __future__ import annotations

import os
import stat
from io import FileIO
from pathlib import Path

MAX_BYTES = 256 * 1024

# One buffer for MAX_BYTES takes three times as long as a usual file's bytes: the system clears its pages.
_PART_BYTES = 16 * 1024


def read_bytes(path: Path) -> bytes | None:
    """Read a file, at most one byte more than the limit; return None if it is not a regular file.

    Does not block on a pipe or a device, even if one replaces the file meanwhile. Raises OSError, or
    ValueError for an impossible path.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (Path's is slower, and there are thousands)
        return None
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        return _read(file) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _read(file: FileIO) -> bytes:
    content = b""
    while len(content) <= MAX_BYTES and (part := file.read(_PART_BYTES)):
        content += part
    return content[: MAX_BYTES + 1]
