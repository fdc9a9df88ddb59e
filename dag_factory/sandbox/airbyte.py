"""Airbyte as the sandbox sees it: how to reach it, and the jobs of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx


@dataclass(frozen=True, kw_only=True, slots=True)
class AirbyteAccess:
    """The URL of an Airbyte API and the credentials for it."""

    url: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job of a connection, as in the answer to `GET /jobs`."""

    job_id: int
    status: str
    rows: int | None
    started_at: datetime | None


class AirbyteApi:
    """A client of Airbyte's public API; fetches a token when it is entered."""

    def __init__(self, access: AirbyteAccess) -> None:
        """Open no connection yet; proxies from the environment are ignored."""
        self._access = access
        self._http = httpx.Client(base_url=access.url, timeout=30.0, trust_env=False)

    def __enter__(self) -> Self:
        body = {"client_id": self._access.client_id, "client_secret": self._access.client_secret}
        token = self._http.post("/applications/token", json=body).raise_for_status().json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def jobs(self, connection_id: str) -> list[Job]:
        """Return the newest jobs of a connection, newest first."""
        parameters = {"connectionId": connection_id, "orderBy": "createdAt|DESC"}
        response = self._http.get("/jobs", params=parameters).raise_for_status()
        return [_job(item) for item in response.json()["data"]]


def _job(item: dict[str, Any]) -> Job:
    started = item.get("startTime")
    return Job(
        job_id=item["jobId"],
        status=item["status"],
        rows=item.get("rowsSynced"),
        started_at=datetime.fromisoformat(started) if started else None,
    )
