"""An in-memory Airbyte: jobs of every type on one connection, faults for future calls, and counts.

It answers a submission as Airbyte's own code does (airbyte-platform, `TemporalClient.kt`): 409 while a job
runs, the waiting job whatever its type, else a new job. Time passes only when a caller pauses.
"""

from __future__ import annotations

import json
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from dag_factory.airbyte.effects import Request, Response, TransportError

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
OTHER_UUID = "1e3b5a72-7bfd-4808-a13c-204505490111"
WORKSPACE = "9b36a871-32a3-4d7d-8a3e-5a1f37b5c0aa"
HOST = "http://airbyte/api/public/v1"
# The server's clock at the start, in seconds since 1970.
DAWN = 1_800_000_000.0

# The names of the calls for faults and counts.
POST, LIST, GET, DELETE = "POST /jobs", "GET /jobs", "GET /jobs/{id}", "DELETE /jobs/{id}"
CONNECTION, TOKEN = "GET /connections/{id}", "POST /applications/token"

FINAL = ("succeeded", "failed", "cancelled")
# A job waits before its first attempt and between two attempts, when Airbyte's workflow does not run.
WAITING = ("pending", "queued", "incomplete")

Fault = Any  # a status, a name of `_FAULTS`, a Response, a function of the Airbyte, or None for a good call


@dataclass(kw_only=True)
class FakeJob:
    """A job, which has each of its `statuses` until the seconds given with it, and then ends.

    `requested_by` names who requested it; a job with two requesters is shared.
    """

    job_id: int
    job_type: str
    statuses: deque[tuple[str, float]]
    end: str | None
    requested_by: set[str]
    status: str = "pending"
    connection_id: str = UUID
    started_at: float = 0.0
    ended_at: float | None = None

    @property
    def is_active(self) -> bool:
        return self.status not in FINAL


