"""What the API of Airbyte tells of a job; everything in this package may import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
# No status of Airbyte's: the job has not been asked for yet.
UNSEEN = "unseen"
FINAL = frozenset((SUCCEEDED, FAILED, CANCELLED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job of one connection.

    `rows` and `bytes` are what has been committed so far, None until the server has counted. `created` is
    on the server's clock.
    """

    job_id: int
    status: str
    job_type: str
    connection_id: str
    created: datetime | None = None
    rows: int | None = None
    bytes: int | None = None
    duration: str | None = None

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
        duration=answer.get("duration"),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None
