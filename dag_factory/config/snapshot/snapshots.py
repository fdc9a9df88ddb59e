"""The snapshots beside a folder of configuration files; each is read when it is first asked for."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dag_factory.config.boundary import attempt
from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.files import top_folder
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.one_connection import part_with
from dag_factory.config.snapshot.parsing import CODE, MAX_BYTES, parse_snapshot

FOLDER = "airbyte"
ENDING = ".json"
STREAMS_ENDING = ".streams.json"

Key = tuple[str | None, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshots:
    """The snapshots of a repository: one for each airbyte_conn_id, and for environments that have their own.

    Args:
        folder: The folder of the snapshots, which need not exist.
        name: How diagnostics name it.
        only: A name of a connection: snapshots are searched for it instead of read.
    """

    folder: Path
    name: str
    only: str | None = None

    def of(self, environment: str | None, airbyte_conn_id: str) -> Snapshot | Diagnostic | None:
        """Return the snapshot that applies, None if there is none, or what is wrong with it."""
        for key in ((environment, airbyte_conn_id), (None, airbyte_conn_id)):
            if key in self._files:
                return self._read(key)
        return None

    def name_of(self, environment: str | None, airbyte_conn_id: str) -> str:
        """Return how diagnostics name the snapshot of an Airbyte in an environment."""
        parts = (self.name, environment, f"{airbyte_conn_id}{ENDING}")
        return "/".join(part for part in parts if part)

    def for_name(self, name: str) -> Snapshots:
        """Return the same snapshots, to be searched for one name."""
        return replace(self, only=name)

    @property
    def environments(self) -> frozenset[str]:
        """The environments that have snapshots of their own."""
        return frozenset(environment for environment, _ in self._files if environment is not None)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The environment and the airbyte_conn_id of each file, the ones without an environment first."""
        return tuple(sorted(self._files, key=lambda key: (key[0] or "", key[1])))

    @functools.cached_property
    def _files(self) -> Mapping[Key, str]:
        return dict(_files_in(self.folder))

    @functools.cached_property
    def _known(self) -> dict[Key, Snapshot | Diagnostic]:
        return {}

    def _read(self, key: Key) -> Snapshot | Diagnostic:
        if key not in self._known:
            name = self.name_of(*key)
            self._known[key] = attempt(name, lambda: self._parsed(Path(self._files[key]), name))
        return self._known[key]

    def _parsed(self, path: Path, name: str) -> Snapshot | Diagnostic:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            message = f"the snapshot cannot be read: {error.strerror}"
            return Diagnostic(file=name, span=Span(), code=CODE, message=message, help="allow reading it")
        return parse_snapshot(data if self.only is None else part_with(data, self.only), name)


def snapshots_beside(configs: Path, name: str = "configs") -> Snapshots:
    """Return the snapshots beside the top folder of configuration files.

    Args:
        configs: The folder of configuration files, or one below it.
        name: How diagnostics name it.
    """
    own = Path(os.path.abspath(configs))  # noqa: PTH100 (as the files are listed)
    top = top_folder(own)
    below = own.relative_to(top).parts
    above = Path(name).parts[: -len(below) - 1]
    return Snapshots(folder=top.parent / FOLDER, name=Path(*above, FOLDER).as_posix())


def _files_in(folder: Path) -> Iterator[tuple[Key, str]]:
    for entry in _entries(folder):
        if entry.is_dir():
            for inner in _entries(Path(entry.path)):
                if _is_snapshot(inner):
                    yield (entry.name, inner.name.removesuffix(ENDING)), inner.path
        elif _is_snapshot(entry):
            yield (None, entry.name.removesuffix(ENDING)), entry.path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_snapshot(entry: os.DirEntry[str]) -> bool:
    return entry.is_file() and entry.name.endswith(ENDING) and not entry.name.endswith(STREAMS_ENDING)
