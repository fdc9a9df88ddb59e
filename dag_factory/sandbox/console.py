"""Lines for people to read, on a stream that the caller gives: a terminal or a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

# How often a wait is told where a line cannot be overwritten.
PLAIN_INTERVAL_SECONDS = 10.0
_ERASE_LINE = "\r\x1b[K"


class Console:
    """A stream of lines; on a terminal, the last one tells what is being waited for."""

    def __init__(self, stream: TextIO) -> None:
        """Write to the stream; the caller keeps and closes it."""
        self._stream = stream
        self._is_terminal = stream.isatty()

    def line(self, text: str = "") -> None:
        """Write a line that stays."""
        erase = _ERASE_LINE if self._is_terminal else ""
        self._stream.write(f"{erase}{text}\n")
        self._stream.flush()

    def event(self, text: str) -> None:
        """Write a line that stays, with the time before it."""
        self.line(f"{time.strftime('%H:%M:%S')}  {text}")

    def waiting(self, text: str) -> Callable[[float], None]:
        """Return a function that is told, again and again, for how many seconds we have been waiting."""
        told = 0.0

        def tick(seconds: float) -> None:
            nonlocal told
            if self._is_terminal:
                self._stream.write(f"{_ERASE_LINE}{text} ... {seconds:.0f} s")
                self._stream.flush()
            elif seconds - told >= PLAIN_INTERVAL_SECONDS:
                told = seconds
                self.line(f"{text} ... {seconds:.0f} s")

        return tick
