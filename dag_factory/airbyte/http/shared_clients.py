"""The HTTP clients of a triggerer: one for each Airbyte and its credentials, shared by all triggers.

A triggerer runs a thousand triggers in one event loop. Each with a client of its own would be a thousand
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
from dag_factory.airbyte.http.client import MOST_SOCKETS, HttpClient

# At most so many calls a second to one Airbyte.
MOST_CALLS_PER_SECOND = 50.0
# How long what was read of an Airflow connection holds, in seconds: a restart asks for it a thousand times.
LOOKUP_SECONDS = 30.0


class SharedClient:
    """A client whose sockets, calls a second and token are shared by its users."""

    def __init__(self, access: Access) -> None:
        self.tokens = TokenCache(time.monotonic)
        self.users = 0
        self._http = HttpClient(access)
        self._slots = asyncio.Semaphore(MOST_SOCKETS)
        self._shared: dict[str, asyncio.Task[Response]] = {}
        self._gate = asyncio.Lock()
        self._last_call = -math.inf

    async def send(self, request: Request) -> Response:
        """Send a request when its turn has come; raises TransportError."""
        return await (self._share(request) if request.is_shareable else self._send(request))

    async def _share(self, request: Request) -> Response:
        """Send a request once for all who want it at the same time: a thousand triggers need one token."""
        task = self._shared.get(request.url)
        if task is None or task.done():
            task = self._shared[request.url] = asyncio.ensure_future(self._send(request))
        # One who stops to wait must not end it for the others.
        return await asyncio.shield(task)

    async def _send(self, request: Request) -> Response:
        await self._turn()
        async with self._slots:
            return await self._http.send(request)

    async def aclose(self) -> None:
        """End the calls that nobody waits for any more, and close all sockets."""
        for task in self._shared.values():
            task.cancel()
        await asyncio.gather(*self._shared.values(), return_exceptions=True)
        await self._http.aclose()

    async def _turn(self) -> None:
        """Let one call after the other pass, by the time that it is then.

        A turn that was reckoned ahead would pass together with all others that an event loop has kept waiting
        while it was blocked.
        """
        loop = asyncio.get_running_loop()
        async with self._gate:
            rest = self._last_call + 1 / MOST_CALLS_PER_SECOND - loop.time()
            if rest > 0:
                await asyncio.sleep(rest)
            self._last_call = loop.time()


@dataclass(frozen=True)
class _Shared:
    """What the triggers of one event loop share: clients by Airbyte, and reads of Airflow connections."""

    clients: dict[Access, SharedClient] = field(default_factory=dict)
    lookups: dict[str, tuple[float, asyncio.Task[Access]]] = field(default_factory=dict)


# A client belongs to its event loop. It goes with its last user, and what is left with the loop.
_SHARED: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


@asynccontextmanager
async def lease(access: Access) -> AsyncIterator[SharedClient]:
    """Give the client for an Airbyte to one more user; the last one closes it."""
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
    """Look up an Airflow connection, once for all who ask within half a minute; raises what that raises."""
    lookups = _shared().lookups
    now = asyncio.get_running_loop().time()
    begun, task = lookups.get(conn_id, (0.0, None))
    if task is None or now - begun >= LOOKUP_SECONDS or (task.done() and _has_failed(task)):
        task = asyncio.ensure_future(_awaited(look_up))
        lookups[conn_id] = (now, task)
    # One who stops to wait must not end it for the others.
    return await asyncio.shield(task)


def _has_failed(task: asyncio.Task[Access]) -> bool:
    return task.cancelled() or task.exception() is not None


async def _awaited(look_up: Callable[[], Awaitable[Access]]) -> Access:
    return await look_up()


def _shared() -> _Shared:
    return _SHARED.setdefault(asyncio.get_running_loop(), _Shared())
