"""A server on the loopback that sends any bytes at any pace, and counts its sockets and requests."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[["RawServer", bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """The state of a server. `behave` gets each request as bytes, and writes any response."""

    behave: Behaviour
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    open_sockets: int = 0
    most_sockets: int = 0
    sockets: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    is_ending: bool = False
    tasks: set[asyncio.Task] = field(default_factory=set)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one socket until the client closes it."""
        self.sockets += 1
        self.open_sockets += 1
        self.most_sockets = max(self.most_sockets, self.open_sockets)
        self.closed.clear()
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    request = await _request(reader)
                    self.requests.append(request)
                    self.asked.set()
                    await self.behave(self, request, writer)
                    await writer.drain()
        finally:
            writer.transport.abort()
            self.open_sockets -= 1
            if not self.open_sockets:
                self.closed.set()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


@contextmanager
def raw_server(behave: Behaviour) -> Iterator[RawServer]:
    """Run a server in its own thread; its sockets and tasks end with it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        served = RawServer(behave, port=listener.getsockname()[1])
        accepting = asyncio.run_coroutine_threadsafe(_started(_accept(listener, served)), loop).result()
        try:
            yield served
        finally:
            asyncio.run_coroutine_threadsafe(_end(served, accepting), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _started(coroutine: Coroutine) -> asyncio.Task:
    return asyncio.create_task(coroutine)


async def _accept(listener: socket.socket, served: RawServer) -> None:
    """Answer clients until the last one, which only signals the end of the test.

    Not `asyncio.start_server`, which leaves accepted sockets open when it is closed.
    """
    while True:
        accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
        reader, writer = await asyncio.open_connection(sock=accepted)
        if served.is_ending:
            writer.transport.abort()
            return
        served.tasks.add(asyncio.create_task(served.serve(reader, writer)))


async def _end(served: RawServer, accepting: asyncio.Task) -> None:
    served.is_ending = True
    _, last = await asyncio.open_connection("127.0.0.1", served.port)
    await accepting
    for task in served.tasks:
        task.cancel()
    await asyncio.gather(*served.tasks, return_exceptions=True)
    last.close()
    await asyncio.sleep(0.001)  # lets the last sockets close


def answer(body: bytes = b"{}", status: int = 200, *headers: str) -> Behaviour:
    """Return a behaviour that answers each request with the same response."""

    async def behave(_server: RawServer, _request: bytes, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return behave


def raw(content: bytes, *, closes: bool = True) -> Behaviour:
    """Answer with these bytes."""

    async def behave(_server: RawServer, _request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        if closes:
            await writer.drain()
            writer.close()

    return behave


def drip(start: bytes, drop: bytes, seconds: float = 0.02) -> Behaviour:
    """Send a start, and then a few bytes now and then, forever."""

    async def behave(_server: RawServer, _request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(seconds)

    return behave
