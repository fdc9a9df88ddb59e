"""The one place where a name becomes a path below the data folder, and where files there are opened.

Nothing outside that folder may be written or deleted, whatever connections and streams are called and
whatever symbolic links somebody has put into the folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path
from typing import IO
from urllib.parse import quote

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
LONGEST_FILE_NAME = 200  # bytes of a stream's name in its file's name; file systems take 255
FLAGS = {
    "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "r+b": os.O_RDWR,
    "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
}


class UnsafePathError(Exception):
    """A path would lead out of the data folder; the message says which."""


def folder_in(data_folder: Path, name: str) -> Path:
    """Return the folder of this name, creating it if needed; raise UnsafePathError if it leads elsewhere."""
    if not SAFE_NAME.fullmatch(name):
        msg = f"{name!r} cannot be the name of a folder"
        raise UnsafePathError(msg)
    folder = data_folder / name
    check_not_linked(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stream_path(folder: Path, stream: str) -> Path:
    """Return the file of a stream. Special characters are quoted, so that no two streams share a file."""
    name = quote(stream, safe="", errors="surrogatepass").replace("~", "%7E")
    if len(name) > LONGEST_FILE_NAME:  # `~` marks a name that was cut: no other has one
        name = f"{name[:100]}~{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"
    return folder / f"{name}.jsonl"


def open_file(path: Path, mode: str) -> IO[bytes]:
    """Open a file of the data folder, never through a symbolic link; raises UnsafePathError or OSError."""
    try:
        descriptor = os.open(path, FLAGS[mode] | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsafePathError(_is_a_link(path)) from error
        raise
    return os.fdopen(descriptor, mode)


def check_not_linked(path: Path) -> None:
    """Raise UnsafePathError if the path is a symbolic link."""
    if path.is_symlink():
        raise UnsafePathError(_is_a_link(path))


def _is_a_link(path: Path) -> str:
    return f"{path} is a symbolic link"
