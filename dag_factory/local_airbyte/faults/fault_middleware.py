"""The middleware around the public API: injects faults and counts calls."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dag_factory.local_airbyte.faults.active_faults import ActiveFaults, Call
from dag_factory.local_airbyte.faults.delivery import (
    Reply,
    drip_body,
    drip_everything,
    drop,
    send_reply,
    with_date,
)
from dag_factory.local_airbyte.faults.distortions import (
    ANSWERED_EARLY,
    ReceivedRequest,
    answer_early,
    distort,
    distort_list,
    distort_query,
    is_list,
)
from dag_factory.local_airbyte.faults.fault import (
    DELAY,
    DELAY_AFTER,
    DRIP,
    LATE_JOB,
    WRONG_JOB,
    ZONE_LESS,
    Fault,
)
from dag_factory.local_airbyte.faults.list_distortions import WHOLE_LIST, Page, page_query
from dag_factory.local_airbyte.faults.request_counts import RequestCounts
from dag_factory.local_airbyte.faults.route_names import route_of
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.job_query import MAX_LIMIT, JobQuery
from dag_factory.local_airbyte.model.json_values import parse_json
from dag_factory.local_airbyte.storage.store import Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

JOB_ID = re.compile(r"[0-9]{1,19}")


class FaultMiddleware:
    """An ASGI middleware. Answers are small, so each is held back until its fault is applied."""

    def __init__(
        self, app: ASGIApp, *, faults: ActiveFaults, counts: RequestCounts, store: Store, clock: Clock
    ) -> None:
        self._app, self._faults, self._counts = app, faults, counts
        self._store, self._clock = store, clock
        self._late: set[asyncio.Task[Reply]] = set()  # asyncio does not keep tasks alive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        route = route_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        request = await _read(scope, receive)
        call = Call(
            route=route,
            connection_id=await self._connection_id(request),
            query=dict(parse_qsl(request.query, keep_blank_values=True)),
        )
        fault = self._faults.take(call)
        reply = await self._reply(scope, request, fault)
        self._counts.count(route, "dropped" if reply is None else str(reply.status))
        await self._deliver(reply, fault, scope, receive, send)

    async def _deliver(
        self, reply: Reply | None, fault: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if reply is None:
            await drop(scope, receive)
            return
        kind = None if fault is None else fault.kind
        reply = with_date(reply, self._clock.now(), has_zone=kind != ZONE_LESS)
        if fault is None or kind != DRIP:
            await send_reply(send, reply)
        elif fault.headers:
            await drip_everything(scope, receive, reply, fault.seconds)
        else:
            await drip_body(scope, send, reply, fault.seconds)

    async def _reply(self, scope: Scope, request: ReceivedRequest, fault: Fault | None) -> Reply | None:
        if fault is None:
            return await self._call_app(scope, request)
        if fault.kind == LATE_JOB:
            await self._call_app_later(scope, request, fault.seconds)
        if fault.kind in ANSWERED_EARLY:
            return answer_early(fault, request)
        if fault.kind == DELAY:
            await asyncio.sleep(fault.seconds)
        reply = await self._call_app(await self._changed_scope(fault, scope, request), request)
        if fault.kind in WHOLE_LIST and is_list(reply):
            return distort_list(fault, reply, await self._whole_list(scope, request), request)
        if fault.kind == DELAY_AFTER:
            await asyncio.sleep(fault.seconds)
        return distort(fault, reply, request)

    async def _call_app(self, scope: Scope, request: ReceivedRequest) -> Reply:
        """Let the application answer."""
        received = iter([{"type": "http.request", "body": request.body, "more_body": False}])
        messages: list[Message] = []

        async def receive() -> Message:
            return next(received, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        start, *rest = messages
        content = b"".join(message.get("body", b"") for message in rest)
        return Reply(status=start["status"], headers=tuple(start["headers"]), body=content)

    async def _whole_list(self, scope: Scope, request: ReceivedRequest) -> list[object]:
        """Let the application answer with one page after the other; return the items of all."""
        items: list[object] = []
        while True:
            query = page_query(request.query, Page(limit=MAX_LIMIT, offset=len(items)))
            reply = await self._call_app({**scope, "query_string": query.encode()}, request)
            page = json.loads(reply.body)["data"] if is_list(reply) else []
            items += page
            if len(page) < MAX_LIMIT:
                return items

    async def _call_app_later(self, scope: Scope, request: ReceivedRequest, seconds: float) -> None:
        """Call the application after some seconds (0: now), unless the server stops before."""
        if seconds == 0:
            await self._call_app(scope, request)
            return

        async def call() -> Reply:
            await asyncio.sleep(seconds)
            return await self._call_app(scope, request)

        task = asyncio.create_task(call())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _changed_scope(self, fault: Fault, scope: Scope, request: ReceivedRequest) -> Scope:
        """Return the request for the application."""
        path = request.path
        if fault.kind == WRONG_JOB and (other := await asyncio.to_thread(self._other_job, fault, path)):
            path = f"{path.rsplit('/', 1)[0]}/{other}"
        return {**scope, "path": path, "query_string": distort_query(fault, request.query).encode()}

    def _other_job(self, fault: Fault, path: str) -> int | None:
        """Return the job to answer with instead of the requested one; None if there is no other."""
        if fault.job_id is not None:
            return fault.job_id
        newest = self._store.jobs(JobQuery(order_by="createdAt|DESC", limit=2))
        return next((job.job_id for job in newest if str(job.job_id) != path.rsplit("/", 1)[-1]), None)

    async def _connection_id(self, request: ReceivedRequest) -> str | None:
        """Return the connection of the call; found only if a fault needs it."""
        if not any(fault.connection_id for fault in self._faults.faults()):
            return None
        last = request.path.rsplit("/", 1)[-1]
        if "/connections/" in request.path:
            return last
        if "/jobs/" in request.path and JOB_ID.fullmatch(last):
            job = await asyncio.to_thread(self._store.find_job, int(last))
            return None if job is None else job.connection_id
        return _posted_connection_id(request.body) or dict(parse_qsl(request.query)).get("connectionId")


def _posted_connection_id(body: bytes) -> str | None:
    try:
        document = parse_json(body)
    except ValueError:
        return None
    connection_id = document.get("connectionId") if isinstance(document, dict) else None
    return connection_id if isinstance(connection_id, str) else None


async def _read(scope: Scope, receive: Receive) -> ReceivedRequest:
    """Read the whole request."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    query = scope["query_string"].decode("latin-1")
    return ReceivedRequest(
        path=scope["path"], query=query, headers=tuple(scope["headers"]), body=b"".join(chunks)
    )
