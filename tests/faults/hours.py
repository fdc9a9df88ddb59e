"""Time as the tasks see it: it passes when something waits, so that a job of hours takes milliseconds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Hours:
    """Real time and what was skipped of it. All in seconds.

    `shift` moves the time of day alone, as a clock does that somebody sets.
    """

    skipped: float = 0.0
    shift: float = 0.0
    _real: float = field(default_factory=time.monotonic)

    def clock(self) -> float:
        """Seconds that never go back."""
        return time.monotonic() - self._real + self.skipped

    def now(self) -> float:
        """The time of day since 1970."""
        return time.time() + self.skipped + self.shift

    def today(self) -> datetime:
        """The time of day as Airflow asks for it."""
        return datetime.fromtimestamp(self.now(), UTC)

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self.skipped += max(seconds, 0.0)
