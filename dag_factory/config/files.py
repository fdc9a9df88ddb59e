"""The configuration files of a folder: which there are, and which defaults apply to which."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dag_factory.config.diagnostics import Diagnostic, Span

ENDINGS = (".yaml", ".yml")
DEFAULTS_STEM = "defaults"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFile:
    """A file, and its name as people should read it: the folder's name and the path below it."""

    path: Path
    name: str

    @property
    def stem(self) -> str:
        """The file's name without its ending: the id of a DAG that has no `dag_id`."""
        return self.path.stem

    @property
    def folder(self) -> str:
        """The readable name of the folder that the file lies in."""
        return self.name.rpartition("/")[0] or "."

    @property
    def is_defaults(self) -> bool:
        """Whether the file holds defaults, not a DAG."""
        return self.stem == DEFAULTS_STEM


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The files below a folder in a fixed order, and what could not be looked into."""

    name: str
    files: tuple[ConfigFile, ...]
    diagnostics: tuple[Diagnostic, ...]


def list_files(root: Path, name: str) -> Listing:
    """List the configuration files below a folder; hidden files and folders are left out.

    Links to folders are not followed, and links to files only while they stay inside the folder: a link in
    a pull request must not make anything else readable.
    """
    files: list[ConfigFile] = []
    diagnostics: list[Diagnostic] = []
    for folder, is_link, names in _walk(root, diagnostics, name):
        readable = _readable_name(root, name, folder)
        if is_link:
            diagnostics.append(_unreadable(readable, "is a link to a folder; links are not followed"))
        for file_name in names:
            file = ConfigFile(path=folder / file_name, name=str(PurePosixPath(readable, file_name)))
            outside = file.path.is_symlink() and not _is_inside(root, file.path)
            if outside:
                diagnostics.append(_unreadable(file.name, "is a link that leads out of the folder"))
            else:
                files.append(file)
    in_order = tuple(sorted(files, key=lambda file: file.name))
    return Listing(name=name, files=in_order, diagnostics=tuple(diagnostics))


def defaults_above(file: ConfigFile, defaults: dict[str, ConfigFile]) -> tuple[ConfigFile, ...]:
    """Give the defaults files that apply to a file, the top folder's first; `defaults` is by folder."""
    parts = file.name.split("/")[:-1]
    folders = [".", *("/".join(parts[:end]) for end in range(1, len(parts) + 1))]
    return tuple(defaults[folder] for folder in folders if folder in defaults)


def _walk(root: Path, diagnostics: list[Diagnostic], name: str) -> Iterator[tuple[Path, bool, list[str]]]:
    def report(error: OSError) -> None:
        readable = _readable_name(root, name, Path(str(error.filename)))
        diagnostics.append(_unreadable(readable, f"cannot be read: {error.strerror}"))

    for top, folders, names in os.walk(root, onerror=report):
        folder = Path(top)
        visible = sorted(each for each in folders if not each.startswith("."))
        for each in visible:
            if (folder / each).is_symlink():
                yield folder / each, True, []
        # A folder with a file's name is kept in the list, to be reported when it is read.
        folders[:] = [each for each in visible if not each.endswith(ENDINGS)]
        wanted = [each for each in (*names, *visible) if each.endswith(ENDINGS) and not each.startswith(".")]
        yield folder, False, wanted


def _readable_name(root: Path, name: str, path: Path) -> str:
    below = path.relative_to(root) if path.is_relative_to(root) else path
    return str(PurePosixPath(name, *below.parts))


def _is_inside(root: Path, path: Path) -> bool:
    # Not Path.resolve: a link to itself makes it raise.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _unreadable(name: str, message: str) -> Diagnostic:
    return Diagnostic(file=name, span=Span(), code="unreadable-file", message=message)
