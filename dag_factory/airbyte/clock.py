"""The clock: time, sleeping and the random parts of pauses; replaceable, so that waits can be skipped."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


def jitter(seconds: float) -> float:
    """Vary a pause in seconds by up to 10 %, so that tasks that started together do not stay in step."""
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 (nothing depends on it being unguessable)


def first_pause(seconds: float) -> float:
    """Return a random part of a pause, so that triggers that start together spread over the whole pause."""
    return seconds * random.random()  # noqa: S311 (nothing depends on it being unguessable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Time, sleep and jitter, all in seconds. `monotonic` never goes back, `now` counts from 1970."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    sleep_in_loop: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[float], float] = jitter
    first_pause: Callable[[float], float] = first_pause


SYSTEM_CLOCK = Clock()
