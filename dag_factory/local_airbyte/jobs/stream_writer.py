"""Writes the rows of a running job and commits them: files, stream states and the job's counts together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.connection import StreamPosition
from dag_factory.local_airbyte.model.job import Job
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.raw_files import RawFiles
from dag_factory.local_airbyte.storage.store import Store


class StreamWriter:
    """Writes the rows of one attempt. As in Airbyte, rows count once their stream has a checkpoint."""

    def __init__(self, *, store: Store, clock: Clock, job: Job, source: str, files: RawFiles) -> None:
        self._store, self._clock, self._files = store, clock, files
        self._job, self._source = job, source
        self._states = {name: position.state for name, position in self._positions().items()}
        self._pending: dict[str, tuple[int, int]] = {}
        files.rewind(self._positions().values())

    @property
    def states(self) -> Mapping[str, Json]:
        """The last committed state of each stream."""
        return self._states

    def append(self, stream: str, line: bytes) -> None:
        """Write a row to the destination; it counts once it is committed."""
        self._files.append(stream, line)
        rows, size = self._pending.get(stream, (0, 0))
        self._pending[stream] = rows + 1, size + len(line)

    def commit(self, states: Mapping[str, Json]) -> None:
        """Commit the rows of these streams together with their new states."""
        written = [self._pending.pop(stream, (0, 0)) for stream in states]
        self._states = {**self._states, **states}
        self._job = replace(
            self._job,
            rows=(self._job.rows or 0) + sum(rows for rows, _ in written),
            bytes=(self._job.bytes or 0) + sum(size for _, size in written),
        )
        positions = [
            StreamPosition(stream=stream, state=state, file_bytes=self._files.size(stream))
            for stream, state in states.items()
        ]
        self._store.checkpoint(
            self._job.connection_id, self._source, positions, self._job, now=self._clock.now()
        )

    def commit_rest(self, states: Mapping[str, Json] | None = None) -> None:
        """Commit all remaining rows with the last states of their streams, and these states too."""
        self.commit({**{stream: self._states.get(stream, {}) for stream in self._pending}, **(states or {})})

    def now(self) -> float:
        """Return the server's time in seconds since the epoch."""
        return self._clock.now()

    def _positions(self) -> Mapping[str, StreamPosition]:
        return self._store.positions(self._job.connection_id, self._source)
