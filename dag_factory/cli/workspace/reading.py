"""Reads connections for a take-over, from Airbyte and the committed snapshots or from snapshots alone.

Afterwards it records their new schedules in the snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.api.urls import page_of
from dag_factory.cli.workspace.airbytes import Airbytes
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.workspace.handover.api_schedules import is_manual, schedule_in
from dag_factory.workspace.handover.committed import NotCommittedError, committed_snapshot, snapshot_file
from dag_factory.workspace.handover.gaps import Job, job_from
from dag_factory.workspace.handover.moves import AirbyteRefusedError, NoAccessError
from dag_factory.workspace.handover.recording import NotRecordedError, record_schedules
from dag_factory.workspace.handover.take_over_plan import PlannedConnection, why_uncommitted


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where connections are read from; each committed snapshot is read once.

    Args:
        snapshots: The snapshots beside the configurations.
        environment: The environment.
        airbytes: The Airbytes.
        only: The airbyte_conn_id that was asked for; None for all.
    """

    snapshots: Snapshots
    environment: str | None
    airbytes: Airbytes
    only: str | None = None
    known: dict[str, Snapshot | str] = field(default_factory=dict)

    def has(self, airbyte_conn_id: str) -> bool:
        """Whether the connections of an Airbyte are asked for."""
        return self.only is None or airbyte_conn_id == self.only

    def committed(self, airbyte_conn_id: str) -> Snapshot | str:
        """Return the committed snapshot of an Airbyte, or why there is none."""
        if airbyte_conn_id not in self.known:
            try:
                found: Snapshot | str = committed_snapshot(self.snapshots, self.environment, airbyte_conn_id)
            except NotCommittedError as error:
                found = str(error)
            self.known[airbyte_conn_id] = found
        return self.known[airbyte_conn_id]

    def in_folder(self, airbyte_conn_id: str, connection_id: str) -> SnapshotConnection | None:
        """Return what the snapshot in the folder, which need not be committed, says of a connection."""
        snapshot = self.snapshots.of(self.environment, airbyte_conn_id)
        return snapshot.connections.get(connection_id) if isinstance(snapshot, Snapshot) else None

    def is_manual_in_folder(self, airbyte_conn_id: str, connection_id: str) -> bool:
        """Whether the snapshot in the folder has a connection as manual."""
        found = self.in_folder(airbyte_conn_id, connection_id)
        return found is not None and not found.is_scheduled

    def page_of(self, airbyte_conn_id: str, connection_id: str) -> str | None:
        """Return the URL of a connection's page in Airbyte."""
        snapshot = self.committed(airbyte_conn_id)
        found = snapshot.connections.get(connection_id) if isinstance(snapshot, Snapshot) else None
        if found is None:
            return None
        connection = Connection(connection_id=connection_id, workspace_id=found.workspace_id)
        return page_of(self.airbytes.host(airbyte_conn_id), connection)


def record(
    source: Source, changes: Sequence[tuple[str, str, Mapping[str, str]]], tell: Callable[[str], None]
) -> None:
    """Write new schedules into the snapshots, as the next pull would; say so where that fails.

    Args:
        source: Where the snapshots are.
        changes: Triples of an airbyte_conn_id, the id of a connection, and its schedule.
        tell: Is given a line about each snapshot that could not be changed.
    """
    for airbyte_conn_id in dict.fromkeys(change[0] for change in changes):
        path = snapshot_file(source.snapshots, source.environment, airbyte_conn_id)
        schedules = {connection_id: new for conn, connection_id, new in changes if conn == airbyte_conn_id}
        try:
            if path is not None:
                record_schedules(path, schedules)
        except NotRecordedError as error:
            pull = source.snapshots.pull_command(source.environment, airbyte_conn_id)
            tell(f"the snapshot of '{airbyte_conn_id}' was not changed ({error}): run '{pull}'")


def from_airbyte(source: Source, airbyte_conn_id: str, connection_id: str) -> PlannedConnection:
    """Ask Airbyte for a connection and its jobs, and compare it with the committed snapshot.

    Raises:
        NoAccessError, AirbyteUnansweredError: It would be the same for the next connection.
    """
    airbyte = source.airbytes.of(airbyte_conn_id)
    committed = _committed(source, airbyte_conn_id, connection_id)
    found = committed if isinstance(committed, SnapshotConnection) else None
    try:
        connection = airbyte.connection(connection_id)
        schedule = schedule_in(connection)
        # The jobs say when an interval ends, and which slots of an interrupted take-over have been served.
        is_manual_since = is_manual(schedule) and found is not None and found.is_scheduled
        is_done = is_manual_since and source.is_manual_in_folder(airbyte_conn_id, connection_id)
        needs_jobs = schedule.get("scheduleType") == "basic" or (is_manual_since and not is_done)
        jobs = _jobs(airbyte.jobs(connection_id)) if needs_jobs else ()
    except NoAccessError:
        raise
    except AirbyteRefusedError as error:
        return PlannedConnection(
            connection_id=connection_id,
            name=found.name if found is not None else connection_id,
            airbyte_conn_id=airbyte_conn_id,
            schedule={},
            problem=str(error),
        )
    return PlannedConnection(
        connection_id=connection_id,
        name=_name(connection, connection_id),
        airbyte_conn_id=airbyte_conn_id,
        schedule=schedule,
        committed=found,
        is_active=connection.get("status") == "active",
        jobs=jobs,
        is_done=is_done,
        uncommitted=committed if isinstance(committed, str) else why_uncommitted(schedule, found),
    )


def from_snapshot(source: Source, airbyte_conn_id: str, connection_id: str) -> PlannedConnection:
    """Read a connection from the snapshot in the folder, without asking Airbyte, and compare it with git's.

    What is pulled and not committed yet counts too: else a DAG would be left out without a word.
    """
    committed = _committed(source, airbyte_conn_id, connection_id)
    found = committed if isinstance(committed, SnapshotConnection) else None
    pulled = source.in_folder(airbyte_conn_id, connection_id) or found
    schedule = _schedule(pulled)
    return PlannedConnection(
        connection_id=connection_id,
        name=pulled.name if pulled is not None else connection_id,
        airbyte_conn_id=airbyte_conn_id,
        schedule=schedule,
        committed=found,
        is_active=pulled is None or pulled.status == "active",
        is_done=pulled is not None and not pulled.is_scheduled,
        uncommitted=committed if isinstance(committed, str) else why_uncommitted(schedule, found),
    )


def _schedule(pulled: SnapshotConnection | None) -> Mapping[str, str]:
    """Return the schedule in a snapshot; without one it counts as scheduled, so that the reason is shown."""
    return {"scheduleType": "unknown"} if pulled is None else pulled.schedule


def _committed(source: Source, airbyte_conn_id: str, connection_id: str) -> SnapshotConnection | str | None:
    snapshot = source.committed(airbyte_conn_id)
    return snapshot if isinstance(snapshot, str) else snapshot.connections.get(connection_id)


def _name(connection: Mapping[str, Any], connection_id: str) -> str:
    return str(connection.get("name") or connection_id)


def _jobs(found: Any) -> list[Job]:  # noqa: ANN401 (what the API returns)
    return sorted(map(job_from, found), key=lambda job: job.created, reverse=True)
