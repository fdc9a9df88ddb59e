"""The HTTP client of a worker, which blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.effects import Request, Response
from dag_factory.airbyte.http.client import HttpClient

# How long the client's thread may take to end, in seconds.
_CLOSE_SECONDS = 5.0


@contextmanager
def open_worker_client(access: Access) -> Iterator[ThreadClient]:
    """Open a client that blocks, with the same limits as the clients of a triggerer.

    The calls run in an event loop in a thread of their own: only there can one time limit end a whole call,
    including name resolution and a response that arrives byte by byte.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="airbyte-http", daemon=True)
    thread.start()
    client = HttpClient(access)
    try:
        yield ThreadClient(client, loop)
    finally:
        closing = asyncio.run_coroutine_threadsafe(_close(client), loop)
        closing.add_done_callback(lambda _done: loop.call_soon_threadsafe(loop.stop))
        thread.join(_CLOSE_SECONDS)
        if not thread.is_alive():
            loop.close()


class ThreadClient:
    """Sends requests through a client in the event loop of another thread."""

    def __init__(self, client: HttpClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop

    def send(self, request: Request) -> Response:
        """Send a request; raises TransportError. A signal handler that raises ends the wait."""
        return asyncio.run_coroutine_threadsafe(self._client.send(request), self._loop).result()


async def _close(client: HttpClient) -> None:
    """Cancel the calls that an exception has left running, and close all sockets."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await client.aclose()
