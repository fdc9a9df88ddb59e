"""The HTTP clients of a triggerer: one for each Airbyte and its credentials, shared by all triggers.

A triggerer runs a thousand triggers in one event loop. If each had its own client, there would be a thousand
sockets and a thousand tokens, and after a restart a thousand calls within two seconds to a server that
answers with five threads (`PUBLIC_API_EXECUTOR_THREADS`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.effects import Request, Response
from dag_factory.airbyte.http.client import MAX_SOCKETS, HttpClient

# The limit of calls to one Airbyte.
MAX_CALLS_PER_SECOND = 50.0
# How long an Airflow connection that was read is reused: after a restart, a thousand triggers need it.
LOOKUP_SECONDS = 30.0


class SharedClient:
    """A client whose users share its sockets, its limit of calls a second, and its token."""

    def __init__(self, access: Access) -> None:
        self.tokens = TokenCache(time.monotonic)
        self.users = 0
        self._http = HttpClient(access)
        self._slots = asyncio.Semaphore(MAX_SOCKETS)
        self._shared: dict[str, asyncio.Task[Response]] = {}
        self._gate = asyncio.Lock()
        self._last_call = -math.inf

    async def send(self, request: Request) -> Response:
        """Send a request when it is its turn; raises TransportError."""
        return await (self._share(request) if request.is_shareable else self._send(request))

    async def _share(self, request: Request) -> Response:
        """Send equal requests of the same time only once: a thousand triggers need one token."""
        task = self._shared.get(request.url)
        if task is None or task.done():
            task = self._shared[request.url] = asyncio.ensure_future(self._send(request))
        # A user who stops waiting must not cancel it for the others.
        return await asyncio.shield(task)

    async def _send(self, request: Request) -> Response:
        await self._turn()
        async with self._slots:
            return await self._http.send(request)

    async def aclose(self) -> None:
        """Cancel the calls that nobody waits for, and close all sockets."""
        for task in self._shared.values():
            task.cancel()
        await asyncio.gather(*self._shared.values(), return_exceptions=True)
        await self._http.aclose()

    async def _turn(self) -> None:
        """Limit the rate of calls: wait until the next one is due.

        Each turn is computed when the previous call has passed. Turns that are computed ahead would all be
        over at once after the event loop was blocked.
        """
        loop = asyncio.get_running_loop()
        async with self._gate:
            rest = self._last_call + 1 / MAX_CALLS_PER_SECOND - loop.time()
            if rest > 0:
                await asyncio.sleep(rest)
            self._last_call = loop.time()


@dataclass(frozen=True)
class _Shared:
    """What the triggers of one event loop share: clients, and Airflow connections that were read."""

    clients: dict[Access, SharedClient] = field(default_factory=dict)
    lookups: dict[str, tuple[float, asyncio.Task[Access]]] = field(default_factory=dict)


# A client belongs to its event loop. It is closed after its last user, and dropped with the loop.
_SHARED: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


@asynccontextmanager
async def lease(access: Access) -> AsyncIterator[SharedClient]:
    """Share the client of an Airbyte server; it is closed when the last user leaves the block."""
    clients = _shared().clients
    client = clients.get(access)
    if client is None:
        client = clients[access] = SharedClient(access)
    client.users += 1
    try:
        yield client
    finally:
        client.users -= 1
        if client.users == 0:
            del clients[access]
            await client.aclose()


async def share_lookup(conn_id: str, look_up: Callable[[], Awaitable[Access]]) -> Access:
    """Look up an Airflow connection, once for all calls within `LOOKUP_SECONDS`.

    Raises what the lookup raises.
    """
    lookups = _shared().lookups
    now = asyncio.get_running_loop().time()
    begun, task = lookups.get(conn_id, (0.0, None))
    if task is None or now - begun >= LOOKUP_SECONDS or (task.done() and _has_failed(task)):
        task = asyncio.ensure_future(_awaited(look_up))
        lookups[conn_id] = (now, task)
    # A user who stops waiting must not cancel it for the others.
    return await asyncio.shield(task)


def _has_failed(task: asyncio.Task[Access]) -> bool:
    return task.cancelled() or task.exception() is not None


async def _awaited(look_up: Callable[[], Awaitable[Access]]) -> Access:
    return await look_up()


def _shared() -> _Shared:
    return _SHARED.setdefault(asyncio.get_running_loop(), _Shared())
