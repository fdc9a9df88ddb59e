"""Lines for people to read, on a terminal or in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

# How often a wait is shown where a line cannot be overwritten.
PLAIN_INTERVAL_SECONDS = 10.0
_ERASE_LINE = "\r\x1b[K"


class Console:
    """A stream of lines; on a terminal, the last line shows the current wait."""

    def __init__(self, stream: TextIO) -> None:
        """Write to the stream; the caller closes it."""
        self._stream = stream
        self._is_terminal = stream.isatty()

    def line(self, text: str = "") -> None:
        """Write a line."""
        erase = _ERASE_LINE if self._is_terminal else ""
        self._stream.write(f"{erase}{text}\n")
        self._stream.flush()

    def event(self, text: str) -> None:
        """Write a line that begins with the time."""
        self.line(f"{time.strftime('%H:%M:%S')}  {text}")

    def waiting(self, text: str) -> Callable[[float], None]:
        """Return a function that shows a wait; call it repeatedly with the seconds waited so far."""
        last_shown = 0.0

        def tick(seconds: float) -> None:
            nonlocal last_shown
            if self._is_terminal:
                self._stream.write(f"{_ERASE_LINE}{text} ... {seconds:.0f} s")
                self._stream.flush()
            elif seconds - last_shown >= PLAIN_INTERVAL_SECONDS:
                last_shown = seconds
                self.line(f"{text} ... {seconds:.0f} s")

        return tick
