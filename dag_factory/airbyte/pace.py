"""The clocks and the waiting of the operators, in one place so that tests can run them faster."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


def jitter(seconds: float) -> float:
    """Vary a pause, so that tasks that started together do not poll together for ever."""
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 (nothing depends on it being unguessable)


def first_pause(seconds: float) -> float:
    """Give a part of a pause, so that triggers that start together spread over the whole of it."""
    return seconds * random.random()  # noqa: S311 (nothing depends on it being unguessable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """All in seconds: `clock` never goes back, `now` is the time of day since 1970."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    sleep_in_loop: Callable[[float], Awaitable[None]] = asyncio.sleep
    spread: Callable[[float], float] = jitter
    first_pause: Callable[[float], float] = first_pause


REAL = Pace()
