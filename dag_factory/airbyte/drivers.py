"""Drivers run a protocol: blocking in a worker, or in the event loop of a triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from dag_factory.airbyte.effects import (
    Effect,
    Effects,
    Log,
    Request,
    Response,
    SaveState,
    Sleep,
    TransportError,
)
from dag_factory.airbyte.state import SyncState

T = TypeVar("T")


class BlockingClient(Protocol):
    """Sends a request and waits for the response; raises TransportError."""

    def send(self, request: Request) -> Response: ...


class LoopClient(Protocol):
    """Sends a request in an event loop; raises TransportError."""

    async def send(self, request: Request) -> Response: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectHandlers:
    """Handle the effects of a protocol other than requests and sleeps."""

    log: Callable[[Log], None]
    save_state: Callable[[SyncState], None] = lambda _state: None


def run_blocking(
    protocol: Effects[T], client: BlockingClient, handlers: EffectHandlers, sleep: Callable[[float], None]
) -> T:
    """Run a protocol to its end in this thread; raises what the protocol raises."""
    step = _Stepper(protocol, handlers)
    while (effect := step.next_effect()) is not None:
        if isinstance(effect, Sleep):
            sleep(effect.seconds)
            continue
        try:
            step.answer(client.send(effect))
        except TransportError as error:
            step.fail(error)
    return step.result


async def run_in_loop(
    protocol: Effects[T],
    client: LoopClient,
    handlers: EffectHandlers,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Run a protocol to its end without ever blocking the event loop; raises what the protocol raises."""
    step = _Stepper(protocol, handlers)
    while (effect := step.next_effect()) is not None:
        if isinstance(effect, Sleep):
            await sleep(effect.seconds)
            continue
        try:
            step.answer(await client.send(effect))
        except TransportError as error:
            step.fail(error)
    return step.result


class _Stepper(Generic[T]):
    """Advances a protocol from one request or sleep to the next, and handles the other effects on the way."""

    def __init__(self, protocol: Effects[T], handlers: EffectHandlers) -> None:
        self._protocol = protocol
        self._handlers = handlers
        self._response: Response | None = None
        self._error: TransportError | None = None
        self._result: list[T] = []

    def answer(self, response: Response) -> None:
        """Pass on the response to the last request."""
        self._response = response

    def fail(self, error: TransportError) -> None:
        """Report that the last request ended without a response."""
        self._error = error

    @property
    def result(self) -> T:
        """What the protocol has returned."""
        return self._result[0]

    def next_effect(self) -> Request | Sleep | None:
        """Advance to the next request or sleep; None at the end. Raises what the protocol raises."""
        while True:
            try:
                effect = self._advance()
            except StopIteration as stop:
                self._result.append(stop.value)
                return None
            if isinstance(effect, Log):
                self._handlers.log(effect)
            elif isinstance(effect, SaveState):
                self._handlers.save_state(effect.state)
            else:
                return effect

    def _advance(self) -> Effect:
        response, error = self._response, self._error
        self._response = self._error = None
        return self._protocol.send(response) if error is None else self._protocol.throw(error)
