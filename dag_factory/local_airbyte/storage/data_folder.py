"""Paths in the data folder: names become paths here, and files are opened here.

Whatever connections and streams are called, and whatever symbolic links the folder contains, nothing outside
the folder is written or deleted.
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
LONGEST_FILE_NAME = 200  # bytes for the stream in a file name; file systems allow 255
FLAGS = {
    "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "r+b": os.O_RDWR,
    "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
}


class UnsafePathError(Exception):
    """A path leads out of the data folder; the message says which."""


def folder_in(data_folder: Path, name: str) -> Path:
    """Return the folder with this name and create it if needed; raise UnsafePathError if it is elsewhere."""
    if not SAFE_NAME.fullmatch(name):
        message = f"{name!r} cannot be the name of a folder"
        raise UnsafePathError(message)
    folder = data_folder / name
    check_not_linked(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stream_path(folder: Path, stream: str) -> Path:
    """Return the path of a stream's file. Special characters are quoted: no two streams share a file."""
    name = quote(stream, safe="", errors="surrogatepass").replace("~", "%7E")
    if len(name) > LONGEST_FILE_NAME:  # `~` marks a shortened name; no other name contains it
        name = f"{name[:100]}~{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"
    return folder / f"{name}.jsonl"


def open_file(path: Path, mode: str) -> IO[bytes]:
    """Open a file in the data folder; raise UnsafePathError if it is a symbolic link, and OSError."""
    try:
        descriptor = os.open(path, FLAGS[mode] | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnsafePathError(_link_message(path)) from error
        raise
    return os.fdopen(descriptor, mode)


def check_not_linked(path: Path) -> None:
    """Raise UnsafePathError if the path is a symbolic link."""
    if path.is_symlink():
        raise UnsafePathError(_link_message(path))


def _link_message(path: Path) -> str:
    return f"{path} is a symbolic link"
