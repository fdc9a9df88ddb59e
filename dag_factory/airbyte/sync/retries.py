"""Retries of calls: how long, and with which pauses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.effects import Effects, Log, Sleep
from dag_factory.airbyte.sync.types import SyncContext

T = TypeVar("T")

# How many seconds a start is retried.
START_SECONDS = 600.0
# The limits of the pause between two calls that fail, and of the pause that a server may ask for.
MAX_PAUSE_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 600.0


def with_retries(
    context: SyncContext,
    call: Callable[[], Effects[T]],
    *,
    seconds: float = START_SECONDS,
    permanent_seconds: float = 0.0,
) -> Effects[T]:
    """Retry a call that changes nothing for `seconds` while waiting may help; raises the last ApiError.

    Permanent errors are retried for `permanent_seconds` too: a task must not abandon a job that may be
    running because a proxy restarts.
    """
    begun = context.clock()
    for failures in itertools.count(1):
        try:
            return (yield from call())
        except ApiError as error:
            limit = seconds if error.is_retryable else permanent_seconds
            if context.clock() - begun >= limit:
                raise
            pause = pause_after(error, failures, context)
            yield Log(f"{error}; retrying in {pause:.0f} seconds")
            yield Sleep(pause)
    raise AssertionError  # the count has no end


def pause_after(error: ApiError, failures: int, context: SyncContext) -> float:
    """Return the seconds until the next call after an error: as the server asks for, else exponential."""
    if error.retry_after is not None:
        return context.jitter(min(error.retry_after, MAX_RETRY_AFTER_SECONDS))
    return context.jitter(min(2.0 ** min(failures, 10), MAX_PAUSE_SECONDS))
