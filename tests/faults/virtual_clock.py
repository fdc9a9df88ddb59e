"""Virtual time, which passes when something waits, so that a job of hours takes milliseconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from importlib import import_module
from types import ModuleType
from unittest.mock import patch

from dag_factory import versions
from dag_factory.local_airbyte.model.clock import Clock

# The modules whose `utcnow` Airflow calls.
UTCNOW = (
    ("airflow.utils.timezone",)
    if versions.VERSION < (3, 1)
    else (
        "airflow._shared.timezones.timezone",
        "airflow.sdk._shared.timezones.timezone",
        "airflow.sdk.timezone",
    )
)
# The modules of Airflow 3 that call `datetime.now` for the times of a try.
NOW = ("airflow.sdk.execution_time.supervisor", "airflow.sdk.execution_time.task_runner")


@dataclass
class VirtualClock:
    """Real time plus skipped time, in seconds.

    `shift` only moves the time of day, like setting a machine's clock.
    """

    skipped: float = 0.0
    shift: float = 0.0
    _real: float = field(default_factory=time.monotonic)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic() - self._real + self.skipped

    def now(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return time.time() + self.skipped + self.shift

    def today(self) -> datetime:
        """Return the time of day as a datetime, as Airflow needs it."""
        return datetime.fromtimestamp(self.now(), UTC)

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self.skipped += max(seconds, 0.0)


@contextmanager
def virtual_time_in_airflow(clock: VirtualClock) -> Iterator[None]:
    """Make all of Airflow in this process take its time of day from `clock`."""
    with ExitStack() as stack:
        for name in UTCNOW:
            stack.enter_context(patch.object(import_module(name), "utcnow", clock.today))
        for name in NOW if versions.VERSION >= (3, 0) else ():
            stack.enter_context(_virtual_datetime(import_module(name), clock))
        yield


@contextmanager
def virtual_time_in_airbyte(clock: VirtualClock) -> Iterator[None]:
    """Make the local Airbyte's clock advance with `clock`, but not with the shift of Airflow's clock."""
    with patch.object(Clock, "now", lambda server_clock: time.time() + clock.skipped + server_clock.shift):
        yield


@contextmanager
def _virtual_datetime(module: ModuleType, clock: VirtualClock) -> Iterator[None]:
    """Make `datetime.now` of one module return the time of `clock`."""

    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return clock.today().astimezone(tz)

    with patch.object(module, "datetime", VirtualDatetime):
        yield
