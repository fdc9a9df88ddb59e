"""The values that the protocol of a sync takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.model import Connection, Job
from dag_factory.airbyte.state import Role, SyncState

OnRunning: TypeAlias = Literal["adopt", "fail", "skip"]
OnEnd: TypeAlias = Literal["cancel", "leave"]  # of `on_timeout` and `on_kill`


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncRequest:
    """What the configuration asks for; times are seconds."""

    connection_id: str
    wait_seconds: float
    timeout: float
    on_running: OnRunning = "adopt"
    on_timeout: OnEnd = "cancel"
    on_kill: OnEnd = "cancel"
    min_rows: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A job to wait for, and what the task knows of its sync."""

    job: Job
    state: SyncState

    @property
    def role(self) -> Role:
        """What the job is to the task."""
        return self.state.role or Role.OWN


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousTry:
    """What an earlier try left. `is_clear`: a person cleared the task, and wants it to sync again.

    `is_same_try`: this very try has begun before, so that the end of its job is its own end.
    """

    state: SyncState
    is_clear: bool = False
    is_same_try: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left of it: it failed and said so, or it succeeded before a person's clear."""
        return self.state.is_reported or (self.is_clear and self.state.is_done)


@dataclass(frozen=True, kw_only=True, slots=True)
class PollFailure:
    """A poll that failed: why, after how many seconds to poll again, and whether waiting may change it."""

    text: str
    pause: float
    is_retryable: bool


@dataclass(kw_only=True)
class SyncContext:
    """What the protocol works with.

    `clock` gives seconds that never go back, `jitter` varies a pause, `first_pause` gives a part of one.
    `connection` is what is known of the connection; the protocol replaces it when it has asked for it.
    """

    api: Api
    clock: Callable[[], float]
    jitter: Callable[[float], float]
    first_pause: Callable[[float], float]
    connection: Connection
    page: str | None = None

    @property
    def label(self) -> str:
        """How logs and errors name the connection."""
        return self.connection.label
