"""`dag-factory local-airbyte`: runs the local Airbyte in the foreground until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dag_factory.cli.arguments import add_configs, port, seconds
from dag_factory.cli.main import CLEAN, UsageError
from dag_factory.config.project import load_every_environment
from dag_factory.local_airbyte.model.connection import ConnectionSeed

if TYPE_CHECKING:
    from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions

DEFAULT_PORT = 8006

# One module of each requirement that the extra `local` adds.
_NEEDED = ("fastapi", "uvicorn", "jwt", "python_multipart")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "--port",
        type=port,
        default=DEFAULT_PORT,
        help=f"port on 127.0.0.1 (default: {DEFAULT_PORT}); 0 takes a free one",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(".local-airbyte"),
        metavar="FOLDER",
        help="where jobs and rows are kept (default: .local-airbyte)",
    )
    add_configs(parser, "serve the connections of these files too")
    parser.add_argument(
        "--job-seconds",
        type=seconds,
        default=3.0,
        metavar="S",
        help="how many seconds a sync takes (default: 3)",
    )
    parser.add_argument(
        "--source-faker",
        type=Path,
        metavar="PATH",
        help="executable of Airbyte's source-faker, to read from it instead of the built-in source",
    )
    parser.add_argument(
        "--no-samples", action="store_true", help="serve only the connections of the configurations"
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")
    parser.epilog = """\
examples:
  dag-factory local-airbyte                           # needs the extra 'local'
  dag-factory local-airbyte --port 0 --data /tmp/lab  # on a free port, with other data"""


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        message = f"not installed: {', '.join(missing)}; install this package with its extra 'local'"
        raise UsageError(message)
    options = _options(arguments)
    with _stop_signals() as stopped, _start(options) as airbyte:
        _greet(airbyte, options)
        while not stopped.wait(1.0):
            if not airbyte.is_alive:
                message = "the server of the local Airbyte ended by itself"
                raise RuntimeError(message)
    return CLEAN


def connection_seeds(folder: Path) -> tuple[ConnectionSeed, ...]:
    """Return the connections of all DAGs in all environments.

    Each has the name that a sync gives it, else that of the first sync that uses it. Configurations with
    errors and templated ids add none.
    """
    names: dict[str, str] = {}
    for dag in (dag for project in load_every_environment(folder) for dag in project.dags):
        for sync in dag.syncs:
            if "{{" not in sync.connection_id:
                names.setdefault(sync.connection_id, sync.connection or f"{dag.dag_id}_{sync.name}")
    return tuple(ConnectionSeed(connection_id=each, name=name) for each, name in names.items())


def _start(options: ServerOptions) -> LocalAirbyte:
    # Imported late: the base package does not install what the server needs.
    from dag_factory.local_airbyte.server import LocalAirbyte, ServerError  # noqa: PLC0415

    try:
        return LocalAirbyte.start_with(options)
    except ServerError as error:
        raise UsageError(str(error)) from error


def _options(arguments: argparse.Namespace) -> ServerOptions:
    from dag_factory.local_airbyte import server  # noqa: PLC0415 (as above)

    faker: Path | None = arguments.source_faker
    if faker is not None and not os.access(faker, os.X_OK):
        message = f"--source-faker: '{faker}' is not an executable"
        raise UsageError(message)
    return server.ServerOptions(
        data_folder=arguments.data,
        port=arguments.port,
        seeds=connection_seeds(arguments.configs),
        client_id=os.environ.get("LOCAL_AIRBYTE_CLIENT_ID", server.DEFAULT_CLIENT_ID),
        client_secret=os.environ.get("LOCAL_AIRBYTE_CLIENT_SECRET", server.DEFAULT_CLIENT_SECRET),
        job_seconds=arguments.job_seconds,
        source_faker=None if faker is None else faker.absolute(),
        verbose=arguments.verbose,
        has_samples=not arguments.no_samples,
    )


def _greet(airbyte: LocalAirbyte, options: ServerOptions) -> None:
    from dag_factory.local_airbyte.server import DEFAULT_CLIENT_SECRET  # noqa: PLC0415 (as above)

    is_own = options.client_secret != DEFAULT_CLIENT_SECRET
    secret = "the value of LOCAL_AIRBYTE_CLIENT_SECRET" if is_own else DEFAULT_CLIENT_SECRET
    print("This is a development server that imitates Airbyte's API on this machine. It is not Airbyte.")
    print("The Airflow connection for it:")
    print("  type      airbyte")
    print(f"  host      {airbyte.url}")
    print(f"  login     {options.client_id}")
    print(f"  password  {secret}")
    print(f"Rows are written to {options.data_folder}. Faults and scripts: {airbyte.admin_url}")
    print(f"local Airbyte ready on {airbyte.url}", flush=True)


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM or SIGINT sets; restore the former handlers afterwards."""
    stopped = threading.Event()
    before = {each: signal.signal(each, lambda *_: stopped.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
