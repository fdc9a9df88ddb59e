"""Writes into a snapshot what a take-over has changed in Airbyte, as the next pull would.

That is how a later take-over tells a DAG that is done from one that was interrupted: both have connections
that are manual, while the committed snapshot still has their old schedules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.config.snapshot.serialising import snapshot_text
from dag_factory.workspace.replacing import replace_file

Schedules: TypeAlias = Mapping[str, Mapping[str, str]]


class NotRecordedError(Exception):
    """A snapshot could not be changed; the message says why."""


def record_schedules(path: Path, schedules: Schedules) -> None:
    """Give connections, by their ids, new schedules in a snapshot; one that it does not have is not added.

    Raises:
        NotRecordedError: The file cannot be read or written.
    """
    try:
        snapshot = parse_snapshot(path.read_bytes(), path.name)
        if isinstance(snapshot, Diagnostic):
            raise NotRecordedError(snapshot.message)
        connections = [
            replace(each, schedule=schedules.get(each.connection_id, each.schedule))
            for each in snapshot.connections.values()
        ]
        replace_file(path.resolve(), snapshot_text(snapshot.workspaces, connections).encode("utf-8"))
    except OSError as error:
        raise NotRecordedError(error.strerror or str(error)) from error
