"""Ways to send an answer to the client: at once, padded, byte by byte, or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Headers = tuple[tuple[bytes, bytes], ...]
MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Headers
    body: bytes
    padding: int = 0  # MiB of spaces after the body: JSON allows them, and they are never in memory at once


def with_date(reply: Reply, now: float, *, has_zone: bool) -> Reply:
    """Add a Date header; `now` is the server's time in seconds since the epoch."""
    date = formatdate(now, usegmt=True) if has_zone else formatdate(now, usegmt=True).removesuffix(" GMT")
    return replace(reply, headers=(*reply.headers, (b"date", date.encode())))


async def send_reply(send: Send, reply: Reply) -> None:
    """Send the answer as usual."""
    await send(_start_message(reply))
    await send({"type": "http.response.body", "body": reply.body, "more_body": reply.padding > 0})
    for rest in reversed(range(reply.padding)):
        await send({"type": "http.response.body", "body": b" " * MIB, "more_body": rest > 0})


async def drip_body(scope: Scope, send: Send, reply: Reply, seconds: float) -> None:
    """Send the headers at once, then one byte of the body every `seconds` while the client is connected."""
    await send(_start_message(reply))
    for position in range(len(reply.body)):
        await send(_body_message(reply.body[position : position + 1]))
        await asyncio.sleep(seconds)
        if scope["state"]["transport"].is_closing():
            return
    await send({"type": "http.response.body", "body": b""})


async def drip_everything(scope: Scope, receive: Receive, reply: Reply, seconds: float) -> None:
    """Send status line, headers and body byte by byte, bypassing the HTTP library, then disconnect."""
    transport = scope["state"]["transport"]
    for byte in _wire_bytes(reply):
        if transport.is_closing():
            break
        transport.write(bytes([byte]))
        await asyncio.sleep(seconds)
    transport.close()
    await _wait_for_disconnect(receive)


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the client's socket without an answer."""
    scope["state"]["transport"].abort()
    await _wait_for_disconnect(receive)


def _start_message(reply: Reply) -> dict[str, object]:
    return {"type": "http.response.start", "status": reply.status, "headers": _headers(reply)}


def _body_message(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    headers = [(name, value) for name, value in reply.headers if name != b"content-length"]
    # A 204 has neither a body nor a length.
    length = str(len(reply.body) + reply.padding * MIB).encode()
    return headers if reply.status == 204 else [*headers, (b"content-length", length)]


def _wire_bytes(reply: Reply) -> bytes:
    """Return the answer as the bytes of HTTP/1.1."""
    first = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}".encode()
    headers = [*_headers(reply), (b"connection", b"close")]
    lines = [first, *(name + b": " + value for name, value in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + reply.body


async def _wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server has noticed the closed socket; else it would answer 500 itself."""
    while (await receive())["type"] != "http.disconnect":
        pass
