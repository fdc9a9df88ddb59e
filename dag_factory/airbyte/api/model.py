"""Jobs and connections of Airbyte's API, with the fields that one sync needs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
FINAL = frozenset((SUCCEEDED, FAILED, CANCELLED))
SYNC = "sync"
# Not one of Airbyte's: the status has not been read yet.
UNKNOWN = "unknown"
# The statuses of a connection that does not sync, what each means and what to do: `ConnectionStatusEnum` of
# the public API, `locked`, and `missing`, which is ours.
NOT_SYNCING = {
    "inactive": ("is disabled", "enable it in Airbyte, or take the sync out of the configuration"),
    "deprecated": ("is deleted", "take the sync out of the configuration"),
    "locked": ("is locked", "see in Airbyte why"),
    "missing": ("does not exist", "check connection_id, and that the host is the Airbyte that has it"),
}
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
# Airbyte's ids and counts are Java's `long`.
_MAX_ID = 2**63 - 1
_MAX_NAME_LENGTH = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job of one connection.

    `rows` and `bytes` are committed so far, None until the server has counted them; `seconds` is its
    duration; `created` is by the server's clock, in seconds since 1970.
    """

    job_id: int
    status: str
    job_type: str
    connection_id: str
    rows: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    created: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may still move rows: true for every status but the three final ones.

        Airbyte added `queued` in 2026, and clients that took it for a final status failed healthy jobs.
        """
        return self.status not in FINAL

    @property
    def is_sync(self) -> bool:
        """Whether it is a sync rather than a clear, reset or refresh."""
        return self.job_type == SYNC


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A connection: its name and whether it can sync. `schedule` is Airbyte's own, None if manual."""

    connection_id: str
    name: str | None = None
    status: str | None = None
    workspace_id: str | None = None
    schedule: str | None = None

    @property
    def label(self) -> str:
        """The connection's name in logs and errors."""
        return (
            f"connection {self.connection_id}"
            if self.name is None
            else (f"connection '{self.name}' ({self.connection_id})")
        )


def job_from(answer: Mapping[str, Any]) -> Job:
    """Read a job. Raises KeyError, TypeError, ValueError or OverflowError if the answer is not one."""
    return Job(
        job_id=_job_id(answer["jobId"]),
        status=_word(answer["status"]),
        job_type=_word(answer["jobType"]),
        connection_id=_word(answer["connectionId"]),
        rows=_count(answer.get("rowsSynced")),
        bytes=_count(answer.get("bytesSynced")),
        seconds=_seconds(answer.get("duration")),
        created=_moment(answer.get("startTime")),
    )


def connection_from(answer: Mapping[str, Any]) -> Connection:
    """Read a connection; raises as `job_from` does."""
    status, workspace = answer.get("status"), answer.get("workspaceId")
    return Connection(
        connection_id=_word(answer["connectionId"]),
        name=_name(answer.get("name")),
        status=status.lower() if isinstance(status, str) else None,
        workspace_id=workspace if isinstance(workspace, str) and workspace.isprintable() else None,
        schedule=_schedule(answer.get("schedule")),
    )


def unknown_job(job_id: int, connection_id: str) -> Job:
    """Return a job of which only the id is known."""
    return Job(job_id=job_id, status=UNKNOWN, job_type=SYNC, connection_id=connection_id)


def job_as_json(job: Job) -> dict[str, Any]:
    """Convert a job to JSON values, for the event that a trigger sends to its task."""
    return asdict(job)


def job_from_json(value: Mapping[str, Any]) -> Job:
    """Convert what `job_as_json` returned back to a job."""
    return Job(**value)


def printable(text: str, longest: int) -> str:
    """Return a text as one line for a log: no control characters, at most `longest` characters."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    line = text.strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _job_id(value: object) -> int:
    """Read an id; a server may send it as text, but never as a fraction."""
    number = _integer(value)
    if number is None or not 0 < number <= _MAX_ID:
        message = "not a job id"
        raise ValueError(message)
    return number


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _count(value: object) -> int | None:
    number = _integer(value)
    return number if number is not None and 0 <= number <= _MAX_ID else None


def _word(value: object) -> str:
    if not isinstance(value, str) or not value:
        message = "not a text"
        raise TypeError(message)
    return printable(value, _MAX_NAME_LENGTH).lower()


def _name(value: object) -> str | None:
    return printable(value, _MAX_NAME_LENGTH) or None if isinstance(value, str) else None


def _schedule(value: object) -> str | None:
    if not isinstance(value, Mapping) or value.get("scheduleType") in (None, "manual"):
        return None
    kind = value["scheduleType"]
    detail = value.get("cronExpression") or value.get("basicTiming") or ""
    return printable(f"{kind} {detail}", _MAX_NAME_LENGTH)


def _moment(text: object) -> float | None:
    """Read a date and time; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return None if moment is None else moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _seconds(text: object) -> float | None:
    """Read an ISO 8601 duration as Java writes it: hours, minutes and seconds."""
    match = _DURATION.fullmatch(text[:100]) if isinstance(text, str) else None
    if match is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    return total if math.isfinite(total) else None
