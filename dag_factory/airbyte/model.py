"""What the API of Airbyte tells of a job; everything in this package may import it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
# No status of Airbyte's: the job has not been asked for yet.
UNSEEN = "unseen"
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
FINAL = frozenset((SUCCEEDED, FAILED, CANCELLED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job of one connection.

    `rows` and `bytes` are what has been committed so far, None until the server has counted; `seconds` is
    how long it has taken. `created` is on the server's clock.
    """

    job_id: int
    status: str
    job_type: str
    connection_id: str
    created: datetime | None = None
    rows: int | None = None
    bytes: int | None = None
    seconds: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may still move rows: so is every status that nobody knows yet.

        Airbyte added `queued` in 2026; clients that took it for an end failed tasks of healthy jobs.
        """
        return self.status not in FINAL


def job_from(answer: Mapping[str, Any]) -> Job:
    """Read a job; raises KeyError, TypeError or ValueError where the answer is none."""
    created = answer.get("startTime")
    return Job(
        job_id=int(answer["jobId"]),
        status=str(answer["status"]),
        job_type=str(answer["jobType"]),
        connection_id=str(answer["connectionId"]),
        created=None if created is None else datetime.fromisoformat(created),
        rows=_count(answer.get("rowsSynced")),
        bytes=_count(answer.get("bytesSynced")),
        seconds=_seconds(answer.get("duration")),
    )


def unseen_job(job_id: int, connection_id: str) -> Job:
    """A job of which only the id is known."""
    return Job(job_id=job_id, status=UNSEEN, job_type="sync", connection_id=connection_id)


def job_as_json(job: Job) -> dict[str, Any]:
    """Write a job as `job_of_json` reads it, for the way from a trigger to its task."""
    return {**asdict(job), "created": None if job.created is None else job.created.isoformat()}


def job_of_json(value: Mapping[str, Any]) -> Job:
    """Read what `job_as_json` has written."""
    created = value["created"]
    return Job(**{**value, "created": None if created is None else datetime.fromisoformat(created)})


def _seconds(text: object) -> float | None:
    """Read an ISO 8601 duration as Java writes it: hours, minutes and seconds."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
