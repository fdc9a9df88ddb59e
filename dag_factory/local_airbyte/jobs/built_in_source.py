"""The built-in source: syncs its rows a few at a time, so that a running job's counts grow."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping

from dag_factory.local_airbyte.jobs.job_control import JobControl
from dag_factory.local_airbyte.jobs.stream_writer import StreamWriter
from dag_factory.local_airbyte.model.built_in_rows import (
    CURSOR,
    HEAD,
    SHARES,
    RowCounts,
    build_row,
    new_heads,
    number_in,
)
from dag_factory.local_airbyte.model.connection import StreamPosition
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.connection_plans import BUILT_IN
from dag_factory.local_airbyte.storage.raw_files import raw_line
from dag_factory.local_airbyte.storage.store import Store

TICK = 0.2  # seconds between checkpoints
# Any fixed value, so that the same row always has the same id.
RAW_IDS = uuid.UUID("6f1c2b8e-55a0-4a8e-9f0e-0d7c1b6f6a01")


def add_rows(store: Store, connection_id: str, counts: RowCounts) -> None:
    """Add rows to the source for the next sync."""
    positions = store.positions(connection_id, BUILT_IN)
    heads = new_heads({name: position.state for name, position in positions.items()}, counts)
    for stream, head in heads.items():
        position = positions.get(stream, StreamPosition(stream=stream, state={CURSOR: 0}))
        state: Json = {**position.state, HEAD: head}
        grown = StreamPosition(stream=stream, state=state, file_bytes=position.file_bytes)
        store.put_position(connection_id, BUILT_IN, grown)


def sync_rows(
    writer: StreamWriter, connection_id: str, seconds: float, part: float, control: JobControl
) -> None:
    """Sync a `part` (0 to 1) of the remaining rows, spread evenly over `seconds`."""
    begin = {stream: number_in(state, CURSOR) for stream, state in writer.states.items()}
    left = {stream: number_in(state, HEAD) - begin[stream] for stream, state in writer.states.items()}
    ticks = max(1, int(seconds / TICK))
    for tick in range(1, ticks + 1):
        control.sleep(seconds / ticks)
        done = part * tick / ticks
        _advance(writer, connection_id, {name: begin[name] + math.ceil(left[name] * done) for name in SHARES})


def _advance(writer: StreamWriter, connection_id: str, goals: Mapping[str, int]) -> None:
    for stream, goal in goals.items():
        for number in range(number_in(writer.states[stream], CURSOR) + 1, goal + 1):
            raw_id = uuid.uuid5(RAW_IDS, f"{connection_id}/{stream}/{number}")
            writer.append(
                stream, raw_line(str(raw_id), build_row(connection_id, stream, number), writer.now())
            )
    writer.commit({stream: {**writer.states[stream], CURSOR: goal} for stream, goal in goals.items()})
