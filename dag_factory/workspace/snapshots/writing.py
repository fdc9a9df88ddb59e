"""Writes the files of a snapshot: all whole or none at all, and only if they change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dag_factory.workspace.replacing import replace_files


def write_if_changed(texts: Mapping[Path, str]) -> frozenset[Path]:
    """Write files together, but none that has its text already; return those that were written.

    Raises OSError.
    """
    new = {path: text.encode("utf-8") for path, text in texts.items()}
    changed = {path: data for path, data in new.items() if not path.is_file() or path.read_bytes() != data}
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_files(changed)
    return frozenset(changed)
