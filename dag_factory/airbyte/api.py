"""The calls that one sync needs, as protocols over HTTP: tokens, jobs, and errors that help.

Not the official SDK: its enumerations are closed (an unknown status is an exception there), it answers an
expired token with an error, and its token call blocks the event loop (airbyte-api 1.0.1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin

from dag_factory.airbyte.errors import ApiError, ErrorContext, explain, is_lasting, no_answer, no_json
from dag_factory.airbyte.exchange import Protocol, Request, Response, TransportError
from dag_factory.airbyte.model import Job, job_from

T = TypeVar("T")

TOKEN_URL = "v1/applications/token"  # noqa: S105 (an address)
# A token is renewed this long before it ends, in seconds.
TOKEN_MARGIN = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How to reach an Airbyte: the fields of the Airflow connection. `timeout` is seconds for one call."""

    conn_id: str
    host: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_url: str = TOKEN_URL
    timeout: float = 30.0
    proxies: Mapping[str, str] | str | None = field(default=None, repr=False)

    @property
    def context(self) -> ErrorContext:
        """What errors name."""
        return ErrorContext(conn_id=self.conn_id, host=self.host)


class Api:
    """The calls, and the token that they share. `clock` gives seconds that never go back."""

    def __init__(self, access: Access, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock
        self._token: str | None = None
        self._token_ends = 0.0
        # What the server's clock said with its last answer.
        self.server_time: datetime | None = None

    def submit(self, connection_id: str) -> Protocol[Job]:
        """Start a sync; the answer may be a job that was already waiting to start."""
        body = {"connectionId": connection_id, "jobType": "sync"}
        what = f"starting a sync of connection {connection_id}"
        return (yield from self._call("POST", "jobs", what, job_from, body=body))

    def get(self, job_id: int) -> Protocol[Job]:
        """Ask for one job."""
        return (yield from self._call("GET", f"jobs/{job_id}", f"asking for job {job_id}", job_from))

    def cancel(self, job_id: int) -> Protocol[Job]:
        """Cancel whatever the job's connection runs now: the server does not look at the job itself."""
        return (yield from self._call("DELETE", f"jobs/{job_id}", f"cancelling job {job_id}", job_from))

    def newest(self, connection_id: str, limit: int = 10) -> Protocol[list[Job]]:
        """List the connection's newest syncs, the newest first.

        The order is asked for, since the server's own begins with the oldest; and only syncs, since the
        list holds resets and refreshes too.
        """
        params = {
            "connectionId": connection_id,
            "jobType": "sync",
            "orderBy": "createdAt|DESC",
            "limit": str(limit),
        }
        what = f"listing the jobs of connection {connection_id}"
        return (yield from self._call("GET", "jobs", what, _jobs_from, params=params))

    def workspace(self, connection_id: str) -> Protocol[str]:
        """Ask for the id of the workspace that a connection lies in."""
        what = f"asking for connection {connection_id}"
        path = f"connections/{connection_id}"
        return (yield from self._call("GET", path, what, lambda answer: str(answer["workspaceId"])))

    def _call(
        self,
        method: str,
        path: str,
        what: str,
        read: Callable[[Any], T],
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Protocol[T]:
        url = f"{self._access.host.rstrip('/')}/{path}"
        response = yield from self._send_with_token(method, url, what, body, params or {})
        if response.status == 401 and self._needs_token:
            # The token ended early: a restarted server or a shorter life than it was said to have.
            self._token = None
            response = yield from self._send_with_token(method, url, what, body, params or {})
        return _read(response, what, self._access.context, read)

    def _send_with_token(
        self, method: str, url: str, what: str, body: Mapping[str, Any] | None, params: Mapping[str, str]
    ) -> Protocol[Response]:
        headers = {"Accept": "application/json"}
        if self._needs_token:
            token = yield from self._valid_token()
            headers["Authorization"] = f"Bearer {token}"
        request = Request(method=method, url=url, params=params, body=body, headers=headers)
        return (yield from self._send(request, what))

    def _send(self, request: Request, what: str) -> Protocol[Response]:
        try:
            response = yield request
        except TransportError as error:
            reason = str(error)
            message = no_answer(reason, what, self._access.context, self._access.timeout)
            raise ApiError(message, was_done=error.was_sent, is_lasting=is_lasting(reason)) from error
        assert response is not None  # noqa: S101 (a driver answers every request)
        self.server_time = _date(response) or self.server_time
        return response

    @property
    def _needs_token(self) -> bool:
        return bool(self._access.client_id and self._access.client_secret)

    def _valid_token(self) -> Protocol[str]:
        if self._token is None or self._clock() >= self._token_ends:
            yield from self._fetch_token()
        assert self._token is not None  # noqa: S101 (it has just been fetched)
        return self._token

    def _fetch_token(self) -> Protocol[None]:
        access = self._access
        url = urljoin(access.host.rstrip("/"), access.token_url)
        body = {
            "client_id": access.client_id,
            "client_secret": access.client_secret,
            "grant_type": "client_credentials",
        }
        what = "asking for a token"
        try:
            response = yield from self._send(Request(method="POST", url=url, body=body), what)
        except ApiError as error:
            # Whatever became of this call, the one that needs the token has not been made.
            raise ApiError(str(error), is_lasting=error.is_lasting) from error
        if response.status == 400:
            # A self-managed Airbyte answers so to wrong credentials; Airbyte Cloud says 401.
            raise ApiError(explain(401, "wrong client id or secret", what, access.context), status=401)
        answer = _read(response, what, access.context, dict)
        lifetime = float(answer.get("expires_in", 0))
        self._token = str(answer.get("access_token", ""))
        self._token_ends = self._clock() + max(lifetime - TOKEN_MARGIN, lifetime / 2)


def _jobs_from(answer: Mapping[str, Any]) -> list[Job]:
    return [job_from(each) for each in answer["data"]]


def _read(response: Response, what: str, context: ErrorContext, read: Callable[[Any], T]) -> T:
    if not 200 <= response.status < 300:
        detail = _detail(response.content)
        message = explain(response.status, detail, what, context)
        # A gateway's error says nothing about what the server behind it has done.
        raise ApiError(
            message,
            status=response.status,
            was_done=response.status >= 500,
            retry_after=_retry_after(response),
            detail=detail,
        )
    try:
        return read(json.loads(response.content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ApiError(no_json(what, context), was_done=True) from error


def _detail(content: bytes) -> str:
    """Find what the server said, in the shapes that Airbyte's errors have."""
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    data = answer.get("data")
    inner = data.get("message") if isinstance(data, dict) else None
    told = inner or answer.get("detail") or answer.get("message") or answer.get("title") or ""
    return str(told)[:300]


def _date(response: Response, header: str = "date") -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get(header, ""))
    except ValueError:
        return None


def _retry_after(response: Response) -> float | None:
    """Read how many seconds the server asks for, which it may also say as a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    now, moment = _date(response), _date(response, "retry-after")
    return None if now is None or moment is None else max(0.0, (moment - now).total_seconds())
