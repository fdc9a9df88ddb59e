"""`dag-factory local-airbyte`: runs the local Airbyte in the foreground until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dag_factory.cli import numbers
from dag_factory.cli.main import UsageError
from dag_factory.config.project import load_project
from dag_factory.local_airbyte.model.connection import ConnectionSeed
from dag_factory.local_airbyte.server import (
    DEFAULT_CLIENT_ID,
    DEFAULT_CLIENT_SECRET,
    LocalAirbyte,
    ServerError,
    ServerOptions,
)

DEFAULT_PORT = 8006


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--port", type=numbers.port, default=DEFAULT_PORT, help="port on 127.0.0.1; 0 takes a free one"
    )
    parser.add_argument("--data", type=Path, default=Path(".local-airbyte"), help="folder for jobs and rows")
    parser.add_argument("--configs", type=Path, default=Path("configs"), help="its connections will be known")
    parser.add_argument("--job-seconds", type=numbers.seconds, default=3.0, help="how long a sync takes")
    parser.add_argument(
        "--source-faker", type=Path, metavar="PATH", help="executable of Airbyte's source-faker"
    )
    parser.add_argument("--verbose", action="store_true", help="log every call")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = _options(arguments)
    with _stop_signals() as stopped, _start(options) as airbyte:
        _greet(airbyte, options)
        while not stopped.wait(1.0):
            if not airbyte.is_alive:
                msg = "the server of the local Airbyte ended by itself"
                raise RuntimeError(msg)
    return 0


def connection_seeds(folder: Path) -> tuple[ConnectionSeed, ...]:
    """The connections of all DAGs in all environments, each named after the first sync that uses it.

    A configuration with mistakes adds none, and neither does a template.
    """
    environments = (None, *load_project(folder, None).environments)
    names: dict[str, str] = {}
    for dag in (dag for each in environments for dag in load_project(folder, each).dags):
        for sync in dag.syncs:
            if "{{" not in sync.connection_id:
                names.setdefault(sync.connection_id, f"{dag.dag_id}_{sync.name}")
    return tuple(ConnectionSeed(connection_id=each, name=name) for each, name in names.items())


def _start(options: ServerOptions) -> LocalAirbyte:
    try:
        return LocalAirbyte.start_with(options)
    except ServerError as error:
        raise UsageError(str(error)) from error


def _options(arguments: argparse.Namespace) -> ServerOptions:
    faker: Path | None = arguments.source_faker
    if faker is not None and not os.access(faker, os.X_OK):
        msg = f"--source-faker: {faker} is not an executable"
        raise UsageError(msg)
    return ServerOptions(
        data_folder=arguments.data,
        port=arguments.port,
        seeds=connection_seeds(arguments.configs),
        client_id=os.environ.get("LOCAL_AIRBYTE_CLIENT_ID", DEFAULT_CLIENT_ID),
        client_secret=os.environ.get("LOCAL_AIRBYTE_CLIENT_SECRET", DEFAULT_CLIENT_SECRET),
        job_seconds=arguments.job_seconds,
        source_faker=None if faker is None else faker.absolute(),
        verbose=arguments.verbose,
    )


def _greet(airbyte: LocalAirbyte, options: ServerOptions) -> None:
    own = options.client_secret != DEFAULT_CLIENT_SECRET
    secret = "the value of LOCAL_AIRBYTE_CLIENT_SECRET" if own else DEFAULT_CLIENT_SECRET
    print("This is a development server: it imitates Airbyte's API on this machine and is no Airbyte.")
    print("The Airflow connection for it:")
    print("  type      airbyte")
    print(f"  host      {airbyte.url}")
    print(f"  login     {options.client_id}")
    print(f"  password  {secret}")
    print(f"Rows are written to {options.data_folder}. Faults and scripts: {airbyte.admin_url}")
    print(f"local Airbyte ready on {airbyte.url}", flush=True)


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that is set by SIGTERM or SIGINT; the former handlers come back afterwards."""
    stopped = threading.Event()
    before = {each: signal.signal(each, lambda *_: stopped.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
