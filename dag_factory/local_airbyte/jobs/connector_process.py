"""An Airbyte connector as a child process that speaks the Airbyte protocol: one JSON message a line.

The executable has a virtual environment of its own; none of its code is imported here.
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

from dag_factory.local_airbyte.jobs.job_control import JobControl
from dag_factory.local_airbyte.model.json_values import Json

# Small and repeatable. Without `always_updated`, a second sync finds nothing new.
FAKER_CONFIG: Json = {
    "count": 1000,
    "seed": 7,
    "always_updated": False,
    "records_per_slice": 100,
    "parallelism": 1,
}
STDERR_TAIL = 2000  # characters of the connector's standard error for the job's failure


class ConnectorError(Exception):
    """The connector failed; the message is the connector's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connector:
    """A connector's executable with the configuration of one connection."""

    executable: Path
    config: Json
    folder: Path  # for the files that the connector reads; they are deleted after each call

    def check(self, control: JobControl) -> None:
        """Raise ConnectorError unless the connector accepts its configuration."""
        for message in self._run(["check"], {}, control):
            status = part_of(message, "connectionStatus")
            if status.get("status") == "FAILED":
                raise ConnectorError(str(status.get("message", "the check failed")))

    def discover(self, control: JobControl) -> Json:
        """Return the catalog of the source."""
        for message in self._run(["discover"], {}, control):
            if message.get("type") == "CATALOG":
                return part_of(message, "catalog")
        msg = "discover returned no catalog"
        raise ConnectorError(msg)

    def read(self, catalog: Json, states: Sequence[Json], control: JobControl) -> Iterator[Json]:
        """Yield the messages of a read that continues from the states."""
        files: dict[str, object] = {"catalog": catalog}
        if states:
            files["state"] = list(states)
        yield from self._run(["read"], files, control)

    def _run(self, command: Sequence[str], files: dict[str, object], control: JobControl) -> Iterator[Json]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name, tempfile.TemporaryFile() as stderr:
            arguments = [str(self.executable), *command]
            for option, content in {"config": self.config, **files}.items():
                path = Path(name, f"{option}.json")
                path.write_text(json.dumps(content))
                arguments += [f"--{option}", str(path)]
            yield from _messages(arguments, stderr, control)


def configured_catalog(catalog: Json) -> Json:
    """Select every stream of the source: incremental where possible, with appended rows."""
    streams = catalog.get("streams")
    listed = streams if isinstance(streams, list) else []
    return {"streams": [_configured(stream) for stream in listed if isinstance(stream, dict)]}


def part_of(message: Json, key: str) -> Json:
    """Return the object at a key of a message, or an empty one."""
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


def _messages(arguments: Sequence[str], stderr: IO[bytes], control: JobControl) -> Iterator[Json]:
    """Start the connector, yield its messages, and end it however the block is left."""
    failure: str | None = None
    # A session of its own, so that the connector's children are killed with it.
    with subprocess.Popen(  # noqa: S603 (the executable comes from the command line)
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 (a pipe, see above)
        control.on_interrupt(lambda: _kill(process))
        try:
            for line in process.stdout:
                message = _parse_message(line)
                failure = _trace_error(message) or failure
                yield message
            process.wait()
        finally:
            control.on_interrupt(None)
            _kill(process)
    control.check()
    if process.returncode != 0 or failure is not None:
        raise ConnectorError(failure or _stderr_tail(stderr) or f"exit status {process.returncode}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _parse_message(line: bytes) -> Json:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    # The protocol allows lines that are not messages: they are log output.
    return (
        message
        if isinstance(message, dict)
        else {"type": "LOG", "log": {"message": line.decode(errors="replace")}}
    )


def _trace_error(message: Json) -> str | None:
    trace = part_of(message, "trace")
    error = part_of(trace, "error") if trace.get("type") == "ERROR" else {}
    return str(error["message"]) if "message" in error else None


def _stderr_tail(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    return stderr.read().decode(errors="replace").strip()[-STDERR_TAIL:]
