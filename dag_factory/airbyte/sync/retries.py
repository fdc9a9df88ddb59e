"""How long calls are tried again, and the pauses between them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.effects import Pause, Protocol, Say
from dag_factory.airbyte.sync.types import SyncContext

T = TypeVar("T")

# How long a start is tried, in seconds.
START_SECONDS = 600.0
# The longest pause between two calls that fail, and the longest that a server may ask for, in seconds.
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 600.0


def patiently(
    context: SyncContext, call: Callable[[], Protocol[T]], *, permanent_seconds: float = 0.0
) -> Protocol[T]:
    """Repeat a call without effects while waiting may help; raises the ApiError that stays.

    What waiting does not change is repeated for `permanent_seconds` too: where a job may already run, a
    proxy that restarts must not leave it alone.
    """
    begun = context.clock()
    for failures in itertools.count(1):
        try:
            return (yield from call())
        except ApiError as error:
            limit = START_SECONDS if error.is_retryable else permanent_seconds
            if context.clock() - begun >= limit:
                raise
            pause = pause_after(error, failures, context)
            yield Say(f"{error}; retrying in {pause:.0f} seconds")
            yield Pause(pause)
    raise AssertionError  # the count has no end


def pause_after(error: ApiError, failures: int, context: SyncContext) -> float:
    """Seconds to leave a server alone that did not answer well: what it asks for, else ever longer."""
    if error.retry_after is not None:
        return context.jitter(min(error.retry_after, LONGEST_RETRY_AFTER))
    return context.jitter(min(2.0 ** min(failures, 10), LONGEST_PAUSE))
