"""The values the local Airbyte works with: jobs, scripts, seeds and settings. Imports nothing here."""

from __future__ import annotations

from dataclasses import dataclass, field

SYNC, RESET, CLEAR, REFRESH = "sync", "reset", "clear", "refresh"
JOB_TYPES = (SYNC, RESET, CLEAR, REFRESH)
EMPTYING_TYPES = (RESET, CLEAR)  # two names for a job that empties the destination
PENDING, QUEUED, RUNNING, INCOMPLETE = "pending", "queued", "running", "incomplete"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
JOB_STATUSES = (PENDING, QUEUED, RUNNING, INCOMPLETE, FAILED, SUCCEEDED, CANCELLED)
ACTIVE_STATUSES = (PENDING, QUEUED, RUNNING, INCOMPLETE)

CONNECTION_STATUSES = ("active", "inactive", "deprecated", "locked")

MAX_SECONDS = 1_000_000_000  # 30 years: more than the longest wait, less than what a timer or a date refuses

# Stored as plain JSON: what the API answers is kept as it is answered.
Json = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionSeed:
    """A connection that the server should know from the start."""

    connection_id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One stretch of a job: a status held for some seconds, or an attempt that fails at once."""

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
class Settings:
    """Switches of the whole server, set through the admin path and kept over a restart."""

    strict_conflict: bool = False  # 409 for every active status, as servers before June 2026
    require_auth: bool = True
    ignore_cancel: bool = False  # DELETE answers 200 and the job goes on
    ignore_cancel_seconds: float = 0.0  # the same, only until a job is so old
    cancel_seconds: float = 0.0  # how long a job takes to stop
    list_lag: float = 0.0  # jobs younger than so many seconds are missing from GET /jobs
    clock_shift: float = 0.0  # seconds added to the machine's clock

    def __post_init__(self) -> None:
        # Written so that NaN is refused too.
        for name in ("ignore_cancel_seconds", "cancel_seconds", "list_lag"):
            if not 0 <= getattr(self, name) <= MAX_SECONDS:
                msg = f"{name} is from 0 to {MAX_SECONDS} seconds"
                raise ValueError(msg)
        if not abs(self.clock_shift) <= MAX_SECONDS:
            msg = f"clock_shift is from -{MAX_SECONDS} to {MAX_SECONDS} seconds"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamPosition:
    """Where a stream stands: its state at the source and the length of its file at that state."""

    stream: str
    state: Json = field(default_factory=dict)
    file_bytes: int = 0
