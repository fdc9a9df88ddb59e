"""Replaces a file's content at once, so that an interruption leaves the old or the new."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# What a new file may be: `mkstemp` makes one that only its owner can read.
_NEW_MODE = 0o644


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step, with the mode that it has; a link is replaced, not followed.

    Raises OSError; then nothing has changed, and no temporary file is left.
    """
    mode = path.stat().st_mode & 0o7777 if path.is_file() else _NEW_MODE
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
