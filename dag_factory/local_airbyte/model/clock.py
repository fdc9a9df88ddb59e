"""The server's clock: the machine's clock plus an offset, so that a test can make it jump."""

from __future__ import annotations

import time


class Clock:
    """The current time, shifted by `shift` seconds. Only timestamps shift; waits do not."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time() + self.shift
