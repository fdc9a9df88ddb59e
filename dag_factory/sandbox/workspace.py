"""Work folders: only one command at a time may write to one, and may empty it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# A folder without this file is not ours, whatever its name: nothing in it is ever deleted.
MARKER = ".made-by-dag-factory"
# Keeps the databases, logs and rows out of the repository in which somebody works.
GITIGNORE = ".gitignore"


class WorkspaceError(Exception):
    """The folder cannot be used; the message says why."""


@contextmanager
def workspace(folder: Path, *, is_fresh: bool) -> Iterator[Path]:
    """Lock a folder, emptied if `is_fresh`, and yield its absolute path; raise WorkspaceError."""
    own = folder.absolute()
    with _marked(own, folder) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = (
                f"another dag-factory is running in '{folder}'; stop it, or choose another folder with --work"
            )
            raise WorkspaceError(message) from None
        if is_fresh:
            _empty(own)
        yield own


def _marked(own: Path, folder: Path) -> IO[str]:
    """Create the folder if needed, and open the file that marks it as ours."""
    try:
        if own.exists() and not (own / MARKER).exists() and any(own.iterdir()):
            message = (
                f"'{folder}' contains files not created by dag-factory; choose another folder with --work"
            )
            raise WorkspaceError(message)
        own.mkdir(parents=True, exist_ok=True)
        (own / GITIGNORE).write_text("*\n")
        return (own / MARKER).open("w")
    except OSError as error:
        message = f"cannot create or write to '{folder}': {error.strerror}; choose another folder with --work"
        raise WorkspaceError(message) from error


def _empty(folder: Path) -> None:
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item.name not in (MARKER, GITIGNORE):
            item.unlink()
