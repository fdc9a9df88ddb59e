"""Runs a protocol: blocking in a worker, or in the event loop of a triggerer."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx

from dag_factory.airbyte.api import Access
from dag_factory.airbyte.exchange import (
    Effect,
    Pause,
    Protocol,
    Remember,
    Request,
    Response,
    Say,
    TransportError,
)

T = TypeVar("T")

# Where a call failed before the server can have seen it.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a protocol wants done apart from calls and pauses."""

    say: Callable[[str], None]
    remember: Callable[[Remember], None] = lambda _facts: None


def run_blocking(
    protocol: Protocol[T], access: Access, surroundings: Surroundings, sleep: Callable[[float], None]
) -> T:
    """Run a protocol to its end in this thread."""
    with httpx.Client(**_client_options(access, httpx.HTTPTransport)) as client:
        step = _Stepper(protocol, surroundings)
        while (effect := step.next_effect()) is not None:
            if isinstance(effect, Pause):
                sleep(effect.seconds)
                continue
            try:
                step.answer(_response(client.send(_built(client, effect))))
            except httpx.HTTPError as error:
                step.fail(_transport_error(error))
        return step.result


async def run_in_loop(
    protocol: Protocol[T],
    access: Access,
    surroundings: Surroundings,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Run a protocol to its end without ever blocking the event loop."""
    async with httpx.AsyncClient(**_client_options(access, httpx.AsyncHTTPTransport)) as client:
        step = _Stepper(protocol, surroundings)
        while (effect := step.next_effect()) is not None:
            if isinstance(effect, Pause):
                await sleep(effect.seconds)
                continue
            try:
                step.answer(_response(await client.send(_built(client, effect))))
            except httpx.HTTPError as error:
                step.fail(_transport_error(error))
        return step.result


class _Stepper(Generic[T]):
    """Advances a protocol from one call or pause to the next, and does the rest on the way."""

    def __init__(self, protocol: Protocol[T], surroundings: Surroundings) -> None:
        self._protocol = protocol
        self._surroundings = surroundings
        self._response: Response | None = None
        self._error: TransportError | None = None
        self._result: list[T] = []

    def answer(self, response: Response) -> None:
        """Give the response to the last request."""
        self._response = response

    def fail(self, error: TransportError) -> None:
        """Tell that the last request came to no response."""
        self._error = error

    @property
    def result(self) -> T:
        """What the protocol has returned at its end."""
        return self._result[0]

    def next_effect(self) -> Request | Pause | None:
        """Go on to the next request or pause; None at the end. Raises what the protocol raises."""
        while True:
            try:
                effect = self._advance()
            except StopIteration as stop:
                self._result.append(stop.value)
                return None
            if isinstance(effect, Say):
                self._surroundings.say(effect.text)
            elif isinstance(effect, Remember):
                self._surroundings.remember(effect)
            else:
                return effect

    def _advance(self) -> Effect:
        response, error = self._response, self._error
        self._response = self._error = None
        return self._protocol.send(response) if error is None else self._protocol.throw(error)


def _client_options(access: Access, transport: Callable[..., Any]) -> dict[str, Any]:
    verify = _tls()
    options: dict[str, Any] = {"timeout": access.timeout, "follow_redirects": True, "verify": verify}
    if access.proxies:
        proxies = access.proxies
        by_scheme = (
            {"http://": proxies, "https://": proxies} if isinstance(proxies, str) else _with_slashes(proxies)
        )
        options["mounts"] = {scheme: transport(proxy=url, verify=verify) for scheme, url in by_scheme.items()}
    return options


@functools.lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Read the certificates once: it takes 20 ms, for which an event loop would stand still each time."""
    return httpx.create_ssl_context()


def _with_slashes(proxies: Mapping[str, str]) -> dict[str, str]:
    return {scheme if "://" in scheme else f"{scheme}://": url for scheme, url in proxies.items()}


def _built(client: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    return client.build_request(
        request.method, request.url, params=request.params or None, json=request.body, headers=request.headers
    )


def _response(response: httpx.Response) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(status=response.status_code, content=response.content, headers=headers)


def _transport_error(error: httpx.HTTPError) -> TransportError:
    timed_out = isinstance(error, httpx.TimeoutException)
    reason = "the request timed out" if timed_out else str(error) or type(error).__name__
    return TransportError(reason, was_sent=not isinstance(error, _NEVER_SENT))
