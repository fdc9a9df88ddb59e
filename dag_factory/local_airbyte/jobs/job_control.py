"""What other threads may tell a job's thread, and how it waits without missing that."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ended(Exception):  # noqa: N818 (a message between threads, not an error)
    """Somebody ended the job; `status` is what it becomes."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Stopped(Exception):  # noqa: N818
    """The server stops; the job goes on when it is started again."""


class Signals:
    """One job's ear."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._end: str | None = None
        self._stop = False
        self._hurry = False
        self._interrupt: Callable[[], None] | None = None

    def end(self, status: str) -> None:
        """Make the job end with this status as soon as its thread looks up."""
        with self._condition:
            self._end = status
            self._wake()

    def stop(self) -> None:
        """Make the thread leave; the job stays as it is."""
        with self._condition:
            self._stop = True
            self._wake()

    def hurry(self) -> None:
        """Cut the wait that is under way short."""
        with self._condition:
            self._hurry = True
            self._condition.notify_all()

    def on_interrupt(self, interrupt: Callable[[], None] | None) -> None:
        """Call this, from the other thread, when the job is ended or stopped; at once if it has been."""
        with self._condition:
            self._interrupt = interrupt
            if interrupt is not None and (self._end is not None or self._stop):
                interrupt()

    def forget_hurry(self) -> None:
        """Only what is said from now on cuts a wait short."""
        with self._condition:
            self._hurry = False

    def check(self) -> None:
        """Raise Ended or Stopped if somebody said so."""
        with self._condition:
            self._raise()

    def sleep(self, seconds: float | None, *, may_hurry: bool = False) -> None:
        """Wait, for ever with None; raise Ended or Stopped if somebody says so meanwhile."""
        with self._condition:
            self._condition.wait_for(lambda: self._is_called(may_hurry), seconds)
            self._raise()

    def wind_down(self, seconds: float) -> None:
        """Wait after the end was said; raise Stopped if the server stops meanwhile."""
        with self._condition:
            if self._condition.wait_for(lambda: self._stop, seconds):
                raise Stopped

    def _is_called(self, may_hurry: bool) -> bool:
        return self._end is not None or self._stop or (may_hurry and self._hurry)

    def _wake(self) -> None:
        if self._interrupt is not None:
            self._interrupt()
        self._condition.notify_all()

    def _raise(self) -> None:
        if self._stop:
            raise Stopped
        if self._end is not None:
            raise Ended(self._end)
