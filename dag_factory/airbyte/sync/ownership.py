"""The rules that decide whose job a job is, as pure functions.

`seen` is the newest job of the connection, of any type, just before a submission. Ids only grow.

* A POST was answered with a sync newer than `seen`: the sync is ours, since the answer names what runs next.
* ... with a job that is not a sync: it is in the way, such as a clear that is pending.
* ... with a sync that is not newer than `seen`: it is somebody else's, since it existed before.
* A POST was answered 409 "already running": it created nothing, since Airbyte refuses before it starts a job.
* A POST was refused (another 4xx, a redirect) or never sent: it created nothing.
* A POST ended in any other way (5xx, cut off, timed out, unreadable, 409 "could not fulfill"): its job may
  still appear. The oldest sync after `seen` is ours; somebody else submitted a later one.
* A retry knows the id of its job: that job is ours and no other, since ids are never reused.
* A retry knows only `seen`: the oldest sync after it is ours, as after an uncertain POST, unless Airbyte
  created it five minutes after our POST or later. No POST takes that long.
* A person cleared the task: what is ours by the rules above is cancelled, and a new job is started.
* Any other active job: `on_running` decides, and it is never cancelled. A list may be stale, so the status of
  the job itself is read first.
* A job that is not a sync: never ours and never a result, since it moves no rows to the destination.

Airbyte hides one case: a sync that somebody else started between our list and our POST, and that is still
waiting for its first attempt, is the answer to our POST, with the same id (airbyte-platform,
`TemporalClient.kt`). Such a job is shared, and counts as ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Job

# How many seconds after a submission its job can appear.
MAX_SUBMISSION_SECONDS = 300.0


class Fate(Enum):
    """The outcome of a submission that was not answered with a job."""

    NOTHING_CREATED = auto()
    BUSY = auto()  # created nothing, because a job is running
    UNCERTAIN = auto()


def fate_of(error: ApiError) -> Fate:
    """Return what a failed submission may have done."""
    if error.is_busy:
        return Fate.BUSY
    return Fate.UNCERTAIN if error.may_have_acted else Fate.NOTHING_CREATED


def is_answer_ours(answered: Job, seen: int) -> bool:
    """Whether the job in the answer to our POST is ours."""
    return answered.is_sync and answered.job_id > seen


def oldest_sync_after(jobs: Iterable[Job], seen: int, submitted_at: float | None = None) -> Job | None:
    """Return the job that an uncertain submission created, if any.

    `submitted_at` is the time of that submission by the server's clock, in seconds since 1970, if known.
    """
    newer = (job for job in jobs if job.is_sync and job.job_id > seen)
    oldest = min(newer, key=lambda job: job.job_id, default=None)
    if oldest is None or submitted_at is None or oldest.created is None:
        return oldest
    return oldest if oldest.created - submitted_at < MAX_SUBMISSION_SECONDS else None


def job_in_the_way(jobs: Iterable[Job]) -> Job | None:
    """Return the job that the connection is busy with: the newest active one, of any type."""
    return max((job for job in jobs if job.is_active), key=lambda job: job.job_id, default=None)


def newest_id(jobs: Iterable[Job]) -> int:
    """Return the highest id, which every later job exceeds; 0 without jobs."""
    return max((job.job_id for job in jobs), default=0)
