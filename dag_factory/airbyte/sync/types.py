"""The values that the steps of a sync take and return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.model import Connection, Job
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync.policies import ON_KILL, ON_RUNNING, ON_TIMEOUT, OnKill, OnRunning, OnTimeout


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncRequest:
    """The sync that the configuration asks for; times are in seconds."""

    connection_id: str
    wait_seconds: float
    timeout: float
    on_running: OnRunning = ON_RUNNING
    on_timeout: OnTimeout = ON_TIMEOUT
    on_kill: OnKill = ON_KILL
    min_rows: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A job to wait for, and the state of its sync."""

    job: Job
    state: SyncState

    @property
    def role(self) -> Role:
        """The role of the job."""
        return self.state.role or Role.OWN


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousTry:
    """What an earlier try left. `is_clear`: a person cleared the task so that it syncs again.

    `is_same_try`: this same try has begun before, so the end of its job is its own end.
    """

    state: SyncState
    is_clear: bool = False
    is_same_try: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to resume: it reported a failure, or succeeded before a person's clear."""
        return self.state.is_reported or (self.is_clear and self.state.is_done)


@dataclass(frozen=True, kw_only=True, slots=True)
class PollFailure:
    """A poll that failed: why, the pause in seconds before the next poll, and whether waiting may help."""

    text: str
    pause: float
    is_retryable: bool


@dataclass(kw_only=True)
class SyncContext:
    """What the steps of a sync work with.

    `clock` returns seconds that never go back, `jitter` varies a pause, `first_pause` returns a part of one.
    `connection` is what is known of the connection; the protocol replaces it when it has read more.
    """

    api: Api
    clock: Callable[[], float]
    jitter: Callable[[float], float]
    first_pause: Callable[[float], float]
    connection: Connection
    page: str | None = None

    @property
    def label(self) -> str:
        """The connection's name in logs and errors."""
        return self.connection.label