@dataclass
class FakeAirbyte:
    """One connection. `run_seconds` and `end` apply to the jobs that submissions create; None is forever.

    `order` is that of lists: "newest", "oldest" or "random". `ignores` names the list parameters that a
    gateway drops, `page_limit` is its maximum page size, and `order_status` is its response to a list with an
    order. `rows_after` is how long after its end the rows of a job are counted, in seconds.
    """

    now: float = 0.0
    run_seconds: float = 10.0
    wait_seconds: float = 0.0
    end: str | None = "succeeded"
    order: str = "newest"
    ignores: tuple[str, ...] = ()
    page_limit: int = 100
    order_status: int | None = None
    rows: int | None = 7
    rows_after: float = 0.0
    ignored_cancels: int = 0
    status: str | None = "active"
    schedule: Mapping[str, Any] | None = None
    lifetime: float = 900.0
    jobs: list[FakeJob] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: dict[str, deque[Callable[[], object]]] = field(default_factory=dict)
    due: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    tokens: int = 0
    cancelled: list[int] = field(default_factory=list)

    # Set up by tests.

    def fail(self, call: str, *faults: Fault) -> None:
        """Make the next calls fail."""
        self.faults.setdefault(call, deque()).extend(faults)

    def add(
        self,
        status: str = "running",
        seconds: float | None = None,
        *,
        job_type: str = "sync",
        end: str = "succeeded",
        requested_by: str = "person",
        connection_id: str = UUID,
    ) -> FakeJob:
        """Add a job that has this status for some seconds, or forever."""
        until = [] if seconds is None else [(status, self.now + seconds)]
        job = FakeJob(
            job_id=len(self.jobs) + 1,
            job_type=job_type,
            statuses=deque(until),
            end=None if seconds is None else end,
            requested_by={requested_by},
            status=status,
            connection_id=connection_id,
            started_at=self.now,
        )
        self.jobs.append(job)
        return job

    def just_before(self, call: str, *acts: Callable[[], object]) -> None:
        """Run an action just before the next call of this kind, one action per call."""
        self.before.setdefault(call, deque()).extend(acts)

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Run an action after some seconds."""
        self.due.append((self.now + seconds, act))

    def start(self, requested_by: str = "person", job_type: str = "sync") -> FakeJob | None:
        """Submit a job as a person or Airbyte's own schedule does; None if it is refused."""
        if self._running is not None:
            return None
        if self._waiting is not None:
            self._waiting.requested_by.add(requested_by)
            return self._waiting
        return self._make(requested_by, job_type)

    # Checked by tests.

    @property
    def active(self) -> list[FakeJob]:
        """Return the connection's jobs that have not ended."""
        return [job for job in self.jobs if job.is_active and job.connection_id == UUID]

    @property
    def ours(self) -> list[FakeJob]:
        """Return the jobs that our submissions requested."""
        return [job for job in self.jobs if "us" in job.requested_by]

    def count(self, call: str) -> int:
        """Return the number of calls of a kind."""
        return Counter(self.calls)[call]

    # The server.

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        target = self.now + max(seconds, 0.0)
        while self.due and min(moment for moment, _ in self.due) <= target:
            first = min(self.due, key=lambda each: each[0])
            self.due.remove(first)
            self._advance(first[0])
            first[1]()
        self._advance(target)

    def send(self, request: Request) -> Response:
        """Answer a request; raises TransportError if no response arrives."""
        response = self._answer(request)
        date = formatdate(DAWN + self.now, usegmt=True)
        return replace(response, headers={"date": date, **response.headers})

    def _answer(self, request: Request) -> Response:
        call = _call_of(request)
        self.calls.append(call)
        for act in [self.before[call].popleft()] if self.before.get(call) else []:
            act()
        waiting = self.faults.get(call)
        fault = waiting.popleft() if waiting else None
        if fault is None:
            return self._do(call, request)
        if isinstance(fault, int):
            return Response(status=fault, content=b"{}")
        if isinstance(fault, Response):
            return fault
        return _FAULTS[fault](self, call, request) if isinstance(fault, str) else fault(self, call, request)

    def _do(self, call: str, request: Request) -> Response:
        return {
            POST: self._post,
            LIST: self._list,
            GET: self._get,
            DELETE: self._delete,
            CONNECTION: self._connection,
            TOKEN: self._token,
        }[call](request)

    def _post(self, request: Request) -> Response:
        if self.status is None or (request.body or {}).get("connectionId") not in (UUID, OTHER_UUID):
            return problem(404, "resource-not-found")
        if self.status != "active":
            return problem(409, "Could not fulfill request")
        job = self.start("us")
        if job is None:
            return problem(409, f"A sync is already running for: {UUID}")
        if job.status == "incomplete":  # the wait for the next attempt is cut short
            job.status = "running"
            return self._json({**self.shown(job), "status": "incomplete"})
        return self._json(self.shown(job))

    def _list(self, request: Request) -> Response:
        params = {name: value for name, value in request.params.items() if name not in self.ignores}
        if "orderBy" in params and self.order_status is not None:
            return Response(status=self.order_status, content=b"{}")
        wanted = params.get("connectionId")
        jobs = [job for job in self.jobs if wanted in (None, job.connection_id)]
        jobs = [job for job in jobs if job.job_type == params.get("jobType", job.job_type)]
        if "orderBy" in params and self.order == "newest":
            jobs.reverse()
        if self.order == "random":
            random.Random(len(self.jobs)).shuffle(jobs)
        offset, limit = int(params.get("offset", 0)), int(params.get("limit", 20))
        limit = min(limit, self.page_limit)
        return self._json({"data": [self.shown(job) for job in jobs[offset : offset + limit]]})

    def _get(self, request: Request) -> Response:
        job = self._named(request)
        return problem(409, "Job is not currently running") if job is None else self._json(self.shown(job))

    def _delete(self, request: Request) -> Response:
        """Cancel the running job of the connection, but not in the pause between two attempts."""
        job = self._named(request)
        if job is None:
            return problem(409, "Job is not currently running")
        for running in self.active:
            if running.status == "incomplete":
                continue
            if self.ignored_cancels:
                self.ignored_cancels -= 1
                continue
            self.cancelled.append(running.job_id)
            self._end(running, "cancelled", self.now)
        return self._json(self.shown(job))

    def _connection(self, _request: Request) -> Response:
        if self.status is None:
            return problem(404, "resource-not-found")
        schedule = self.schedule or {"scheduleType": "manual"}
        shown = {"connectionId": UUID, "name": "bank → json", "status": self.status, "schedule": schedule}
        return self._json({**shown, "workspaceId": WORKSPACE})

    def _token(self, _request: Request) -> Response:
        self.tokens += 1
        return self._json({"access_token": f"token-{self.tokens}", "expires_in": self.lifetime})

    def shown(self, job: FakeJob) -> dict[str, Any]:
        """Return a job as the public API represents it."""
        is_counted = job.ended_at is None or self.now >= job.ended_at + self.rows_after
        return {
            "jobId": job.job_id,
            "status": job.status,
            "jobType": job.job_type,
            "connectionId": job.connection_id,
            "startTime": datetime.fromtimestamp(DAWN + job.started_at, UTC).isoformat(),
            "rowsSynced": self.rows if is_counted and job.job_type == "sync" else None,
        }

    @staticmethod
    def _json(value: object) -> Response:
        return Response(status=200, content=json.dumps(value).encode())

    @property
    def _running(self) -> FakeJob | None:
        return next((job for job in self.active if job.status not in WAITING), None)

    @property
    def _waiting(self) -> FakeJob | None:
        return next((job for job in self.active if job.status in WAITING), None)

    def _named(self, request: Request) -> FakeJob | None:
        number = int(urlsplit(request.url).path.rsplit("/", 1)[1])
        return self.jobs[number - 1] if 0 < number <= len(self.jobs) else None

    def _make(self, requested_by: str, job_type: str) -> FakeJob:
        job = self.add("running", requested_by=requested_by, job_type=job_type)
        begins = self.now + self.wait_seconds
        waits = [("pending", begins)] if self.wait_seconds else []
        job.statuses = deque([*waits, ("running", begins + self.run_seconds)])
        job.end = self.end
        job.status = job.statuses[0][0]
        return job

    def _advance(self, moment: float) -> None:
        self.now = max(self.now, moment)
        for job in self.jobs:
            while job.is_active and job.statuses and self.now >= job.statuses[0][1]:
                _, at = job.statuses.popleft()
                if job.statuses:
                    job.status = job.statuses[0][0]
                elif job.end is not None:
                    self._end(job, job.end, at)

    @staticmethod
    def _end(job: FakeJob, status: str, at: float) -> None:
        job.status, job.ended_at = status, at
        job.statuses.clear()


