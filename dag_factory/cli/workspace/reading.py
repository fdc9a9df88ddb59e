"""Reads connections for a take-over: from Airbyte and the committed snapshots, or from these alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.api.urls import page_of
from dag_factory.cli.workspace.airbytes import Airbytes
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.workspace.handover.api_schedules import is_manual, schedule_in
from dag_factory.workspace.handover.committed import NotCommittedError, committed_snapshot
from dag_factory.workspace.handover.gaps import Job, job_from
from dag_factory.workspace.handover.moves import AirbyteRefusedError, AirbyteUnansweredError
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

    def page_of(self, airbyte_conn_id: str, connection_id: str) -> str | None:
        """Return the URL of a connection's page in Airbyte."""
        snapshot = self.committed(airbyte_conn_id)
        found = snapshot.connections.get(connection_id) if isinstance(snapshot, Snapshot) else None
        if found is None:
            return None
        connection = Connection(connection_id=connection_id, workspace_id=found.workspace_id)
        return page_of(self.airbytes.host(airbyte_conn_id), connection)


def from_airbyte(source: Source, airbyte_conn_id: str, connection_id: str) -> PlannedConnection:
    """Ask Airbyte for a connection and its jobs, and compare it with the committed snapshot."""
    airbyte = source.airbytes.of(airbyte_conn_id)
    committed = _committed(source, airbyte_conn_id, connection_id)
    found = committed if isinstance(committed, SnapshotConnection) else None
    try:
        connection = airbyte.connection(connection_id)
        schedule = schedule_in(connection)
        # The jobs say when an interval ends, and which slots of an interrupted take-over have been served.
        is_resumed = is_manual(schedule) and found is not None and found.is_scheduled
        needs_jobs = schedule.get("scheduleType") == "basic" or is_resumed
        jobs = _jobs(airbyte.jobs(connection_id)) if needs_jobs else ()
    except (AirbyteRefusedError, AirbyteUnansweredError) as error:
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
        uncommitted=committed if isinstance(committed, str) else why_uncommitted(schedule, found),
    )


def from_snapshot(source: Source, airbyte_conn_id: str, connection_id: str) -> PlannedConnection:
    """Read a connection from the committed snapshot, without asking Airbyte."""
    committed = _committed(source, airbyte_conn_id, connection_id)
    found = committed if isinstance(committed, SnapshotConnection) else None
    return PlannedConnection(
        connection_id=connection_id,
        name=found.name if found is not None else connection_id,
        airbyte_conn_id=airbyte_conn_id,
        # Without a snapshot it counts as scheduled, so that the reason is shown.
        schedule=found.schedule if found is not None else {"scheduleType": "unknown"},
        committed=found,
        is_active=found is None or found.status == "active",
        uncommitted=committed if isinstance(committed, str) else why_uncommitted({}, found),
    )


def _committed(source: Source, airbyte_conn_id: str, connection_id: str) -> SnapshotConnection | str | None:
    snapshot = source.committed(airbyte_conn_id)
    return snapshot if isinstance(snapshot, str) else snapshot.connections.get(connection_id)


def _name(connection: Mapping[str, Any], connection_id: str) -> str:
    return str(connection.get("name") or connection_id)


def _jobs(found: Any) -> list[Job]:  # noqa: ANN401 (what the API returns)
    return sorted(map(job_from, found), key=lambda job: job.created, reverse=True)
