"""Whose job it is: the rules, as pure decisions.

`seen` is the newest job of the connection, of any type, just before a submission. Ids only grow.

* A POST was answered with a sync newer than `seen`: it is ours, since the answer names what runs next.
* ... with a job that is not a sync: it is in the way. A clear that waits is answered as it is.
* ... with a sync that is not newer than `seen`: it is somebody else's, since it was there before.
* A POST was answered 409 "already running": it made nothing, since Airbyte refuses before it starts a job.
* A POST was refused (another 4xx, a redirect) or never sent: it made nothing.
* A POST ended in any other way (5xx, cut off, timed out, unreadable, 409 "could not fulfill"): the job may
  still come. The oldest sync after `seen` is ours; a later one was asked for by somebody else.
* A retry knows the id of its job: that job is ours and no other, since ids are never given twice.
* A retry knows only `seen`: the oldest sync after it is ours, as after an uncertain POST, unless Airbyte made
  it five minutes after our POST or later. No POST takes that long.
* A person cleared the task: what the rules above call ours is cancelled, and a new job is started.
* Any other job that is active: `on_running` decides, and it is never cancelled. A list can be behind, so the
  job itself is asked for its status first.
* A job that is not a sync: never ours and never a result, since it moves no rows to the destination.

One thing Airbyte does not say: a sync that somebody else started between our list and our POST, and that
still waits for its first attempt, is answered to our POST with the same id (airbyte-platform,
`TemporalClient.kt`). Such a job is shared, and is taken for ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Job

# How long after a submission its job can appear, in seconds.
LONGEST_SUBMISSION = 300.0


class Fate(Enum):
    """What a submission has done that was not answered with a job."""

    MADE_NOTHING = auto()
    BUSY = auto()  # made nothing, because a job runs
    UNCERTAIN = auto()


def fate_of(error: ApiError) -> Fate:
    """Say what a submission that failed may have done."""
    if error.is_busy:
        return Fate.BUSY
    return Fate.UNCERTAIN if error.may_have_acted else Fate.MADE_NOTHING


def is_answer_ours(answered: Job, seen: int) -> bool:
    """Whether the job in the answer to our POST is ours."""
    return answered.is_sync and answered.job_id > seen


def oldest_sync_after(jobs: Iterable[Job], seen: int, submitted_at: float | None = None) -> Job | None:
    """The job that an uncertain submission made, if there is one.

    `submitted_at` is what the server's clock said at that submission, in seconds since 1970, if it is known.
    """
    newer = (job for job in jobs if job.is_sync and job.job_id > seen)
    oldest = min(newer, key=lambda job: job.job_id, default=None)
    if oldest is None or submitted_at is None or oldest.created is None:
        return oldest
    return oldest if oldest.created - submitted_at < LONGEST_SUBMISSION else None


def job_in_the_way(jobs: Iterable[Job]) -> Job | None:
    """The job that the connection is busy with: the newest active one, of any type."""
    return max((job for job in jobs if job.is_active), key=lambda job: job.job_id, default=None)


def newest_id(jobs: Iterable[Job]) -> int:
    """The id that each job from now on exceeds; 0 where there is no job."""
    return max((job.job_id for job in jobs), default=0)
