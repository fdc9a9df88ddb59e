"""The process that cancels what a killed task has started; it outlives the task and knows nothing of Airflow.

Run as `python -m dag_factory.airbyte.undoing`, with its order on the standard input: credentials must not
stand in a command line.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dag_factory.airbyte import jobs, pace
from dag_factory.airbyte.api import Access, Api
from dag_factory.airbyte.drivers import Surroundings, run_blocking
from dag_factory.airbyte.terms import Means


def order(access: Access, connection_id: str, facts: Mapping[str, int]) -> dict[str, Any]:
    """Put what is to be undone into words of JSON."""
    return {"access": asdict(access), "connection_id": connection_id, "facts": dict(facts)}


def obey(given: Mapping[str, Any]) -> None:
    """Undo what an order says; raises SyncError or ApiError if that cannot be done."""
    access = Access(**given["access"])
    means = Means(api=Api(access, time.monotonic), clock=time.monotonic, spread=pace.spread)
    protocol = jobs.undo(means, given["connection_id"], given["facts"])
    run_blocking(protocol, access, Surroundings(say=_say), time.sleep)


def _say(text: str) -> None:
    # The task that listens may have ended meanwhile.
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)  # noqa: T201 (this module is a program)


if __name__ == "__main__":
    obey(json.load(sys.stdin))
