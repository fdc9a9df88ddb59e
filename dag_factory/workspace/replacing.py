"""Replaces the content of files at once, so that an interruption leaves the old or the new."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

# What a new file may be: `mkstemp` makes one that only its owner can read.
_NEW_MODE = 0o644


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step, with the mode that it has; a link is replaced, not followed.

    Raises OSError; then nothing has changed, and no temporary file is left.
    """
    replace_files({path: data})


def replace_files(files: Mapping[Path, bytes]) -> None:
    """Write files as `replace_file` does, the first only when all are ready beside their places.

    Raises OSError with the file's path as its `filename`.
    """
    ready: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            _put_beside(path, data, ready)
        for path, temporary in ready.items():
            temporary.replace(path)
    except BaseException:
        for temporary in ready.values():
            temporary.unlink(missing_ok=True)
        raise


def _put_beside(path: Path, data: bytes, ready: dict[Path, Path]) -> None:
    """Write a temporary file, and note it before anything can fail."""
    try:
        mode = _mode_of(path)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
        ready[path] = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        ready[path].chmod(mode)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _mode_of(path: Path) -> int:
    """Return the mode that a file has, or gets; only a regular file is replaced."""
    if not path.exists():
        return _NEW_MODE
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not path.is_file():
        raise OSError(errno.EINVAL, "Not a regular file")
    return path.stat().st_mode & 0o7777
