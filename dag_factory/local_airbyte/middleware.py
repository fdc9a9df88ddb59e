"""Stands before the public API: counts every call and makes the faults that are asked for."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from dag_factory.local_airbyte import problems
from dag_factory.local_airbyte.faults import (
    DELAY,
    DELAY_AFTER,
    DROP_AFTER,
    DROP_BEFORE,
    HTML,
    MALFORMED_JSON,
    STATUS,
    STATUS_AFTER,
    UNKNOWN_STATUS,
    Call,
    Fault,
    route_of,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dag_factory.local_airbyte.platform import Platform

WITHOUT_WORK = (DROP_BEFORE, STATUS, HTML)
HTML_PAGE = b"<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
JSON_TYPE, HTML_TYPE = (b"content-type", b"application/json"), (b"content-type", b"text/html")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class FaultMiddleware:
    """An ASGI middleware. Answers are small, so that each is held back until its fault has been made."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self._app, self._platform = app, platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        route = route_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive)
        fault = self._platform.faults.take(
            Call(route=route, connection_id=await self._connection_id(scope, body))
        )
        reply = await self._reply(scope, body, fault)
        self._platform.counters.count(route, "dropped" if reply is None else str(reply.status))
        await (_drop(scope, receive) if reply is None else _send_reply(send, reply))

    async def _reply(self, scope: Scope, body: bytes, fault: Fault | None) -> Reply | None:
        if fault is not None and fault.kind == DELAY:
            await asyncio.sleep(fault.seconds)
        worked = None if fault is not None and fault.kind in WITHOUT_WORK else await self._work(scope, body)
        if fault is not None and fault.kind == DELAY_AFTER:
            await asyncio.sleep(fault.seconds)
        return worked if fault is None else distort(fault, worked)

    async def _work(self, scope: Scope, body: bytes) -> Reply:
        """Let the application answer."""
        received = iter([{"type": "http.request", "body": body, "more_body": False}])
        messages: list[Message] = []

        async def receive() -> Message:
            return next(received, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        start, *rest = messages
        content = b"".join(message.get("body", b"") for message in rest)
        return Reply(status=start["status"], headers=tuple(start["headers"]), body=content)

    async def _connection_id(self, scope: Scope, body: bytes) -> str | None:
        """The connection that the call is about; looked up only if a fault asks for it."""
        if not any(fault.connection_id for fault in self._platform.faults.faults()):
            return None
        query = parse_qs(scope["query_string"].decode("latin-1")).get("connectionId", [None])
        last = scope["path"].rsplit("/", 1)[-1]
        if "/connections/" in scope["path"]:
            return str(last)
        if "/jobs/" in scope["path"] and last.isdigit():
            job = await asyncio.to_thread(self._platform.store.find_job, int(last))
            return None if job is None else job.connection_id
        return _posted_connection_id(body) or query[0]


def distort(fault: Fault, worked: Reply | None) -> Reply | None:
    """What a fault makes of an answer; None closes the socket without one."""
    if fault.kind in (DROP_BEFORE, DROP_AFTER):
        return None
    if fault.kind in (STATUS, STATUS_AFTER):
        return _error(fault)
    if fault.kind == HTML or worked is None:
        return Reply(status=fault.code or 200, headers=(HTML_TYPE,), body=HTML_PAGE)
    if fault.kind == MALFORMED_JSON:
        cut = worked.body[: len(worked.body) // 2]
        return Reply(status=fault.code or worked.status, headers=(JSON_TYPE,), body=cut)
    if fault.kind == UNKNOWN_STATUS:
        return replace(worked, headers=(JSON_TYPE,), body=_with_status(worked.body, fault.unknown))
    return worked


def _error(fault: Fault) -> Reply:
    status = fault.code or 503
    body = problems.of_status(status).body if fault.body is None else fault.body
    retry_after = [] if fault.retry_after is None else [(b"retry-after", str(fault.retry_after).encode())]
    return Reply(status=status, headers=(JSON_TYPE, *retry_after), body=json.dumps(body).encode())


def _with_status(body: bytes, status: str) -> bytes:
    document = json.loads(body)
    for job in document.get("data", [document]):
        job["status"] = status
    return json.dumps(document).encode()


def _posted_connection_id(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    connection_id = document.get("connectionId") if isinstance(document, dict) else None
    return connection_id if isinstance(connection_id, str) else None


async def _read_body(receive: Receive) -> bytes:
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _send_reply(send: Send, reply: Reply) -> None:
    headers = [(name, value) for name, value in reply.headers if name != b"content-length"]
    # A 204 has neither a body nor a length.
    length = [] if reply.status == 204 else [(b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": reply.body})


async def _drop(scope: Scope, receive: Receive) -> None:
    """Close the client's socket; the server is told before this returns, and so does not answer 500."""
    scope["state"]["transport"].abort()
    while (await receive())["type"] != "http.disconnect":
        pass