def problem(status: int, message: str) -> Response:
    """Return an error as Airbyte's public API formats it."""
    return Response(status=status, content=json.dumps({"data": {"message": message}}).encode())


def _call_of(request: Request) -> str:
    path = urlsplit(request.url).path.rpartition("/v1/")[2].strip("/")
    head, _, rest = path.partition("/")
    if head == "applications":
        return TOKEN
    return f"{request.method} /{head}/{{id}}" if rest else f"{request.method} /{head}"


def _lose(*, is_done: bool) -> Callable[[FakeAirbyte, str, Request], Response]:
    def lose(airbyte: FakeAirbyte, call: str, request: Request) -> Response:
        if is_done:
            airbyte._do(call, request)
        message = "the request timed out"
        raise TransportError(message, was_sent=True)

    return lose


def _refuse(_airbyte: FakeAirbyte, _call: str, _request: Request) -> Response:
    message = "Connection refused"
    raise TransportError(message, was_sent=False)


def _instead(status: int, content: bytes) -> Callable[[FakeAirbyte, str, Request], Response]:
    """Carry out the call, but answer with a gateway's error."""

    def answer(airbyte: FakeAirbyte, call: str, request: Request) -> Response:
        airbyte._do(call, request)
        return Response(status=status, content=content)

    return answer


def made_later(seconds: float) -> Callable[[FakeAirbyte, str, Request], Response]:
    """Answer a submission with 504 and create its job some seconds later."""

    def answer(airbyte: FakeAirbyte, _call: str, _request: Request) -> Response:
        airbyte.later(seconds, lambda: airbyte.start("us"))
        return Response(status=504, content=b"<html>")

    return answer


_FAULTS = {
    "lost after": _lose(is_done=True),
    "lost before": _lose(is_done=False),
    "refused": _refuse,
    "html after": _instead(200, b"<html>"),
    "500 after": _instead(500, b"{}"),
    "504 after": _instead(504, b"<html>"),
}
