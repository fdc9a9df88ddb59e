"""Counts what a running job moves and commits it: files, stream states and the job's totals together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.connection import StreamPosition
from dag_factory.local_airbyte.model.job import Job
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.raw_files import RawFiles
from dag_factory.local_airbyte.storage.store import Store


class Ledger:
    """One attempt's book-keeping. Rows count from the checkpoint of their stream on, as in Airbyte."""

    def __init__(self, *, store: Store, clock: Clock, job: Job, source: str, files: RawFiles) -> None:
        self._store, self._clock, self._files = store, clock, files
        self._job, self._source = job, source
        self._states = {name: position.state for name, position in self._positions().items()}
        self._pending: dict[str, tuple[int, int]] = {}
        files.rewind(self._positions().values())

    @property
    def states(self) -> Mapping[str, Json]:
        """The committed state of each stream."""
        return self._states

    def append(self, stream: str, line: bytes) -> None:
        """Write a row to the destination."""
        self._files.append(stream, line)
        rows, size = self._pending.get(stream, (0, 0))
        self._pending[stream] = rows + 1, size + len(line)

    def commit(self, states: Mapping[str, Json]) -> None:
        """Make these streams' rows and their new states last."""
        moved = [self._pending.pop(stream, (0, 0)) for stream in states]
        self._states = {**self._states, **states}
        self._job = replace(
            self._job,
            rows=(self._job.rows or 0) + sum(rows for rows, _ in moved),
            bytes=(self._job.bytes or 0) + sum(size for _, size in moved),
        )
        positions = [
            StreamPosition(stream=stream, state=state, file_bytes=self._files.size(stream))
            for stream, state in states.items()
        ]
        self._store.checkpoint(
            self._job.connection_id, self._source, positions, self._job, now=self._clock.now()
        )

    def commit_rest(self, states: Mapping[str, Json] | None = None) -> None:
        """Commit every stream that gave rows, with the states it has, and these besides."""
        self.commit({**{stream: self._states.get(stream, {}) for stream in self._pending}, **(states or {})})

    def now(self) -> float:
        """The server's time in seconds since the epoch."""
        return self._clock.now()

    def _positions(self) -> Mapping[str, StreamPosition]:
        return self._store.positions(self._job.connection_id, self._source)
