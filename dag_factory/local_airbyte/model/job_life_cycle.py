"""The life cycle of a job: which status may follow which, and what a POST or DELETE does.

Source: Airbyte's JobStatus and ConnectionManagerWorkflow, August 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.job import (
    CANCELLED,
    CLEAR,
    EMPTYING_TYPES,
    FAILED,
    INCOMPLETE,
    PENDING,
    QUEUED,
    REFRESH,
    RESET,
    RUNNING,
    SUCCEEDED,
    SYNC,
    Job,
)
from dag_factory.local_airbyte.model.problems import Problem
from dag_factory.local_airbyte.model.settings import Settings

# Who started a job: a client of the public API, a person, or the schedule of its connection.
API, PERSON, SCHEDULE = "api", "person", "schedule"
FOLLOWERS = {
    PENDING: {QUEUED, RUNNING, FAILED, CANCELLED, INCOMPLETE},
    QUEUED: {PENDING, RUNNING, CANCELLED, FAILED},
    RUNNING: {INCOMPLETE, SUCCEEDED, FAILED, CANCELLED},
    INCOMPLETE: {PENDING, RUNNING, FAILED, CANCELLED, INCOMPLETE, SUCCEEDED},
    FAILED: {FAILED},
    SUCCEEDED: set[str](),
    CANCELLED: set[str](),
}
# The types that `POST /jobs` accepts, and the type of the job that it creates. A person's job keeps its type.
TYPE_OF_SUBMITTED = {SYNC: SYNC, RESET: RESET, CLEAR: RESET, REFRESH: REFRESH}


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """Start a new job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer with the active job; `hurry` ends its wait before the next attempt."""

    job: Job
    hurry: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Replace:
    """Cancel the running job, then start a new one."""

    job: Job


def may_follow(status: str, following: str) -> bool:
    """Return whether a job may go from `status` to `following`."""
    return status == following or following in FOLLOWERS[status]


def decide_submission(
    *,
    connection_id: str,
    connection_status: str | None,
    job_type: str,
    started_by: str,
    active: Job | None,
    strict: bool,
) -> Create | Answer | Replace | Problem:
    """Decide what a submission does; without the connection, `connection_status` is None."""
    if connection_status is None:
        return problems.not_found("connection", connection_id)
    if job_type == REFRESH and started_by == API:
        return problems.unprocessable("Refreshes are not supported in the public API")
    if connection_status != "active":
        return problems.state_conflict("Could not fulfill request")
    return Create() if active is None else _decide_with_active_job(active, job_type, strict)


def may_cancel(job: Job, settings: Settings, now: float) -> bool:
    """Return whether `DELETE /jobs/{jobId}` cancels the connection's active job.

    Between two attempts Airbyte ignores the call until the back-off is over ("Can't cancel a non-running
    sync"). `now` is the server's time in seconds since the epoch.
    """
    is_ignored = settings.ignore_cancel or now - job.created_at < settings.ignore_cancel_seconds
    return job.status in (PENDING, QUEUED, RUNNING) and not is_ignored


def _decide_with_active_job(active: Job, job_type: str, strict: bool) -> Answer | Replace | Problem:
    """Decide what a submission does while a job of the connection, of any type, is active.

    The answer to a sync may be a waiting job of another type: Airbyte's `TemporalClient` returns the
    workflow's job without checking its type.
    """
    if job_type in EMPTYING_TYPES:
        return Answer(job=active) if active.job_type in EMPTYING_TYPES else Replace(job=active)
    if active.status == RUNNING or strict:
        return problems.try_again_later(f"A sync is already running for: {active.connection_id}")
    return Answer(job=active, hurry=active.status == INCOMPLETE)
