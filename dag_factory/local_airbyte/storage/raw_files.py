"""The built-in destination: one file of JSON lines for each stream, in the shape of Airbyte's raw tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from dag_factory.local_airbyte.model.connection import StreamPosition
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.data_folder import open_file, stream_path


class RawFiles:
    """The files of one connection, opened for appending while a job runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def rewind(self, positions: Iterable[StreamPosition]) -> None:
        """Truncate the files to the last checkpoint, so that a killed server writes no row twice."""
        for position in positions:
            path = stream_path(self._folder, position.stream)
            if path.exists() and path.stat().st_size > position.file_bytes:
                with open_file(path, "r+b") as file:
                    file.truncate(position.file_bytes)

    def append(self, stream: str, line: bytes) -> None:
        """Write one line; it counts once the new `size` is committed."""
        if stream not in self._files:
            self._files[stream] = self._stack.enter_context(
                open_file(stream_path(self._folder, stream), "ab")
            )
        self._files[stream].write(line)

    def size(self, stream: str) -> int:
        """Flush the stream's file and return its length in bytes."""
        if stream in self._files:
            self._files[stream].flush()
        path = stream_path(self._folder, stream)
        return path.stat().st_size if path.exists() else 0

    def clear(self) -> None:
        """Delete all rows of the connection."""
        for path in self._folder.glob("*.jsonl"):
            path.unlink()


def raw_line(raw_id: str, data: Json, extracted_at: float) -> bytes:
    """Return one line as Airbyte's destinations store it; `extracted_at` is in seconds since the epoch."""
    moment = datetime.fromtimestamp(extracted_at, tz=UTC).isoformat(timespec="milliseconds")
    document = {"_airbyte_raw_id": raw_id, "_airbyte_extracted_at": moment, "_airbyte_data": data}
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"
