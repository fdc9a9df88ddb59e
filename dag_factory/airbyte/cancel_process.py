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
from dag_factory.airbyte.drivers import EffectHandlers
from dag_factory.airbyte.effects import Log
from dag_factory.airbyte.http import worker_client
from dag_factory.airbyte.state import SyncState, state_as_json, state_from_json
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.types import SyncContext


def payload_of(access: Access, connection: Connection, state: SyncState) -> dict[str, Any]:
    """Convert what is to be cancelled to JSON values."""
    return {"access": asdict(access), "connection": asdict(connection), "state": state_as_json(state)}


def run(payload: Mapping[str, Any]) -> None:
    """Cancel what a payload names; raises SyncError or ApiError if that fails."""
    proxies = tuple((scheme, url) for scheme, url in payload["access"]["proxies"])
    access = Access(**{**payload["access"], "proxies": proxies})
    real = clock.SYSTEM_CLOCK
    context = SyncContext(
        api=Api(access, TokenCache(real.monotonic)),
        clock=real.monotonic,
        jitter=real.jitter,
        first_pause=real.first_pause,
        connection=Connection(**payload["connection"]),
    )
    protocol = lifecycle.undo(context, state_from_json(payload["state"]))
    with worker_client.open_worker_client(access) as client:
        drivers.run_blocking(protocol, client, EffectHandlers(log=_print), real.sleep)


def _print(line: Log) -> None:
    # The task that reads may have ended meanwhile.
    with contextlib.suppress(BrokenPipeError):
        print(line.text, flush=True)  # noqa: T201 (this module is a program)


if __name__ == "__main__":
    run(json.load(sys.stdin))
