"""Jobs and the scripts that they follow: types, statuses and values."""

from __future__ import annotations

from dataclasses import dataclass

SYNC, RESET, CLEAR, REFRESH = "sync", "reset", "clear", "refresh"
JOB_TYPES = (SYNC, RESET, CLEAR, REFRESH)
EMPTYING_TYPES = (RESET, CLEAR)  # two names for a job that clears the destination
PENDING, QUEUED, RUNNING, INCOMPLETE = "pending", "queued", "running", "incomplete"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
JOB_STATUSES = (PENDING, QUEUED, RUNNING, INCOMPLETE, FAILED, SUCCEEDED, CANCELLED)
ACTIVE_STATUSES = (PENDING, QUEUED, RUNNING, INCOMPLETE)

MAX_SECONDS = 1_000_000_000  # 30 years: longer than any wait, short enough for timers and dates


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a job: a status that lasts for some seconds, or an attempt that fails at once."""

    name: str  # pending, queued, run, incomplete or fail_attempt
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What a job does: its steps in order, then how it ends (succeed, fail, cancel or hang)."""

    steps: tuple[Step, ...]
    end: str = "succeed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A row of the job table. Times are seconds since the epoch; rows and bytes are None before any stats."""

    job_id: int
    connection_id: str
    job_type: str
    status: str
    created_at: float
    updated_at: float
    script: Script
    started_by: str = "api"
    step: int = 0
    attempt: int = 0
    rows: int | None = None
    bytes: int | None = None
    failure: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the job may still change."""
        return self.status in ACTIVE_STATUSES


@dataclass(frozen=True, kw_only=True, slots=True)
class JobTimes:
    """Of a connection's jobs: the last change of any, and the creation of the last sync or refresh."""

    last_change: float
    last_sync: float | None = None
