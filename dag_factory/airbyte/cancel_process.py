"""The process that cancels what a killed task has started. It outlives the task.

Run as `python -m dag_factory.airbyte.cancel_process`, with its payload on standard input, since other users
can read a command line and the payload holds credentials.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dag_factory.airbyte import clock, drivers
from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.drivers import Handlers
from dag_factory.airbyte.effects import Say
from dag_factory.airbyte.http import worker_client
from dag_factory.airbyte.state import SyncState, state_as_json, state_from_json
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.types import SyncContext


def order(access: Access, connection: Connection, state: SyncState) -> dict[str, Any]:
    """Write as JSON what is to be cancelled."""
    return {"access": asdict(access), "connection": asdict(connection), "state": state_as_json(state)}


def carry_out(given: Mapping[str, Any]) -> None:
    """Cancel what an order names; raises SyncError or ApiError if that cannot be done."""
    proxies = tuple((scheme, url) for scheme, url in given["access"]["proxies"])
    access = Access(**{**given["access"], "proxies": proxies})
    real = clock.SYSTEM_CLOCK
    context = SyncContext(
        api=Api(access, TokenCache(real.monotonic)),
        clock=real.monotonic,
        jitter=real.jitter,
        first_pause=real.first_pause,
        connection=Connection(**given["connection"]),
    )
    protocol = lifecycle.undo(context, state_from_json(given["state"]))
    with worker_client.open_worker_client(access) as client:
        drivers.run_blocking(protocol, client, Handlers(say=_say), real.sleep)


def _say(line: Say) -> None:
    # The task that listens may have ended meanwhile.
    with contextlib.suppress(BrokenPipeError):
        print(line.text, flush=True)  # noqa: T201 (this module is a program)


if __name__ == "__main__":
    carry_out(json.load(sys.stdin))
