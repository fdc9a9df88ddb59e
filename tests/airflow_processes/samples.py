"""Measurements at regular intervals while a test runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Measured = TypeVar("Measured")


@contextmanager
def sampled(measure: Callable[[], Measured], every: float = 0.5) -> Iterator[list[Measured]]:
    """Measure at a fixed interval while the block runs, and yield the list of samples."""
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
