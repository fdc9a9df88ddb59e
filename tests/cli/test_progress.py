"""The progress line while many files are read."""

from __future__ import annotations

import io

import pytest

from dag_factory.cli.progress import FEW, watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("number", "stream"), [(FEW, Terminal()), (FEW + 1, io.StringIO())])
def test_few_files_or_no_terminal_show_no_line(number, stream):
    assert list(watched(range(number), stream)) == list(range(number))
    assert stream.getvalue() == ""


def test_many_files_on_a_terminal_are_counted_and_the_line_is_cleared():
    terminal = Terminal()
    assert list(watched(range(FEW + 1), terminal)) == list(range(FEW + 1))
    assert terminal.getvalue().startswith("\r\x1b[Kreading file 1 of 301")
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_the_line_is_cleared_when_the_reading_ends_early():
    terminal = Terminal()
    reading = watched(range(FEW + 1), terminal)
    next(reading)
    reading.close()
    assert terminal.getvalue() == "\r\x1b[Kreading file 1 of 301\r\x1b[K"
