"""The process that cancels what a killed task has started; it outlives the task and knows nothing of Airflow.

Run as `python -m dag_factory.airbyte.undoing`, with its order on the standard input: credentials must not
be part of a command line.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dag_factory.airbyte import drivers, jobs, pace
from dag_factory.airbyte.access import Access
from dag_factory.airbyte.api import Api
from dag_factory.airbyte.drivers import Handlers
from dag_factory.airbyte.exchange import Say
from dag_factory.airbyte.model import Connection
from dag_factory.airbyte.state import SyncState, state_as_json, state_from_json
from dag_factory.airbyte.tokens import TokenCache
from dag_factory.airbyte.types import SyncContext


def order(access: Access, connection: Connection, state: SyncState) -> dict[str, Any]:
    """Write as JSON what is to be cancelled."""
    return {"access": asdict(access), "connection": asdict(connection), "state": state_as_json(state)}


def carry_out(given: Mapping[str, Any]) -> None:
    """Cancel what an order names; raises SyncError or ApiError if that cannot be done."""
    proxies = tuple((scheme, url) for scheme, url in given["access"]["proxies"])
    access = Access(**{**given["access"], "proxies": proxies})
    clock = pace.REAL.clock
    context = SyncContext(
        api=Api(access, TokenCache(clock)),
        clock=clock,
        jitter=pace.REAL.spread,
        first_pause=pace.REAL.first_pause,
        connection=Connection(**given["connection"]),
    )
    protocol = jobs.undo(context, state_from_json(given["state"]))
    with drivers.open_worker_client(access) as client:
        drivers.run_blocking(protocol, client, Handlers(say=_say), pace.REAL.sleep)


def _say(line: Say) -> None:
    # The task that listens may have ended meanwhile.
    with contextlib.suppress(BrokenPipeError):
        print(line.text, flush=True)  # noqa: T201 (this module is a program)


if __name__ == "__main__":
    carry_out(json.load(sys.stdin))
