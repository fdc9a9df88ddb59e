"""What git has of a snapshot: its committed version, and the last schedules in its history.

A schedule that Airbyte's public API cannot put back must not be lost, so git has to have it first.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.config.snapshot.snapshots import ENDING, Snapshots

_PULL = "run 'dag-factory pull' and commit the file"


class NotCommittedError(Exception):
    """The committed snapshot cannot be used; the message says what to do."""


def snapshot_files(snapshots: Snapshots, environment: str | None, airbyte_conn_id: str) -> list[Path]:
    """Return the paths of the snapshots of an Airbyte, that of the environment first; they need not exist."""
    names = (environment, None) if environment is not None else (None,)
    return [snapshots.folder / (name or "") / f"{airbyte_conn_id}{ENDING}" for name in names]


def committed_snapshot(snapshots: Snapshots, environment: str | None, airbyte_conn_id: str) -> Snapshot:
    """Return the snapshot that applies, as it is committed.

    Raises:
        NotCommittedError: There is none, git does not have it, or the file has been changed since.
    """
    name = snapshots.name_of(environment, airbyte_conn_id)
    files = snapshot_files(snapshots, environment, airbyte_conn_id)
    path = next((each for each in files if each.is_file()), None)
    if path is None:
        message = f"there is no snapshot '{name}'; {_PULL}"
        raise NotCommittedError(message)
    shown = path.relative_to(snapshots.folder.parent).as_posix()
    if _git(path.parent, "ls-files", "--error-unmatch", "--", path.name) is None:
        message = f"git does not have the snapshot '{shown}'; commit it"
        raise NotCommittedError(message)
    if _git(path.parent, "diff", "--quiet", "HEAD", "--", path.name) is None:
        message = f"the snapshot '{shown}' has changes that are not committed; commit them"
        raise NotCommittedError(message)
    return _parsed(_git(path.parent, "show", f"HEAD:./{path.name}"), shown)


def last_schedules(files: Collection[Path], wanted: Collection[str]) -> dict[str, Mapping[str, str]]:
    """Return the newest schedule of each connection that is not manual, from the history of snapshots."""
    found: dict[str, Mapping[str, str]] = {}
    for snapshot in _versions(files):
        for connection_id in wanted:
            connection = snapshot.connections.get(connection_id)
            if connection is not None and connection.is_scheduled:
                found.setdefault(connection_id, connection.schedule)
        if len(found) == len(wanted):
            break
    return found


def _versions(files: Collection[Path]) -> Iterator[Snapshot]:
    """Yield the committed versions of files that can be read, those of each file from the newest on."""
    for path in files:
        folder = next(each for each in path.parents if each.is_dir())
        name = path.relative_to(folder).as_posix()
        log = _git(folder, "log", "--format=%H", "--", name) or b""
        for commit in log.decode().split():
            data = _git(folder, "show", f"{commit}:./{name}")
            version = None if data is None else parse_snapshot(data, name)
            if isinstance(version, Snapshot):
                yield version


def _parsed(data: bytes | None, name: str) -> Snapshot:
    if data is None:
        message = f"git cannot read the committed snapshot '{name}'"
        raise NotCommittedError(message)
    snapshot = parse_snapshot(data, name)
    if isinstance(snapshot, Diagnostic):
        message = f"the snapshot '{name}' cannot be used: {snapshot.message}"
        raise NotCommittedError(message)
    return snapshot


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Run git in a folder; return its output, or None if it has failed."""
    command = ["git", "-C", str(folder), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 (without a shell, and all names follow `--` or `HEAD:`)
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={**os.environ, "GIT_LITERAL_PATHSPECS": "1"},
        )
    except FileNotFoundError as error:
        message = "git is not installed, and the old schedules have to be in it"
        raise NotCommittedError(message) from error
    return done.stdout if done.returncode == 0 else None
