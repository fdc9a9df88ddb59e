from __future__ import annotations

import io
import re

from dag_factory.sandbox.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_gets_plain_lines():
    stream = io.StringIO()
    console = Console(stream)
    tick = console.waiting("starting")
    for tenths in range(260):
        tick(tenths / 10)
    console.line("started")
    assert stream.getvalue() == "starting ... 10 s\nstarting ... 20 s\nstarted\n"


def test_a_terminal_has_one_line_that_changes():
    stream = Terminal()
    console = Console(stream)
    tick = console.waiting("starting")
    tick(0.2)
    tick(1.4)
    console.line("started")
    assert stream.getvalue() == "\r\x1b[Kstarting ... 0 s\r\x1b[Kstarting ... 1 s\r\x1b[Kstarted\n"


def test_events_have_the_time():
    stream = io.StringIO()
    Console(stream).event("it runs")
    assert re.fullmatch(r"\d\d:\d\d:\d\d  it runs\n", stream.getvalue())
