"""Files that a wheel has in the package and a checkout beside it: schemas, docs, the files of `dags/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def packaged_text(packaged: str, beside: str) -> str:
    """Read a file by its path in the package of a wheel, or by its path in a checkout."""
    # Not importlib.resources: its import takes an eighth of the time in which one file is checked.
    file = _PACKAGE / packaged
    return (file if file.is_file() else _PACKAGE.parent / beside).read_text("utf-8")
