"""Lets other threads end, stop or wake a job's thread, even while it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable


class JobEnded(Exception):  # noqa: N818 (control flow, not an error)
    """Another thread ended the job; `status` is its final status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class ServerStopping(Exception):  # noqa: N818
    """The server is stopping; the job continues with its next start."""


class JobControl:
    """What other threads ask of one job's thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._end: str | None = None
        self._stop = False
        self._hurry = False
        self._again = False
        self._interrupt: Callable[[], None] | None = None

    def end(self, status: str) -> None:
        """Make the job end with this status at the thread's next check or wait."""
        with self._condition:
            self._end = status
            self._wake()

    def stop(self) -> None:
        """Make the thread return; the job keeps its status."""
        with self._condition:
            self._stop = True
            self._wake()

    def hurry(self) -> None:
        """End the current wait."""
        with self._condition:
            self._hurry = True
            self._condition.notify_all()

    def wait_again(self) -> None:
        """Begin the current wait for the next attempt again."""
        with self._condition:
            self._again = True
            self._condition.notify_all()

    def on_interrupt(self, interrupt: Callable[[], None] | None) -> None:
        """Call this, from the other thread, when the job is ended or stopped; now if it already is."""
        with self._condition:
            self._interrupt = interrupt
            if interrupt is not None and (self._end is not None or self._stop):
                interrupt()

    def forget_hurry(self) -> None:
        """Ignore the calls of `hurry` so far."""
        with self._condition:
            self._hurry = False

    def check(self) -> None:
        """Raise JobEnded or ServerStopping if the job was ended or stopped."""
        with self._condition:
            self._raise()

    def sleep(self, seconds: float | None, *, may_hurry: bool = False) -> None:
        """Wait (None: forever); raise JobEnded or ServerStopping if the job is ended or stopped meanwhile."""
        with self._condition:
            self._again = False
            while self._condition.wait_for(lambda: self._is_interrupted(may_hurry) or self._again, seconds):
                if self._is_interrupted(may_hurry):
                    break
                self._again = False
            self._raise()

    def wind_down(self, seconds: float) -> None:
        """Wait after the job was ended; raise ServerStopping if the server stops meanwhile."""
        with self._condition:
            if self._condition.wait_for(lambda: self._stop, seconds):
                raise ServerStopping

    def _is_interrupted(self, may_hurry: bool) -> bool:
        return self._end is not None or self._stop or (may_hurry and self._hurry)

    def _wake(self) -> None:
        if self._interrupt is not None:
            self._interrupt()
        self._condition.notify_all()

    def _raise(self) -> None:
        if self._stop:
            raise ServerStopping
        if self._end is not None:
            raise JobEnded(self._end)
