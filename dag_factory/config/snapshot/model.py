"""A snapshot as values: connections by id, and what is found under a name."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Connector:
    """A source or destination: its name and type, or the id of its definition where Airbyte has no type."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotConnection:
    """A connection of Airbyte. Everything has Airbyte's spelling; names are in Unicode's form NFC.

    `schedule` is verbatim, such as {"scheduleType": "cron", "cronExpression": "0 0 3 * * ? UTC"}. A deleted
    connection has the status "deprecated". `former_names` are those that earlier snapshots held.
    """

    connection_id: str
    name: str
    status: str
    schedule: Mapping[str, str]
    workspace_id: str
    source: Connector
    destination: Connector
    prefix: str = ""
    namespace_definition: str = ""
    namespace_format: str = ""
    tags: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()

    @property
    def schedule_type(self) -> str:
        """Airbyte's type of schedule: manual, cron or basic."""
        return self.schedule.get("scheduleType", "manual")

    @property
    def is_scheduled(self) -> bool:
        """Whether Airbyte starts syncs by itself while the connection is active."""
        return self.schedule_type != "manual"

    @property
    def is_deleted(self) -> bool:
        """Whether it has been deleted in Airbyte."""
        return self.status == "deprecated"


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """What a file holds.

    Args:
        file: The displayed name of the file.
        workspaces: The name of each workspace by its id.
        connections: The connections by id, in the file's order.
        text: The file's text, to find the line of a connection in it.
    """

    file: str
    workspaces: Mapping[str, str]
    connections: Mapping[str, SnapshotConnection]
    text: str = ""

    def named(self, name: str) -> tuple[SnapshotConnection, ...]:
        """Return the connections that a name may stand for; deleted ones only where there is no other.

        These are the ones that have it now, and then the ones that once had it: a name that has gone over to
        another connection must not silently mean another one than before.
        """
        wanted = normal(name)
        now, once = self._by_name.get(wanted, []), self._by_former_name.get(wanted, [])
        if now and all(each.is_deleted for each in now):
            return tuple(now)
        both = {each.connection_id: each for each in (*now, *once)}.values()
        return tuple(each for each in both if not each.is_deleted) or tuple(both)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all connections that are not deleted."""
        return tuple(
            name for name, found in self._by_name.items() if any(not each.is_deleted for each in found)
        )

    def line_of(self, connection_id: str) -> int:
        """Return the line of a connection, counted from 1."""
        return self._lines.get(f'"{connection_id}": {{', 1)

    @functools.cached_property
    def _lines(self) -> dict[str, int]:
        """The number of each line, or of the first of equal ones."""
        lines: dict[str, int] = {}
        for number, line in enumerate(self.text.split("\n"), start=1):
            lines.setdefault(line.strip(), number)
        return lines

    @functools.cached_property
    def _by_name(self) -> dict[str, list[SnapshotConnection]]:
        by_name: dict[str, list[SnapshotConnection]] = {}
        for each in self.connections.values():
            by_name.setdefault(each.name, []).append(each)
        return by_name

    @functools.cached_property
    def _by_former_name(self) -> dict[str, list[SnapshotConnection]]:
        by_name: dict[str, list[SnapshotConnection]] = {}
        for each in self.connections.values():
            for name in dict.fromkeys(each.former_names):
                by_name.setdefault(name, []).append(each)
        return by_name


def normal(name: str) -> str:
    """Return a name in Unicode's form NFC, in which snapshots hold names."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)
