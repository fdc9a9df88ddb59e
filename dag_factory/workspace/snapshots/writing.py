"""Writes the files of a snapshot: whole or not at all, and only if they change."""

from __future__ import annotations

from pathlib import Path

from dag_factory.workspace.replacing import replace_file


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file in one step, unless it has this text already; return whether it was written.

    Raises OSError.
    """
    data = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)
    return True
