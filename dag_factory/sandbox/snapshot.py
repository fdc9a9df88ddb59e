"""Pulls the snapshots of the local Airbyte, and compares them with those of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dag_factory.airbyte.api.access import Access
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.snapshots import ENDING, STREAMS_ENDING, snapshots_beside
from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.workspace.airbyte.api import open_api
from dag_factory.workspace.snapshots.airbyte_lists import pulled
from dag_factory.workspace.snapshots.writing import write_if_changed

PULLED = "pulled"


def pull_snapshots(
    configs: Path, airbyte_conn_ids: Iterable[str], airbyte: AirbyteAccess, folder: Path
) -> Iterator[str]:
    """Pull into `folder` what the repository of `configs` would get; yield a line for each Airbyte."""
    snapshots = snapshots_beside(configs)
    for conn_id in sorted(airbyte_conn_ids):
        old = snapshots.of(None, conn_id)
        before = old if isinstance(old, Snapshot) else None
        access = Access(
            conn_id=conn_id,
            host=airbyte.url,
            client_id=airbyte.client_id,
            client_secret=airbyte.client_secret,
        )
        with open_api(access) as api:
            found = pulled(api, before, lambda _line: None)
        path = folder / PULLED / "airbyte" / f"{conn_id}{ENDING}"
        streams = path.with_name(f"{conn_id}{STREAMS_ENDING}")
        write_if_changed({path: found.text, streams: found.streams_text})
        yield f"pulled {len(found.connections)} connections of '{conn_id}': {_compared(before, found.text)}"


def _compared(before: Snapshot | None, text: str) -> str:
    if before is None:
        return "the repository has no snapshot of it"
    return f"as in {before.file}" if before.text == text else f"{before.file} is different"
