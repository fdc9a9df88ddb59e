"""The bytes of one file, as many as a configuration may have; whatever stands at its path."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_BYTES = 256 * 1024


def read_bytes(path: Path) -> bytes | None:
    """Read a file, at most one byte more than it may have; None if it is no regular file.

    Neither waits for a pipe nor wakes a device, also where one takes the file's place meanwhile. Raises
    OSError, or ValueError for what can be no path.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (Path's is slower, and there are thousands)
        return None
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read(MAX_BYTES + 1)
