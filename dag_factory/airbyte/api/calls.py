"""The calls to Airbyte's API that one sync needs.

The official SDK does not fit: it raises on a status that it does not know, it does not renew an expired
token, and its call for a token blocks the event loop (airbyte-api 1.0.1).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import urljoin

from dag_factory.airbyte.api.access import Access, basic_authorization, without_user
from dag_factory.airbyte.api.errors import (
    ApiError,
    ErrorContext,
    UnreadableError,
    explain_no_response,
    explain_redirect,
    explain_status,
    explain_token_status,
    explain_unreadable,
    explain_unusable_token,
)
from dag_factory.airbyte.api.model import Connection, Job, connection_from, job_from
from dag_factory.airbyte.api.responses import detail_of, redirect_target, retry_after, server_time
from dag_factory.airbyte.api.tokens import TokenCache, lifetime_of, usable_token
from dag_factory.airbyte.effects import Effects, Request, Response, TransportError

T = TypeVar("T")

# Jobs on the first page of a list and on further pages: Airbyte's default and its maximum.
_PAGE, _LARGE_PAGE = 20, 100
# Pages that are read of a list that does not begin with the newest job: 10,000 jobs.
_MAX_PAGES = 100
# What a server that does not know `orderBy` may answer.
_ORDER_REFUSED = frozenset((400, 422, 500, 501))


class Api:
    """A client of one Airbyte server. `tokens` may be shared between clients of that server."""

    def __init__(self, access: Access, tokens: TokenCache) -> None:
        self._access = access
        self._tokens = tokens
        self._base = without_user(access.host).rstrip("/")
        self._can_order = True
        # Whether a call, other than that for a token, has had an answer of Airbyte's API.
        self._has_read = False
        # The server's clock at its last response, in seconds since 1970.
        self.server_time: float | None = None

    @property
    def access(self) -> Access:
        """The Airbyte that is called."""
        return self._access

    def submit(self, connection_id: str) -> Effects[Job]:
        """Start a sync. Returns the connection's next job, of any type and any client; raises ApiError."""
        body = {"connectionId": connection_id, "jobType": "sync"}
        what = f"starting a sync of connection {connection_id}"
        return (yield from self._call("POST", "jobs", what, _job_of(connection_id), body=body))

    def get(self, job_id: int) -> Effects[Job]:
        """Get one job; raises ApiError."""
        what = f"the request for job {job_id}"
        return (yield from self._call("GET", f"jobs/{job_id}", what, _job_with(job_id)))

    def cancel(self, job_id: int) -> Effects[Job]:
        """Cancel what the job's connection is running: the server does not check which job that is.

        Raises ApiError.
        """
        what = f"cancelling job {job_id}"
        return (yield from self._call("DELETE", f"jobs/{job_id}", what, _job_with(job_id)))

    def connection(self, connection_id: str) -> Effects[Connection]:
        """Get a connection; raises ApiError. Its name, which is logged, is cleared of our secrets."""
        what = f"the request for connection {connection_id}"

        def read(answer: Any) -> Connection:  # noqa: ANN401 (JSON)
            name = answer.get("name")
            return connection_from({**answer, "name": self._clean(name) if isinstance(name, str) else name})

        return (yield from self._call("GET", f"connections/{connection_id}", what, read))

    def jobs(self, connection_id: str, down_to: int | None = None) -> Effects[list[Job]]:
        """List the connection's newest jobs of every type, the newest first; raises ApiError.

        With `down_to`, the list has at least all jobs that are newer than this id. The request asks for the
        order, since the server's own begins with the oldest, but does not rely on it: gateways drop
        parameters. A list in another order, or with jobs of other connections, is read to its end.
        """
        found: dict[int, Job] = {}
        offset = 0
        for number in range(_MAX_PAGES):
            page = yield from self._page(connection_id, _PAGE if number == 0 else _LARGE_PAGE, offset)
            is_new = any(job.job_id not in found for job in page)
            found.update((job.job_id, job) for job in page)
            offset += len(page)
            reaches = down_to is None or any(job.job_id <= down_to for job in page)
            # A gateway may limit a page to fewer jobs than asked for.
            is_enough = reaches or len(page) < _PAGE
            if not is_new or (is_enough and _is_newest_first(page, connection_id)):
                own = (job for job in found.values() if job.connection_id == connection_id)
                return sorted(own, key=lambda job: job.job_id, reverse=True)
        what = f"listing the jobs of connection {connection_id}"
        message = explain_unreadable(what, f"is not newest first and has over {offset} jobs", self._context)
        raise ApiError(message, is_permanent=True)

    def _page(self, connection_id: str, limit: int, offset: int) -> Effects[list[Job]]:
        """Read one page of a list, without an order if the server refuses to sort."""
        what = f"listing the jobs of connection {connection_id}"
        params = {"connectionId": connection_id, "limit": str(limit), "offset": str(offset)}
        if not self._can_order:
            return (yield from self._call("GET", "jobs", what, _jobs_from, params=params))
        try:
            ordered = {**params, "orderBy": "createdAt|DESC"}
            return (yield from self._call("GET", "jobs", what, _jobs_from, params=ordered))
        except ApiError as error:
            if error.status not in _ORDER_REFUSED:
                raise
            page = yield from self._page_unordered(what, params, error)
            self._can_order = False
            return page

    def _page_unordered(self, what: str, params: Mapping[str, str], refusal: ApiError) -> Effects[list[Job]]:
        try:
            return (yield from self._call("GET", "jobs", what, _jobs_from, params=params))
        except ApiError:
            raise refusal from None

    def _call(
        self,
        method: str,
        path: str,
        what: str,
        read: Callable[[Any], T],
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Effects[T]:
        url = f"{self._base}/{path}"
        token = yield from self._valid_token()
        response = yield from self._send(self._request(method, url, token, body, params), what)
        if response.status == 401 and token is not None:
            # The token expired early: the server restarted, or gave a lifetime that is too long.
            self._tokens.drop(token)
            token = yield from self._valid_token()
            response = yield from self._send(self._request(method, url, token, body, params), what)
        answer = self._read(response, what, read)
        self._has_read = True
        return answer

    def _request(
        self,
        method: str,
        url: str,
        token: str | None,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None,
    ) -> Request:
        basic = basic_authorization(self._access.host)
        authorization = basic if token is None else f"Bearer {token}"
        headers = {"Accept": "application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        return Request(method=method, url=url, params=params or {}, body=body, headers=headers)

    def _send(self, request: Request, what: str) -> Effects[Response]:
        try:
            response = yield request
        except TransportError as error:
            text = explain_no_response(str(error), what, self._context, self._access.timeout)
            raise self._error(text, may_have_acted=error.was_sent, is_permanent=error.is_permanent) from None
        assert response is not None  # noqa: S101 (a driver answers every request)
        self.server_time = server_time(response) or self.server_time
        return response

    def _valid_token(self) -> Effects[str | None]:
        """Return a token that is valid now, None if calls carry none."""
        if not self._access.needs_token:
            return None
        return self._tokens.token or (yield from self._fetch_token())

    def _fetch_token(self) -> Effects[str]:
        access = self._access
        body = {
            "client_id": access.client_id,
            "client_secret": access.client_secret,
            "grant_type": "client_credentials",
        }
        url = urljoin(self._base, access.token_url)
        what = "the request for a token"
        try:
            request = Request(method="POST", url=url, body=body, is_shareable=True)
            response = yield from self._send(request, what)
            if not 200 <= response.status < 300:
                self._refuse_token(response)
            value, lifetime = self._read(response, what, _token_from)
        except ApiError as error:
            # Whatever this call has done, the call that needs the token was not sent.
            raise _before_the_call(error) from None
        token = self._usable(value)
        self._tokens.put(token, lifetime)
        return token

    def _usable(self, value: object) -> str:
        """Check a token; raises a permanent ApiError if it does not fit into a header."""
        try:
            return usable_token(value)
        except ValueError:
            text = explain_unusable_token(self._context, self._access.token_url)
            raise self._error(text, is_permanent=True, is_about_token=True) from None

    def _refuse_token(self, response: Response) -> NoReturn:
        if 300 <= response.status < 400:
            self._refuse(response, "the request for a token")
        detail = detail_of(response.content, self._clean)
        text = explain_token_status(response.status, detail, self._context, self._access.token_url)
        status = 401 if response.status == 400 else response.status
        raise self._error(text, status=status, retry_after=retry_after(response))

    def _read(self, response: Response, what: str, read: Callable[[Any], T]) -> T:
        if not 200 <= response.status < 300:
            self._refuse(response, what)
        try:
            return read(json.loads(response.content))
        except _UNREADABLE:
            reason = "is not what Airbyte's API returns"
            text = explain_unreadable(what, reason, self._context, is_host_right=self._has_read)
            raise UnreadableError(self._clean(text), may_have_acted=True) from None

    def _refuse(self, response: Response, what: str) -> NoReturn:
        status = response.status
        if 300 <= status < 400:
            target = redirect_target(response, self._clean)
            text = explain_redirect(status, target, what, self._context)
            raise self._error(text, status=status, is_permanent=True)
        detail = detail_of(response.content, self._clean)
        raise self._error(
            explain_status(status, detail, what, self._context),
            status=status,
            # After a gateway's error, the server behind it may have acted. So may it after a conflict, unless
            # a job is already running (airbyte-platform, `startNewManualSyncAndWaitForJobId`).
            may_have_acted=status >= 500 or status in (408, 409),
            retry_after=retry_after(response),
            detail=detail,
        )

    def _error(self, text: str, **fields: Any) -> ApiError:  # noqa: ANN401 (the fields of ApiError)
        return ApiError(self._clean(text), **fields)

    def _clean(self, text: str) -> str:
        """Remove every secret from a text: a server or a gateway may repeat what it was sent."""
        for secret in (*self._access.secrets, self._tokens.latest):
            if secret:
                text = text.replace(secret, "***")
        return text

    @property
    def _context(self) -> ErrorContext:
        return self._access.context


# What reading a response can raise: broken or deeply nested JSON, numbers that are too large, wrong shapes.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def _job_of(connection_id: str) -> Callable[[Any], Job]:
    """Return a reader of a job that checks its connection: proxies may mix up responses."""

    def read(answer: Any) -> Job:  # noqa: ANN401 (JSON)
        job = job_from(answer)
        if job.connection_id != connection_id:
            message = "a job of another connection"
            raise ValueError(message)
        return job

    return read


def _job_with(job_id: int) -> Callable[[Any], Job]:
    """Return a reader of a job that checks its id: proxies may mix up responses."""

    def read(answer: Any) -> Job:  # noqa: ANN401 (JSON)
        job = job_from(answer)
        if job.job_id != job_id:
            message = "another job"
            raise ValueError(message)
        return job

    return read


def _jobs_from(answer: Mapping[str, Any]) -> list[Job]:
    return [job_from(each) for each in answer["data"]]


def _is_newest_first(page: list[Job], connection_id: str) -> bool:
    ids = [job.job_id for job in page]
    is_sorted = all(one > other for one, other in itertools.pairwise(ids))
    return is_sorted and all(job.connection_id == connection_id for job in page)


def _token_from(answer: Mapping[str, Any]) -> tuple[object, float]:
    return answer["access_token"], lifetime_of(answer.get("expires_in"))


def _before_the_call(error: ApiError) -> ApiError:
    return type(error)(
        str(error),
        status=error.status,
        retry_after=error.retry_after,
        detail=error.detail,
        is_permanent=error.is_permanent,
        is_about_token=True,
    )
