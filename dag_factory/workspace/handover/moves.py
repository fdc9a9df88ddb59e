"""What a hand-over is about: an Airbyte, the DAG and its connections, and what has become of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dag_factory.workspace.handover.airbyte_slots import Slots, UnknownScheduleError, slots_of


class AirbyteRefusedError(Exception):
    """Airbyte has answered that it does not do what was asked: nothing has changed."""


class NoAccessError(AirbyteRefusedError):
    """Airbyte refuses this call as it would any other: the token or the address is wrong."""


class AirbyteUnansweredError(Exception):
    """No answer has come: whether Airbyte has done what was asked is not known."""


class HandoverError(Exception):
    """The hand-over of a DAG cannot go on; the message says why."""


class Airbyte(Protocol):
    """What is needed of an Airbyte. All of it raises AirbyteRefusedError or AirbyteUnansweredError."""

    def connection(self, connection_id: str) -> Mapping[str, Any]:
        """Return a connection as the public API shows it."""

    def jobs(self, connection_id: str) -> Sequence[Mapping[str, Any]]:
        """Return the newest jobs of a connection, the newest first."""

    def set_schedule(self, connection_id: str, schedule: Mapping[str, str]) -> None:
        """Change the schedule of a connection."""


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """Return the present moment, with a time zone."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A connection to move: where it is, and the schedule that Airbyte had by the committed snapshot."""

    connection_id: str
    name: str
    airbyte: Airbyte
    old: Mapping[str, str]

    @property
    def label(self) -> str:
        """The connection's name and id."""
        return f"'{self.name}' ({self.connection_id})"

    @property
    def slots(self) -> Slots:
        """The moments of its old schedule; None also where they are not understood."""
        return None if self.not_understood is not None else slots_of(self.old)

    @property
    def not_understood(self) -> str | None:
        """Why the moments of its old schedule are not known; None if they are."""
        try:
            slots_of(self.old)
        except UnknownScheduleError as error:
            return str(error)
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class DagToMove:
    """A DAG whose connections are moved.

    Args:
        dag_id: Its id.
        targets: Its connections that Airbyte schedules, or scheduled before an interruption.
        is_interval: Whether the DAG runs at an interval.
        first_run: Returns the DAG's first run with a `start_date`, None if it has none.
        start_date: The `start_date` that applies now.
        write_start: Writes a new one into the DAG's file; None leaves the file alone.
    """

    dag_id: str
    targets: tuple[Target, ...]
    is_interval: bool
    first_run: Callable[[datetime], datetime | None]
    start_date: datetime
    write_start: Callable[[datetime], None] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What has become of a DAG.

    Args:
        moved: The connections that this run has set to manual.
        start_date: What was written; None if nothing had to be.
        missed: The connections whose slot fell into the hand-over. Airflow serves it; where the DAG was not
            taken over, nobody does.
        twice: Those of which Airbyte has served a slot that Airflow serves for the others.
        refused: Why the DAG was not taken over.
        put_back: The connections that were moved and have their old schedule again.
        left_manual: Those that were moved and could not be put back.
    """

    dag_id: str
    moved: tuple[Target, ...] = ()
    start_date: datetime | None = None
    missed: tuple[Target, ...] = ()
    twice: tuple[Target, ...] = ()
    refused: str | None = None
    put_back: tuple[Target, ...] = ()
    left_manual: tuple[Target, ...] = ()
