"""Writes the files of a snapshot: whole or not at all, and only if they change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file in one step, unless it has this text already; return whether it was written.

    Raises OSError.
    """
    data = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)  # noqa: PTH101 (mkstemp lets only the owner read)
        os.replace(temporary, path)  # noqa: PTH105 (as above)
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 (as above)
        raise
    return True
