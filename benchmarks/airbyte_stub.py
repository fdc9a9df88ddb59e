"""A stub of Airbyte's API on the loopback that counts calls and sockets; its jobs run until they are ended.

The local Airbyte of this package is a whole server, whose CPU time would be part of the figures.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LOOPBACK = "127.0.0.1"
PREFIX = "/api/public/v1"
TOKEN_PATH = "/applications/token"  # noqa: S105 (a path)
TOKEN = "a-token-of-the-stub"  # noqa: S105 (made up)
# As long as Airbyte's own token, in seconds.
TOKEN_SECONDS = 900
# How often the stub checks whether it is late, in seconds.
LAG_EVERY = 0.05
WORKSPACE = str(uuid.UUID(int=1, version=4))
SUCCEEDED, RUNNING, CANCELLED = "succeeded", "running", "cancelled"

Answer = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: when it arrived, in seconds of `time.monotonic`, and its method and path."""

    moment: float
    method: str
    path: str


@dataclass(slots=True)
class Sockets:
    """How many connections are open, and how many were open at most."""

    now: int = 0
    peak: int = 0

    def opened(self) -> None:
        """Count one more."""
        self.now += 1
        self.peak = max(self.peak, self.now)

    def closed(self) -> None:
        """Count one less."""
        self.now -= 1


@dataclass(slots=True)
class Jobs:
    """The jobs by their ids. `begin` adds one that runs until `end_all`."""

    by_id: dict[int, dict[str, Any]] = field(default_factory=dict)

    def begin(self, connection_id: str) -> dict[str, Any]:
        """Add a running job."""
        job = {
            "jobId": len(self.by_id) + 1,
            "status": RUNNING,
            "jobType": "sync",
            "startTime": _now(),
            "connectionId": connection_id,
            "duration": "PT5M",
            "bytesSynced": 1024,
            "rowsSynced": 100,
        }
        self.by_id[job["jobId"]] = job
        return job

    def end_all(self) -> None:
        """Let all running jobs succeed."""
        for job in self.by_id.values():
            if job["status"] == RUNNING:
                job.update(status=SUCCEEDED, lastUpdatedAt=_now())

    def running(self, connection_id: str) -> bool:
        """Whether a connection has a running job."""
        return any(
            job["connectionId"] == connection_id and job["status"] == RUNNING for job in self.by_id.values()
        )

    def listed(self, query: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """Return the jobs that match a query, the oldest first unless it says otherwise."""
        names = ("connectionId", "jobType", "status")
        found = [
            job
            for job in self.by_id.values()
            if all(job[name] in query.get(name, [job[name]]) for name in names)
        ]
        if query.get("orderBy", [""])[0].endswith("DESC"):
            found.reverse()
        offset = int(query.get("offset", ["0"])[0])
        return found[offset : offset + int(query.get("limit", ["20"])[0])]


class AirbyteStub:
    """Serves in a thread. `calls` and `sockets` count since the start or the last `forget`.

    `latency` is how long each answer takes, in seconds. `lag` is the longest delay of the stub itself, in
    seconds: calls that arrive during it seem to come together.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.jobs = Jobs()
        self.calls: list[Call] = []
        self.sockets = Sockets()
        self.lag = 0.0
        self.url = ""
        self._latency = latency
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._is_ready = threading.Event()

    @contextmanager
    def started(self) -> Iterator[Self]:
        """Serve until the `with` block ends."""
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        thread.start()
        try:
            self._is_ready.wait()
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()
            self._loop.close()

    def forget(self) -> None:
        """Reset all counts and jobs."""
        self.jobs = Jobs()
        self.calls = []
        self.lag = 0.0
        self.sockets.peak = self.sockets.now

    async def _serve(self) -> None:
        # Longer than asyncio's queue of 100, so that the stub does not limit a burst.
        server = await asyncio.start_server(self._converse, LOOPBACK, 0, backlog=4096)
        self.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}{PREFIX}"
        self._is_ready.set()
        watching = asyncio.create_task(self._watch_lag())
        await self._over.wait()
        watching.cancel()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _watch_lag(self) -> None:
        while True:
            due = time.monotonic() + LAG_EVERY
            await asyncio.sleep(LAG_EVERY)
            self.lag = max(self.lag, time.monotonic() - due)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until the other side closes it."""
        self.sockets.opened()
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await self._answer_next(reader, writer)
        finally:
            self.sockets.closed()
            writer.close()

    async def _answer_next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        address = urlsplit(target)
        path = address.path.removeprefix(PREFIX)
        self.calls.append(Call(time.monotonic(), method, path))
        if self._latency:
            await asyncio.sleep(self._latency)
        status, answer = self._answer(method, path, parse_qs(address.query), headers, body)
        writer.write(_response(status, answer))
        await writer.drain()

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, Sequence[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        if path == TOKEN_PATH:
            return 200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"title": "invalid-api-key"}
        kind, _, rest = path.strip("/").partition("/")
        if kind == "connections":
            return 200, {"connectionId": rest, "workspaceId": WORKSPACE, "status": "active"}
        if kind != "jobs":
            return 404, {"title": "resource-not-found"}
        if rest:
            return self._one_job(method, int(rest))
        return self._new_job(json.loads(body)) if method == "POST" else self._list(query)

    def _one_job(self, method: str, job_id: int) -> Answer:
        job = self.jobs.by_id.get(job_id)
        if job is None:
            return 409, {"title": "state-conflict", "data": {"message": "Job is not currently running"}}
        if method == "DELETE" and job["status"] == RUNNING:
            job.update(status=CANCELLED, lastUpdatedAt=_now())
        return 200, job

    def _new_job(self, wanted: Mapping[str, str]) -> Answer:
        connection_id = wanted["connectionId"]
        if self.jobs.running(connection_id):
            return 409, {"data": {"message": f"A sync is already running for: {connection_id}"}}
        return 200, self.jobs.begin(connection_id)

    def _list(self, query: Mapping[str, Sequence[str]]) -> Answer:
        return 200, {"data": self.jobs.listed(query), "next": "", "previous": ""}


def busiest(moments: Sequence[float], seconds: float = 1.0) -> int:
    """Return how many of these ascending times are in the busiest span of this many seconds."""
    first = most = 0
    for number, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, number - first + 1)
    return most


def _response(status: int, answer: Mapping[str, Any]) -> bytes:
    content = json.dumps(answer).encode()
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = (
        f"HTTP/1.1 {status} .\r\ndate: {date}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
