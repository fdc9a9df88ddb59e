"""Creates files whole or not at all, and never in place of another."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def create_file(folder: Path, name: str, text: str) -> str | None:
    """Create a file, with the folders above it; return why that is not possible.

    The text is written to a hidden file, which then gets the name: whoever reads the folder meanwhile sees
    all of it or nothing.
    """
    # Not `tempfile`, whose files are for their owner alone.
    hidden = folder / f".{secrets.token_hex(8)}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with hidden.open("xb") as file:
            file.write(text.encode())
        _give_name(hidden, folder / name)
    except FileExistsError:
        return "it exists already" if folder.is_dir() else "its folder is a file"
    except OSError as error:
        return error.strerror or type(error).__name__
    finally:
        _forget(hidden)
    return None


def _give_name(hidden: Path, path: Path) -> None:
    """Give a file its name; raises FileExistsError if that is taken."""
    try:
        path.hardlink_to(hidden)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        hidden.rename(path)


def _forget(hidden: Path) -> None:
    try:
        hidden.unlink(missing_ok=True)
    except OSError:  # its folder cannot be entered, so it is not there either
        return
