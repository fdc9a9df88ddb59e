"""The server's clock: the machine's, moved by a setting, so that a test can make it jump."""

from __future__ import annotations

import time


class Clock:
    """What the server takes for the time. Waiting is not shifted: a job takes as long as it takes."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.shift
