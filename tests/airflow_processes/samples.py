"""Measurements beside what a test does, at a steady pace."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Measured = TypeVar("Measured")


@contextmanager
def sampled(measure: Callable[[], Measured], every: float = 0.5) -> Iterator[list[Measured]]:
    """Measure again and again, with so many seconds between, while the block runs."""
    samples = [measure()]
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            samples.append(measure())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()
