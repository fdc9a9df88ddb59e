"""Answers of the API: a job, and a page of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from dag_factory.local_airbyte.model.job import PENDING, Job
from dag_factory.local_airbyte.model.json_values import Json


def job_response(job: Job) -> Json:
    """Return a job as the public API shows it; fields without a value yet are absent."""
    optional = {
        "lastUpdatedAt": None if job.is_active else java_time(job.updated_at),
        "duration": None
        if job.status == PENDING
        else java_duration(int(job.updated_at) - int(job.created_at)),
        "bytesSynced": job.bytes,
        "rowsSynced": job.rows,
    }
    return {
        "jobId": job.job_id,
        "status": job.status,
        "jobType": job.job_type,
        "startTime": java_time(job.created_at),
        "connectionId": job.connection_id,
        **{key: value for key, value in optional.items() if value is not None},
    }


def page_response(
    data: Sequence[Json], *, url: str, limit: int, offset: int, kept: Mapping[str, object] | None = None
) -> Json:
    """Return a page of a list. As in Airbyte, there is a next page unless this one is empty."""
    following = _page_url(url, limit, offset + limit, kept or {}) if data else ""
    previous = _page_url(url, limit, max(0, offset - limit), kept or {}) if offset else ""
    return {"data": list(data), "next": following, "previous": previous}


def java_time(seconds: float) -> str:
    """Format a time as Java's OffsetDateTime.toString(): in UTC, without the seconds if they are zero."""
    moment = datetime.fromtimestamp(int(seconds), tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if moment.second else "%Y-%m-%dT%H:%MZ")


def java_duration(seconds: int) -> str:
    """Format a duration as Java's Duration.toString(): PT8H6M12S, PT0S; each part has the sign."""
    sign, rest = ("-" if seconds < 0 else ""), abs(seconds)
    parts = [(rest // 3600, "H"), (rest % 3600 // 60, "M"), (rest % 60, "S")]
    return "PT" + ("".join(f"{sign}{number}{unit}" for number, unit in parts if number) or "0S")


def _page_url(url: str, limit: int, offset: int, kept: Mapping[str, object]) -> str:
    given = {key: value for key, value in kept.items() if value}
    return f"{url}?{urlencode({'limit': limit, 'offset': offset, **given}, doseq=True)}"
