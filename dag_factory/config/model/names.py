"""Finds the connection that a sync names, in the snapshot of its Airbyte."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.layers import Setting, Settings
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection, normal
from dag_factory.config.snapshot.snapshots import DEFAULT_CONN_ID, Snapshots
from dag_factory.config.text.templates import is_template


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """What was found for the name of a connection.

    Args:
        name: The name as it is written.
        airbyte_conn_id: The Airflow connection of the Airbyte.
        file: How diagnostics name the snapshot that was, or would have been, read.
        pull: The command that writes it.
        snapshot: The snapshot, what is wrong with it, or None if there is none.
        found: The connections with this name, or that once had it.
    """

    name: str
    airbyte_conn_id: str
    file: str
    pull: str
    snapshot: Snapshot | Diagnostic | None
    found: tuple[SnapshotConnection, ...] = ()

    @property
    def connection(self) -> SnapshotConnection | None:
        """The connection, if there is exactly one and it is not deleted."""
        alone = self.found[0] if len(self.found) == 1 else None
        return None if alone is None or alone.is_deleted else alone

    @property
    def is_renamed(self) -> bool:
        """Whether the connection has another name by now."""
        return self.connection is not None and self.connection.name != normal(self.name)


def look_up(settings: Settings, snapshots: Snapshots, environment: str | None) -> Lookup | None:
    """Look up the name in a sync's settings; None if it has none, or an id as well."""
    named = settings.get("connection")
    if named is None or "connection_id" in settings:
        return None
    setting = settings.get("airbyte_conn_id")
    airbyte_conn_id = DEFAULT_CONN_ID if setting is None else str(setting.value)
    name = str(named.value)
    key = (environment, airbyte_conn_id)
    is_known = not is_template(airbyte_conn_id)
    snapshot = snapshots.for_name(*key, name) if is_known else None
    return Lookup(
        name=name,
        airbyte_conn_id=airbyte_conn_id,
        file=snapshots.name_of(*key),
        pull=snapshots.pull_command(*key),
        snapshot=snapshot,
        found=snapshot.named(name) if isinstance(snapshot, Snapshot) else (),
    )


def with_connection_id(settings: Settings, lookup: Lookup | None) -> Settings:
    """Add the id of the connection that was found, where the name is written."""
    if lookup is None or lookup.connection is None:
        return settings
    at = settings["connection"].location
    return {**settings, "connection_id": Setting(value=lookup.connection.connection_id, location=at)}
