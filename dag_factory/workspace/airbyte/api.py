"""A patient client for commands: one call after the other, repeated while waiting may help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.documents import Document, DocumentApi
from dag_factory.airbyte.api.errors import ApiError, UnreadableError
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.clock import SYSTEM_CLOCK, Clock
from dag_factory.airbyte.drivers import BlockingClient, EffectHandlers, run_blocking
from dag_factory.airbyte.effects import Effects
from dag_factory.airbyte.http.worker_client import open_worker_client

T = TypeVar("T")

# How long one call may be repeated in all, and the pauses between, in seconds.
PATIENCE = 300.0
# The same until the first call has worked, for calls without an answer of Airbyte: the host may be wrong. And
# for what answers in Airbyte's place, such as a proxy's page: that rarely changes by itself.
FIRST_PATIENCE = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

_HANDLERS = EffectHandlers(log=lambda _log: None)


class AirbyteApi:
    """Calls one Airbyte; every method raises ApiError.

    Args:
        access: Where it is, and the credentials.
        client: Sends the requests.
        say: Is called with a line before each pause.
        clock: Time and sleep.
    """

    def __init__(
        self,
        access: Access,
        client: BlockingClient,
        say: Callable[[str], None] = lambda _line: None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SYSTEM_CLOCK
        self._calls = DocumentApi(access, TokenCache(clock.monotonic))
        self._client, self._say, self._clock = client, say, clock
        self._has_worked = False

    @property
    def server_time(self) -> float | None:
        """The server's clock at its last answer, in seconds since 1970."""
        return self._calls.server_time

    def page(self, noun: str, offset: int) -> list[Document]:
        """Read one page of the `connections`, `sources`, `destinations` or `workspaces`."""
        return self._patiently(lambda: self._calls.page(noun, offset))

    def connection(self, connection_id: str) -> Document:
        """Read a connection."""
        return self._patiently(lambda: self._calls.document(connection_id))

    def jobs(self, connection_id: str) -> list[Document]:
        """Read a connection's newest jobs, the newest first."""
        return self._patiently(lambda: self._calls.newest_jobs(connection_id))

    def set_schedule(self, connection_id: str, schedule: Mapping[str, str]) -> Document:
        """Change the schedule of a connection; not repeated here, since it may have been done."""
        return self._run(self._calls.set_schedule(connection_id, schedule))

    def _patiently(self, call: Callable[[], Effects[T]]) -> T:
        started = self._clock.monotonic()
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = self._run(call())
                self._has_worked = True
                return answer
            except ApiError as error:
                wait = max(error.retry_after or 0.0, pause)
                if not error.is_retryable or self._clock.monotonic() + wait > started + self._patience(error):
                    raise
                self._say(f"{error}; trying again in {wait:.0f} s")
                self._clock.sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _patience(self, error: ApiError) -> float:
        is_odd = isinstance(error, UnreadableError)
        is_patient = not is_odd and (self._has_worked or error.status is not None)
        return min(PATIENCE, PATIENCE if is_patient else FIRST_PATIENCE)

    def _run(self, effects: Effects[T]) -> T:
        return run_blocking(effects, self._client, _HANDLERS, self._clock.sleep)


@contextmanager
def open_api(access: Access, say: Callable[[str], None] = lambda _line: None) -> Iterator[AirbyteApi]:
    """Open a client of an Airbyte, and close it."""
    with open_worker_client(access) as client:
        yield AirbyteApi(access, client, say)
