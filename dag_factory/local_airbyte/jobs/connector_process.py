"""An Airbyte connector as child process, spoken to in the Airbyte protocol: JSON messages, one a line.

The executable lives in an environment of its own; nothing of it is imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dag_factory.local_airbyte.jobs.job_control import Signals
from dag_factory.local_airbyte.model.json_values import Json

# Small and repeatable; `always_updated` off, so that a second sync finds nothing new.
FAKER_CONFIG: Json = {
    "count": 1000,
    "seed": 7,
    "always_updated": False,
    "records_per_slice": 100,
    "parallelism": 1,
}
STDERR_TAIL = 2000  # characters of the connector's last words that go into the job's failure


class ConnectorError(Exception):
    """The connector failed; the message is its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connector:
    """A connector's executable with the configuration of one connection."""

    executable: Path
    config: Json
    folder: Path  # for the files that the connector reads; private, and emptied after each call

    def check(self, signals: Signals) -> None:
        """Raise ConnectorError unless the connector accepts its configuration."""
        for message in self._run(["check"], {}, signals):
            status = part_of(message, "connectionStatus")
            if status.get("status") == "FAILED":
                raise ConnectorError(str(status.get("message", "the check failed")))

    def discover(self, signals: Signals) -> Json:
        """The catalog of the source."""
        for message in self._run(["discover"], {}, signals):
            if message.get("type") == "CATALOG":
                return part_of(message, "catalog")
        msg = "discover gave no catalog"
        raise ConnectorError(msg)

    def read(self, catalog: Json, states: Sequence[Json], signals: Signals) -> Iterator[Json]:
        """The messages of a read that goes on from the states."""
        files: dict[str, object] = {"catalog": catalog}
        if states:
            files["state"] = list(states)
        yield from self._run(["read"], files, signals)

    def _run(self, command: Sequence[str], files: dict[str, object], signals: Signals) -> Iterator[Json]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name, tempfile.TemporaryFile() as stderr:
            arguments = [str(self.executable), *command]
            for option, content in {"config": self.config, **files}.items():
                path = Path(name, f"{option}.json")
                path.write_text(json.dumps(content))
                arguments += [f"--{option}", str(path)]
            yield from _messages(arguments, stderr, signals)


def configured_catalog(catalog: Json) -> Json:
    """Every stream of the source, incremental where it can be, appended to what is there."""
    streams = catalog.get("streams")
    listed = streams if isinstance(streams, list) else []
    return {"streams": [_configured(stream) for stream in listed if isinstance(stream, dict)]}


def part_of(message: Json, key: str) -> Json:
    """The object under a key of a message; an empty one if there is none."""
    part = message.get(key)
    return part if isinstance(part, dict) else {}


def _configured(stream: Json) -> Json:
    modes = stream.get("supported_sync_modes")
    mode = "incremental" if isinstance(modes, list) and "incremental" in modes else "full_refresh"
    return {
        "stream": stream,
        "sync_mode": mode,
        "destination_sync_mode": "append",
        "cursor_field": stream.get("default_cursor_field", []),
        "primary_key": stream.get("source_defined_primary_key", []),
    }


def _messages(arguments: Sequence[str], stderr: IO[bytes], signals: Signals) -> Iterator[Json]:
    """Start the connector, give its messages, and see it ended whatever happens."""
    failure: str | None = None
    # Its own session: the connector's own children are killed with it.
    with subprocess.Popen(  # noqa: S603 (the person who starts the server names the executable)
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 (asked for above)
        signals.on_interrupt(lambda: _kill(process))
        try:
            for line in process.stdout:
                message = _parse(line)
                failure = _trace_error(message) or failure
                yield message
            process.wait()
        finally:
            signals.on_interrupt(None)
            _kill(process)
    signals.check()
    if process.returncode != 0 or failure is not None:
        raise ConnectorError(failure or _last_words(stderr) or f"exit status {process.returncode}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _parse(line: bytes) -> Json:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    # The protocol allows lines that are no messages: they are log output.
    return (
        message
        if isinstance(message, dict)
        else {"type": "LOG", "log": {"message": line.decode(errors="replace")}}
    )


def _trace_error(message: Json) -> str | None:
    trace = part_of(message, "trace")
    error = part_of(trace, "error") if trace.get("type") == "ERROR" else {}
    return str(error["message"]) if "message" in error else None


def _last_words(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    return stderr.read().decode(errors="replace").strip()[-STDERR_TAIL:]
