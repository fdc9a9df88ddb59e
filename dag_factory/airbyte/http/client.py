"""The HTTP client: sends one request and returns one response, with limits on everything.

It does not follow redirects, which could hand the client secret to another host. One time limit covers a
whole call: a server that sends a byte now and then would never exceed a limit for each read.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.errors import is_permanent_reason
from dag_factory.airbyte.effects import Request, Response, TransportError

# The largest body that is read: a connection with thousands of streams has a few million bytes.
MAX_BODY_BYTES = 16 * 2**20
# Sockets that one client opens at most. Airbyte's public API has five threads.
MAX_SOCKETS = 8
# Seconds for which an idle socket is kept open for the next call.
KEEP_ALIVE = 5.0

_PORTS = range(1, 2**16)
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
# Errors before the server can have received a request.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# Errors for a host that the HTTP client cannot use; it has sent nothing.
_NOT_A_URL = (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError, TypeError)


class HttpClient:
    """Sends the requests of one `Access`. Use and close it in one event loop."""

    def __init__(self, access: Access) -> None:
        self._timeout = access.timeout
        self._client = httpx.AsyncClient(**_options(access))

    async def send(self, request: Request) -> Response:
        """Send a request; raises TransportError and nothing else."""
        built = self._built(request)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(built)
        except TimeoutError:
            message = "the request timed out"
            raise TransportError(message, was_sent=True) from None
        except httpx.HTTPError as error:
            raise _transport_error(error) from None
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, the call has failed, and the caller decides)
            # Its message may quote headers, so only its name is shown.
            message = f"{type(error).__name__} in the HTTP client"
            raise TransportError(message, was_sent=True) from None

    async def aclose(self) -> None:
        """Close all sockets."""
        await self._client.aclose()

    def _built(self, request: Request) -> httpx.Request:
        try:
            url = httpx.URL(request.url)
            if url.scheme not in ("http", "https") or not url.host or (url.port or 80) not in _PORTS:
                raise httpx.InvalidURL(request.url)
            return self._client.build_request(
                request.method,
                url,
                params=request.params or None,
                json=request.body,
                headers={"Accept-Encoding": "identity", **request.headers},
            )
        except _NOT_A_URL:
            message = "the host is not a URL"
            raise TransportError(message, was_sent=False, is_permanent=True) from None

    async def _exchange(self, request: httpx.Request) -> Response:
        response = await self._client.send(request, stream=True)
        try:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_BODY_BYTES:
                    message = f"the response has more than {MAX_BODY_BYTES // 2**20} MiB"
                    raise TransportError(message, was_sent=True)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(status=response.status_code, content=bytes(content), headers=headers)


def _options(access: Access) -> dict[str, Any]:
    verify = _tls()
    limits = httpx.Limits(
        max_connections=MAX_SOCKETS, max_keepalive_connections=MAX_SOCKETS, keepalive_expiry=KEEP_ALIVE
    )
    # Less than the limit of the whole call: a host that does not accept a connection has received nothing.
    timeout = httpx.Timeout(access.timeout, connect=0.9 * access.timeout, pool=None)
    options = {"timeout": timeout, "follow_redirects": False, "verify": verify, "limits": limits}
    mounts = {
        scheme: httpx.AsyncHTTPTransport(proxy=url, verify=verify, limits=limits)
        for scheme, url in access.proxies
    }
    return {**options, "mounts": mounts} if mounts else options


@functools.lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Read the certificates once: that takes 20 ms, which would block the event loop each time."""
    return httpx.create_ssl_context()


def _transport_error(error: httpx.HTTPError) -> TransportError:
    was_sent = not isinstance(error, _NEVER_SENT)
    if isinstance(error, httpx.TimeoutException):
        return TransportError("the request timed out", was_sent=was_sent)
    if isinstance(error, httpx.LocalProtocolError | httpx.DecodingError):
        # Their messages quote what was sent or received.
        return TransportError(f"{type(error).__name__} in the HTTP client", was_sent=was_sent)
    reason = str(error) or type(error).__name__
    return TransportError(reason[:200], was_sent=was_sent, is_permanent=is_permanent_reason(reason))


def proxies_by_scheme(proxies: object) -> tuple[tuple[str, str], ...]:
    """Read the `proxies` of an Airflow connection's extra: one URL, or one for each scheme.

    Raises ValueError if they cannot be used; the message does not contain them.
    """
    if not proxies:
        return ()
    by_scheme = {"http": proxies, "https": proxies} if isinstance(proxies, str) else proxies
    if not isinstance(by_scheme, Mapping):
        message = "not a proxy"
        raise ValueError(message)
    return tuple(
        (scheme if "://" in scheme else f"{scheme}://", _proxy(url))
        for scheme, url in sorted(by_scheme.items())
    )


def _proxy(url: object) -> str:
    try:
        scheme = httpx.Proxy(url).url.scheme  # type: ignore[arg-type]
    except (*_NOT_A_URL, AttributeError):
        scheme = ""
    if scheme not in _PROXY_SCHEMES:
        message = "not a proxy"
        raise ValueError(message)
    return str(url)
