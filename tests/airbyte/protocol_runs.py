"""Run protocols against an in-memory Airbyte, and record their logs and state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.model import Connection, Job
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.drivers import EffectHandlers, run_blocking
from dag_factory.airbyte.effects import Effects, Log, Response, TransportError
from dag_factory.airbyte.state import SyncState, state_as_json, state_from_json
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.types import PreviousTry, SyncContext, SyncRequest
from tests.airbyte.fake_airbyte import HOST, UUID, FakeAirbyte

T = TypeVar("T")

CONNECTION_LABEL = f"connection 'bank → json' ({UUID})"


def sync_request(**more: Any) -> SyncRequest:
    """Return a sync that is polled every 5 seconds and may take an hour."""
    return SyncRequest(**{"connection_id": UUID, "wait_seconds": 5.0, "timeout": 3600.0, **more})


@dataclass
class Runs:
    """The tries of one task; pauses take no real time."""

    airbyte: FakeAirbyte
    access: Access = field(default_factory=lambda: Access(conn_id="airbyte_default", host=HOST))
    lines: list[Log] = field(default_factory=list)
    saved: list[SyncState] = field(default_factory=list)

    @property
    def logged(self) -> list[str]:
        """Return the lines of the log."""
        return [line.text for line in self.lines]

    @property
    def state(self) -> SyncState:
        """Return what a later try finds."""
        return state_from_json(state_as_json(self.saved[-1])) if self.saved else SyncState()

    def context(self) -> SyncContext:
        """Return the context of a new try."""
        return SyncContext(
            api=Api(self.access, TokenCache(lambda: self.airbyte.now)),
            clock=lambda: self.airbyte.now,
            jitter=lambda seconds: seconds,
            first_pause=lambda seconds: seconds,
            connection=Connection(connection_id=UUID),
        )

    def run(self, make: Callable[[SyncContext], Effects[T]]) -> T:
        """Run a protocol to its end."""
        return run_blocking(make(self.context()), self.airbyte, self._handlers(), self.airbyte.sleep)

    def sync(self, previous: PreviousTry | None = None, **more: Any) -> Job:
        """Run one try of a sync, as the operator does in `mode: sync`."""
        return self.run(lambda context: whole_sync(context, sync_request(**more), previous))

    def retry(self, **more: Any) -> Job:
        """Run another try with the state that the last one left."""
        return self.sync(PreviousTry(state=self.state), **more)

    def after_clear(self, **more: Any) -> Job:
        """Run the try after a person has cleared the task."""
        return self.sync(PreviousTry(state=self.state, is_clear=True), **more)

    def crash(self, effects: int, previous: PreviousTry | None = None, **more: Any) -> None:
        """Run a try whose process is killed after some effects, before the next one."""
        protocol = whole_sync(self.context(), sync_request(**more), previous)
        run_blocking(_cut_off(protocol, effects), self.airbyte, self._handlers(), self.airbyte.sleep)

    def _handlers(self) -> EffectHandlers:
        return EffectHandlers(log=self.lines.append, save_state=self.saved.append)


def whole_sync(
    context: SyncContext, request: SyncRequest, previous: PreviousTry | None = None
) -> Effects[Job]:
    """Run one try of a sync."""
    target = yield from lifecycle.begin(context, request, previous)
    return (yield from lifecycle.complete(context, request, target))


def _cut_off(protocol: Effects[T], effects: int) -> Effects[T | None]:
    """Run a protocol up to the effect with this number, which is carried out but no longer answered."""
    answer: Response | None = None
    error: TransportError | None = None
    for _ in range(effects):
        try:
            effect = protocol.send(answer) if error is None else protocol.throw(error)
        except StopIteration as stop:
            return stop.value
        answer = error = None
        try:
            answer = yield effect
        except TransportError as lost:
            error = lost
    protocol.close()
    return None
