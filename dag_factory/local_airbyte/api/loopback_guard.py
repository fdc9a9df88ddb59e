"""Refuses calls that a web page of another site makes a browser send, on every path.

The server has well-known credentials and an admin path without any, so listening on loopback does not protect
it: a browser on this machine sends what any page asks for. The Host header shows a name that an attacker has
pointed at 127.0.0.1 (DNS rebinding); the Origin header shows a page that posts across sites.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from dag_factory.local_airbyte.model import problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?"
LOOPBACK_HOST = re.compile(LOOPBACK, re.IGNORECASE)
LOOPBACK_ORIGIN = re.compile(f"https?://{LOOPBACK}", re.IGNORECASE)


class GuardMiddleware:
    """An ASGI middleware that answers 403 unless Host and Origin are loopback names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, or refuse it before it has any effect."""
        if scope["type"] == "http" and not is_local(scope["headers"]):
            problem = problems.forbidden("Host and Origin must be loopback names")
            await JSONResponse(problem.body, status_code=problem.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_local(headers: list[tuple[bytes, bytes]]) -> bool:
    """Return whether there is a Host, and every Host and Origin is loopback. The Origin `null` is not."""
    hosts, origins = _values(headers, b"host"), _values(headers, b"origin")
    return (
        bool(hosts)
        and all(LOOPBACK_HOST.fullmatch(host) for host in hosts)
        and all(LOOPBACK_ORIGIN.fullmatch(origin) for origin in origins)
    )


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]
