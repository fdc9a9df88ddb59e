"""What git has: the committed version of a snapshot, the last schedules in its history, the files of DAGs.

A schedule that Airbyte's public API cannot put back must not be lost, so git has to have it first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.config.snapshot.snapshots import ENDING, Snapshots
from dag_factory.git import GitMissingError, git

_PULL = "run 'dag-factory pull' and commit the file"
_COMMIT = "commit it: it is the only record of the old schedules"


class NotCommittedError(Exception):
    """The committed snapshot cannot be used; the message says what to do."""


def snapshot_files(snapshots: Snapshots, environment: str | None, airbyte_conn_id: str) -> list[Path]:
    """Return the paths of the snapshots of an Airbyte, that of the environment first; they need not exist."""
    names = (environment, None) if environment is not None else (None,)
    return [snapshots.folder / (name or "") / f"{airbyte_conn_id}{ENDING}" for name in names]


def snapshot_file(snapshots: Snapshots, environment: str | None, airbyte_conn_id: str) -> Path | None:
    """Return the path of the snapshot that applies, None if there is none."""
    files = snapshot_files(snapshots, environment, airbyte_conn_id)
    return next((each for each in files if each.is_file()), None)


def committed_snapshot(snapshots: Snapshots, environment: str | None, airbyte_conn_id: str) -> Snapshot:
    """Return the snapshot that applies as it was last committed, whatever has been changed since.

    Raises:
        NotCommittedError: There is none, or git does not have it.
    """
    path = snapshot_file(snapshots, environment, airbyte_conn_id)
    if path is None:
        message = f"there is no snapshot '{snapshots.name_of(environment, airbyte_conn_id)}'; {_PULL}"
        raise NotCommittedError(message)
    shown = path.relative_to(snapshots.folder.parent).as_posix()
    data = _committed(path)
    if data is None:
        message = f"git does not have the snapshot '{shown}'; {_COMMIT}"
        raise NotCommittedError(message)
    return _parsed(data, shown)


def why_not_committed(path: Path, name: str) -> str | None:
    """Say why git does not have the file of a DAG, so that Airflow can hardly have it; None if git does."""
    try:
        is_there = _committed(path) is not None
    except NotCommittedError as error:
        return str(error)
    return None if is_there else f"git does not have '{name}'; commit and deploy it first"


def last_schedules(files: Collection[Path], wanted: Collection[str]) -> dict[str, Mapping[str, str]]:
    """Return the newest schedule of each connection that is not manual, from the history of snapshots.

    It is empty for a connection that has always been manual; one that no snapshot has is left out.
    """
    found: dict[str, Mapping[str, str]] = {}
    for snapshot in _versions(files):
        for connection_id in wanted:
            connection = snapshot.connections.get(connection_id)
            if connection is not None and not found.get(connection_id):
                found[connection_id] = connection.schedule if connection.is_scheduled else {}
        if len(found) == len(wanted) and all(found.values()):
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


def _committed(path: Path) -> bytes | None:
    """Return the committed version of a file; None if there is none.

    Raises NotCommittedError where there is no git, or no repository.
    """
    if _git(path.parent, "rev-parse", "--git-dir") is None:
        message = f"the folder is not in a git repository; run 'git init', and {_COMMIT}"
        raise NotCommittedError(message)
    return _git(path.parent, "show", f"HEAD:./{path.name}")


def _parsed(data: bytes, name: str) -> Snapshot:
    snapshot = parse_snapshot(data, name)
    if isinstance(snapshot, Diagnostic):
        message = f"the snapshot '{name}' cannot be used: {snapshot.message}"
        raise NotCommittedError(message)
    return snapshot


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Run git in a folder; return its output, or None if it has failed."""
    try:
        return git(folder, *arguments)
    except GitMissingError as error:
        message = f"{error}, and the old schedules have to be in it"
        raise NotCommittedError(message) from error
