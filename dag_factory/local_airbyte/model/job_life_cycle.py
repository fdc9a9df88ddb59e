"""The job life cycle as pure decisions: what may follow what, and what a POST or DELETE answers.

After Airbyte's JobStatus and ConnectionManagerWorkflow of August 2026.
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

API = "api"  # who started a job: the public API, or somebody else, such as a person
FOLLOWERS = {
    PENDING: {QUEUED, RUNNING, FAILED, CANCELLED, INCOMPLETE},
    QUEUED: {PENDING, RUNNING, CANCELLED, FAILED},
    RUNNING: {INCOMPLETE, SUCCEEDED, FAILED, CANCELLED},
    INCOMPLETE: {PENDING, RUNNING, FAILED, CANCELLED, INCOMPLETE, SUCCEEDED},
    FAILED: {FAILED},
    SUCCEEDED: set[str](),
    CANCELLED: set[str](),
}
# What `POST /jobs` takes, and the type of the job that it makes of it. A person's job keeps its type.
TYPE_OF_SUBMITTED = {SYNC: SYNC, RESET: RESET, CLEAR: RESET, REFRESH: REFRESH}


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """Start a new job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer with the job there is; `hurry` cuts its wait before the next attempt short."""

    job: Job
    hurry: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Replace:
    """Cancel the job that runs, then start a new one."""

    job: Job


def may_follow(status: str, following: str) -> bool:
    """Whether a job may go from one status to the other."""
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
    """What a submission does; a connection status of None means that there is no such connection."""
    if connection_status is None:
        return problems.not_found("connection", connection_id)
    if job_type == REFRESH and started_by == API:
        return problems.unprocessable("Refreshes are not supported in the public API")
    if connection_status != "active":
        return problems.state_conflict("Could not fulfill request")
    return Create() if active is None else _decide_beside(active, job_type, strict)


def may_cancel(job: Job, settings: Settings, now: float) -> bool:
    """Whether `DELETE /jobs/{jobId}` stops the connection's active job.

    Between two attempts Airbyte ignores it, for as long as the back-off lasts ("Can't cancel a non-running
    sync"). `now` is the server's time in seconds since the epoch.
    """
    is_ignored = settings.ignore_cancel or now - job.created_at < settings.ignore_cancel_seconds
    return job.status in (PENDING, QUEUED, RUNNING) and not is_ignored


def _decide_beside(active: Job, job_type: str, strict: bool) -> Answer | Replace | Problem:
    """What a submission does while a job of the connection is active, of whatever type that is.

    A job that waits is the answer, although a sync was asked for and this may be none: Airbyte's
    `TemporalClient` returns the workflow's job without checking its type.
    """
    if job_type in EMPTYING_TYPES:
        return Answer(job=active) if active.job_type in EMPTYING_TYPES else Replace(job=active)
    if active.status == RUNNING or strict:
        return problems.try_again_later(f"A sync is already running for: {active.connection_id}")
    return Answer(job=active, hurry=active.status == INCOMPLETE)
