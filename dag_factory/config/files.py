"""The configuration files of a folder, and the defaults that apply to each."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path

from dag_factory.config.boundary import attempt
from dag_factory.config.diagnostics import Diagnostic, Span

ENDINGS = (".yaml", ".yml")
DEFAULTS_STEM = "defaults"
# A folder of this name is the top of a DAG repository's configuration; the search for defaults ends there.
TOP_NAME = "configs"
_LEADS_OUT = "is a link that leads out of the folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFile:
    """A file and its displayed name: the folder's name and the path below it.

    `os_path` is text, since a task start lists ten thousand files and opens one: `Path` objects cost time.
    """

    os_path: str
    name: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(self.os_path)

    @property
    def stem(self) -> str:
        """The file's name without its extension: the id of a DAG that has no `dag_id`."""
        return _stem(self.name.rpartition("/")[2])

    @property
    def folder(self) -> str:
        """The displayed name of the file's folder."""
        return self.name.rpartition("/")[0] or "."

    @property
    def is_defaults(self) -> bool:
        """Whether the file holds defaults, not a DAG."""
        return self.stem == DEFAULTS_STEM


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The files below a folder in a fixed order, and what could not be read."""

    name: str
    files: tuple[ConfigFile, ...]
    diagnostics: tuple[Diagnostic, ...]


def list_files(root: Path, name: str, *, stem: str | None = None) -> Listing:
    """List the configuration files below a folder; hidden files and folders are skipped.

    With a stem only those that have it, and the defaults.

    Links to folders are not followed, and links to files only while they stay inside the folder: a link in
    a pull request must not make anything else readable.
    """
    files: list[ConfigFile] = []
    diagnostics: list[Diagnostic] = []
    inside = os.path.realpath(root)
    folders = [(str(root), name)]
    while folders:
        os_path, readable = folders.pop()
        for entry in _entries(os_path, readable, diagnostics):
            entry_name = entry.name if readable == "." else f"{readable}/{entry.name}"
            is_file = entry.name.endswith(ENDINGS)
            if is_file and stem is not None and _stem(entry.name) not in (stem, DEFAULTS_STEM):
                continue
            found = attempt(entry_name, partial(_kind_of, entry, entry_name, inside, is_file=is_file))
            if isinstance(found, Diagnostic):
                diagnostics.append(found)
            elif found is _Kind.FOLDER:
                folders.append((entry.path, entry_name))
            elif found is _Kind.FILE:
                files.append(ConfigFile(os_path=entry.path, name=entry_name))
    in_order = tuple(sorted(files, key=attrgetter("name")))
    return Listing(name=name, files=in_order, diagnostics=tuple(diagnostics))


def list_below_top(folder: Path, *, stem: str | None = None) -> Listing:
    """List a folder's files under the names they have below the top folder, and the defaults in between.

    The result is that of `list_files` where the folder is the top itself.
    """
    own = Path(os.path.abspath(folder))  # noqa: PTH100 (a link has to stay the link, to be seen)
    top = top_folder(own)
    listing = list_files(own, own.relative_to(top.parent).as_posix(), stem=stem)
    diagnostics = list(listing.diagnostics)
    above = tuple(_defaults_between(top, own, diagnostics))
    return Listing(name=listing.name, files=(*above, *listing.files), diagnostics=tuple(diagnostics))


def top_folder(folder: Path) -> Path:
    """Return the nearest folder named `configs`, from the absolute path of a folder upwards; else itself."""
    return next((each for each in (folder, *folder.parents) if each.name == TOP_NAME), folder)


def defaults_above(file: ConfigFile, defaults: dict[str, ConfigFile]) -> tuple[ConfigFile, ...]:
    """Return the defaults files that apply to a file, the top folder's first; `defaults` is by folder."""
    parts = file.name.split("/")[:-1]
    folders = [".", *("/".join(parts[:end]) for end in range(1, len(parts) + 1))]
    return tuple(defaults[folder] for folder in folders if folder in defaults)


def _defaults_between(top: Path, folder: Path, diagnostics: list[Diagnostic]) -> Iterator[ConfigFile]:
    for between in reversed([each for each in folder.parents if each.is_relative_to(top)]):
        for ending in ENDINGS:
            os_path = f"{between}/{DEFAULTS_STEM}{ending}"
            name = Path(os_path).relative_to(top.parent).as_posix()
            if not os.path.lexists(os_path):
                continue
            refused = _refused_target(os_path, name, os.path.realpath(top))
            if refused is None:
                yield ConfigFile(os_path=os_path, name=name)
            else:
                diagnostics.append(refused)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _entries(os_path: str, readable: str, diagnostics: list[Diagnostic]) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(os_path) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        diagnostics.append(_unreadable(readable, f"cannot be read: {_reason(error)}"))


class _Kind(enum.Enum):
    """How to treat an entry of a folder."""

    FOLDER = enum.auto()
    FILE = enum.auto()
    NEITHER = enum.auto()


def _kind_of(entry: os.DirEntry[str], name: str, inside: str, *, is_file: bool) -> _Kind | Diagnostic:
    """Decide what to do with an entry of a folder; `is_file`: it is named like a configuration."""
    try:
        if entry.is_symlink():
            refused = _refused_link(entry, name, inside)
            if refused is not None:
                return refused
        elif not is_file and entry.is_dir(follow_symlinks=False):
            return _Kind.FOLDER
        if not is_file and entry.name.lower().endswith(ENDINGS) and entry.is_file():
            message = "is not read: its extension is written in capitals"
            return _unreadable(name, message, f"call it '{_in_lower_case(entry.name)}'")
    except OSError as error:  # a file system that has to be asked what it has listed, and does not answer
        return _unreadable(name, f"cannot be read: {_reason(error)}")
    # A folder named like a file stays in the list: reading it reports the error.
    return _Kind.FILE if is_file else _Kind.NEITHER


def _refused_link(entry: os.DirEntry[str], name: str, inside: str) -> Diagnostic | None:
    """Report a link that is not followed; one with another name only if it leads to a folder."""
    if os.path.isdir(entry.path):  # noqa: PTH112 (unlike Path.is_dir, it returns False for a broken link)
        return _unreadable(name, "is a link to a folder; links are not followed")
    return _refused_target(entry.path, name, inside) if entry.name.endswith(ENDINGS) else None


def _refused_target(os_path: str, name: str, inside: str) -> Diagnostic | None:
    try:
        # os.stat fails on a long chain of links; realpath would recurse once per link.
        os.stat(os_path)  # noqa: PTH116 (of ten thousand files)
    except OSError as error:
        # The target is not inspected further: it may be private.
        return _unreadable(name, f"is a link that leads nowhere: {_reason(error)}", _RELINK)
    leads = os.path.realpath(os_path)
    return None if is_below(leads, inside) else _unreadable(name, _LEADS_OUT, _COPY)


def is_below(path: str, folder: str) -> bool:
    """Whether a real path is a folder or inside it."""
    return Path(path).is_relative_to(folder)


def _in_lower_case(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    is_defaults = stem.lower() == DEFAULTS_STEM
    return f"{DEFAULTS_STEM if is_defaults else stem}.{ending.lower()}"


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


_RELINK = "delete the link, or let it lead to a file of this folder"
_COPY = "put a copy of the file here"


def _unreadable(name: str, message: str, help: str | None = None) -> Diagnostic:
    return Diagnostic(file=name, span=Span(), code="unreadable-file", message=message, help=help)
