"""The snapshots beside a folder of configuration files; each is read when it is first asked for."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.files import top_folder
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.one_connection import part_with
from dag_factory.config.snapshot.parsing import CODE, MAX_BYTES, parse_snapshot

FOLDER = "airbyte"
# The schema's default of `airbyte_conn_id`.
DEFAULT_CONN_ID = "airbyte_default"
ENDING = ".json"
STREAMS_ENDING = ".streams.json"

# An environment, or None, and an airbyte_conn_id.
Key: TypeAlias = tuple[str | None, str]
Found: TypeAlias = "Snapshot | Diagnostic | None"


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshots:
    """The snapshots of a repository: one for each airbyte_conn_id, and for environments that have their own.

    Args:
        folder: The folder of the snapshots, which need not exist.
        name: How diagnostics name it.
        is_for_one_dag: Whether few names are asked for: large files are searched for them instead of parsed.
    """

    folder: Path
    name: str
    is_for_one_dag: bool = False

    def of(self, environment: str | None, airbyte_conn_id: str) -> Found:
        """Return the snapshot that applies, None if there is none, or what is wrong with it."""
        key = self._key(environment, airbyte_conn_id)
        return None if key is None else self._parsed(key)

    def for_name(self, environment: str | None, airbyte_conn_id: str, name: str) -> Found:
        """Return what `of` returns, or of a snapshot only the part with the connections of this name."""
        key = self._key(environment, airbyte_conn_id)
        if key is None or not self.is_for_one_dag:
            return None if key is None else self._parsed(key)
        data = self._data(key)
        return (
            data
            if isinstance(data, Diagnostic)
            else parse_snapshot(part_with(data, name), self.name_of(*key))
        )

    def name_of(self, environment: str | None, airbyte_conn_id: str) -> str:
        """Return how diagnostics name the snapshot that applies, or that would be the first to be written."""
        of_all = self._key(environment, airbyte_conn_id) in ((None, airbyte_conn_id), None)
        parts = (self.name, None if of_all else environment, f"{airbyte_conn_id}{ENDING}")
        return "/".join(part for part in parts if part)

    def pull_command(self, environment: str | None, airbyte_conn_id: str) -> str:
        """Return the command that writes the snapshot that applies."""
        key = self._key(environment, airbyte_conn_id)
        own = [f" --env {key[0]}"] if key is not None and key[0] is not None else []
        if airbyte_conn_id != DEFAULT_CONN_ID:
            own.append(f" --airbyte-conn-id {airbyte_conn_id}")
        return f"dag-factory pull{''.join(own)}"

    @property
    def environments(self) -> frozenset[str]:
        """The environments that have snapshots of their own."""
        return frozenset(environment for environment, _ in self._files if environment is not None)

    @property
    def has_one_for_all(self) -> bool:
        """Whether a snapshot is not that of an environment alone."""
        return any(environment is None for environment, _ in self._files)

    def is_only_in_environments(self, airbyte_conn_id: str) -> bool:
        """Whether only environments have snapshots of an Airbyte."""
        of_this = [environment for environment, conn_id in self._files if conn_id == airbyte_conn_id]
        return bool(of_this) and None not in of_this

    @property
    def keys(self) -> tuple[Key, ...]:
        """The environment and the airbyte_conn_id of each file, the ones without an environment first."""
        return tuple(sorted(self._files, key=lambda key: (key[0] or "", key[1])))

    @functools.cached_property
    def _files(self) -> Mapping[Key, str]:
        return dict(_files_in(self.folder))

    def _key(self, environment: str | None, airbyte_conn_id: str) -> Key | None:
        keys = ((environment, airbyte_conn_id), (None, airbyte_conn_id))
        return next((key for key in keys if key in self._files), None)

    def _parsed(self, key: Key) -> Snapshot | Diagnostic:
        if key not in self._known:
            data = self._data(key)
            self._known[key] = (
                data if isinstance(data, Diagnostic) else parse_snapshot(data, self.name_of(*key))
            )
        return self._known[key]

    def _data(self, key: Key) -> bytes | Diagnostic:
        if key not in self._read:
            self._read[key] = bytes_of(self._files[key], self.name_of(*key))
        return self._read[key]

    @functools.cached_property
    def _known(self) -> dict[Key, Snapshot | Diagnostic]:
        return {}

    @functools.cached_property
    def _read(self) -> dict[Key, bytes | Diagnostic]:
        return {}


def snapshots_beside(configs: Path, name: str = "configs", *, is_for_one_dag: bool = False) -> Snapshots:
    """Return the snapshots beside the top folder of configuration files.

    Args:
        configs: The folder of configuration files, or one below it.
        name: How diagnostics name it.
        is_for_one_dag: As in `Snapshots`.
    """
    own = Path(os.path.abspath(configs))  # noqa: PTH100 (as the files are listed)
    top = top_folder(own)
    below = own.relative_to(top).parts
    above = Path(name).parts[: -len(below) - 1]
    folder, shown = top.parent / FOLDER, Path(*above, FOLDER).as_posix()
    return Snapshots(folder=folder, name=shown, is_for_one_dag=is_for_one_dag)


def bytes_of(path: str, name: str) -> bytes | Diagnostic:
    """Read a snapshot, up to one byte more than its limit; return what is wrong if that cannot be done."""
    try:
        # A pipe would be waited for, and a device may have no end.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 (a task's start does without Path)
            message, hint = "the snapshot is not a regular file", "delete it or give it another name"
            return Diagnostic(file=name, span=Span(), code=CODE, message=message, help=hint)
        with open(path, "rb") as file:  # noqa: PTH123 (as above)
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"the snapshot cannot be read: {error.strerror}"
        hint = "allow reading it" if isinstance(error, PermissionError) else "delete the link, or correct it"
        return Diagnostic(file=name, span=Span(), code=CODE, message=message, help=hint)


def _files_in(folder: Path) -> Iterator[tuple[Key, str]]:
    for entry in _entries(folder):
        if is_snapshot_name(entry.name):
            yield (None, entry.name.removesuffix(ENDING)), entry.path
        elif _is_folder(entry):
            for inner in _entries(Path(entry.path)):
                if is_snapshot_name(inner.name):
                    yield (entry.name, inner.name.removesuffix(ENDING)), inner.path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:  # none, or not to be read: a name that is looked up then says that there is none
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # such as links in a ring
        return False


def is_snapshot_name(name: str) -> bool:
    """Whether a name is that of a snapshot; if it is no file, reading it says so."""
    return name.endswith(ENDING) and not name.endswith(STREAMS_ENDING)
