"""A line on a terminal that says what a long command is doing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from dag_factory.report.escapes import escape

# Go back to the start of the line and clear it (ECMA-48).
_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Writes to a stream; without a terminal it shows nothing but what is said."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._is_terminal = stream, stream.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._is_terminal:
            self._stream.write(f"{_CLEAR}{escape(text)[:100]}")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self.clear()
        self._stream.write(f"{escape(text)}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._is_terminal:
            self._stream.write(_CLEAR)
            self._stream.flush()


@contextmanager
def progress_line(stream: TextIO) -> Iterator[ProgressLine]:
    """Yield a line, and remove it at the end."""
    line = ProgressLine(stream)
    try:
        yield line
    finally:
        line.clear()
