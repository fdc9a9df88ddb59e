"""`dag-factory up`: runs Airflow's UI and the local Airbyte until Ctrl-C."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dag_factory.cli.arguments import port
from dag_factory.cli.demo import add_shared_arguments, start
from dag_factory.cli.main import CLEAN

if TYPE_CHECKING:
    from dag_factory.sandbox.configuration import Options
    from dag_factory.sandbox.console import Console

DEFAULT_PORT = 8080


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--port",
        type=port,
        default=DEFAULT_PORT,
        help=f"port of Airflow's UI on 127.0.0.1 (default: {DEFAULT_PORT}); if it is in use, a free one",
    )
    parser.epilog = """\
examples:
  dag-factory up              # needs the extra 'sandbox'; there is no login
  dag-factory up --port 8081"""


def run(arguments: argparse.Namespace) -> int:
    """Run both. Exit status 0: ended by Ctrl-C, 1: one of them ended by itself."""

    def stay_up(options: Options, console: Console) -> int:
        from dag_factory.sandbox.up import keep_running  # noqa: PLC0415 (see `demo`)

        keep_running(options, console, port=arguments.port)
        return CLEAN

    return start(arguments, stay_up)
