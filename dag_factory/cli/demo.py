"""`dag-factory demo`: runs every DAG once on a real Airflow against the local Airbyte, and prints a table."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dag_factory.cli.arguments import seconds
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError

if TYPE_CHECKING:
    from dag_factory.sandbox.configuration import Options
    from dag_factory.sandbox.console import Console

# One module of each requirement that the extra `sandbox` adds.
_NEEDED = ("airflow", "httpx", "psutil", "uvicorn")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=300.0,
        metavar="S",
        help="seconds that all runs together may take (default: 300)",
    )
    parser.epilog = """\
examples:
  dag-factory demo                 # run configs/ once; needs the extra 'sandbox'
  dag-factory demo --configs some  # run the DAGs of another folder"""


def run(arguments: argparse.Namespace) -> int:
    """Run the demo. Exit status 0: every DAG succeeded, 1: one did not."""

    def demonstrate_all(options: Options, console: Console) -> int:
        # Imported late: without the extra, the message of `start` is better than an ImportError.
        from dag_factory.sandbox.demo.run import run_demo  # noqa: PLC0415

        has_succeeded = run_demo(options, console, timeout_seconds=arguments.timeout)
        return CLEAN if has_succeeded else FINDINGS

    return start(arguments, demonstrate_all)


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `demo` and `up` share."""
    folders = {
        "--configs": (Path("configs"), "the DAGs' YAML files"),
        "--dags": (Path("dags"), "Airflow's DAGs folder"),
        "--work": (Path(".demo"), "where databases, logs and rows are kept"),
    }
    for name, (default, text) in folders.items():
        parser.add_argument(
            name, type=Path, default=default, metavar="FOLDER", help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--source-faker",
        type=Path,
        metavar="PATH",
        help="executable of Airbyte's source-faker, to read from it instead of the built-in source",
    )


def start(arguments: argparse.Namespace, action: Callable[[Options, Console], int]) -> int:
    """Check the arguments, run the action and print why a process failed; return the exit status."""
    _check(arguments)
    from dag_factory.sandbox.configuration import Options  # noqa: PLC0415 (see `run`)
    from dag_factory.sandbox.console import Console  # noqa: PLC0415
    from dag_factory.sandbox.processes.child import ChildFailedError, termination_as_exit  # noqa: PLC0415
    from dag_factory.sandbox.workspace import WorkspaceError  # noqa: PLC0415

    options = Options(
        configs=arguments.configs,
        dags=arguments.dags,
        work=arguments.work,
        source_faker=arguments.source_faker,
    )
    try:
        with termination_as_exit():
            return action(options, Console(sys.stdout))
    except WorkspaceError as error:
        raise UsageError(str(error)) from error
    except ChildFailedError as error:
        print(error, file=sys.stderr)
        return FINDINGS


def _check(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what cannot work, before anything starts."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        message = f"not installed: {', '.join(missing)}; install this package with its extra 'sandbox'"
        raise UsageError(message)
    for folder in (arguments.configs, arguments.dags):
        if not folder.is_dir():
            message = (
                f"the folder '{folder}' does not exist; run the command in the root of the DAG repository"
            )
            raise UsageError(message)
    faker = arguments.source_faker
    if faker is not None and not (faker.is_file() and os.access(faker, os.X_OK)):
        message = f"--source-faker: '{faker}' is not an executable"
        raise UsageError(message)
