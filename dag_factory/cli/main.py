"""The command `dag-factory`: finds the subcommand, imports it alone and maps faults to exit statuses."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import traceback
from collections.abc import Sequence
from typing import Protocol

# Command to one line of help. The module has the command's name; only the one asked for is imported,
# so that `validate` does not pay for the server of `local-airbyte`.
COMMANDS = {
    "validate": "check configuration files and report every mistake with its line",
    "show": "print what a DAG becomes after defaults and environment, its tasks and its next runs",
    "schema": "print the JSON Schema of the configuration files, for editors",
    "init": "make a DAG repository, or add what is missing to one",
    "local-airbyte": "run a local development server that speaks Airbyte's public API",
    "demo": "run every DAG of a folder on a real Airflow against the local Airbyte",
    "up": "start Airflow's UI beside the local Airbyte and keep both running",
}

CLEAN, FINDINGS, WRONG_USAGE, OUR_FAULT = 0, 1, 2, 3
# As shells tell of SIGINT and SIGPIPE.
INTERRUPTED, UNREAD = 130, 141


class UsageError(Exception):
    """The command was called in a way that it cannot serve; the message says what to change."""


class Command(Protocol):
    """What a module of this package offers to be a command."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit status."""


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; never lets a traceback out for a user's mistake."""
    name = next((word for word in argv if not word.startswith("-")), None)
    command = _import(name) if name in COMMANDS else None
    parser, chosen = _parser(name, command)
    arguments, unknown = parser.parse_known_args(argv)
    assert command is not None  # noqa: S101 (argparse has ended the process for any other name)
    if unknown:
        # By the command's own parser, so that its own usage is shown.
        chosen.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        status = command.run(arguments)
        # A short report is written only now: whether anybody reads it is part of the outcome.
        sys.stdout.flush()
        return status
    except UsageError as error:
        print(f"dag-factory {name}: {error}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has left, and what it did not read may have been errors. With devnull the
        # interpreter's last flush is quiet.
        sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115
        return UNREAD
    except Exception:  # noqa: BLE001 (the labelled boundary: what is no user's mistake is ours)
        traceback.print_exc()
        print("dag-factory: this is a fault of dag-factory itself; please report it", file=sys.stderr)
        return OUR_FAULT


def run() -> None:
    """The entry point of the installed script."""
    # What a thousand files make is kept, and holds next to no circles: Python would search it for some after
    # each 700 objects more.
    gc.set_threshold(50_000)
    sys.exit(main(sys.argv[1:]))


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that takes as long as a file's check."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and end the process."""
        version = importlib.import_module("importlib.metadata").version("airbyte-dag-factory")
        print(f"dag-factory {version}")
        parser.exit()


def _import(name: str) -> Command:
    module: Command = importlib.import_module(f"dag_factory.cli.{name.replace('-', '_')}")
    return module


def _parser(
    chosen: str | None, command: Command | None
) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Make the parser of everything, and give that of the chosen command besides; without one, the same."""
    description = "Airbyte syncs in Airflow, declared in YAML."
    parser = argparse.ArgumentParser(prog="dag-factory", description=description)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the package's version and exit")
    own = parser
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        subparser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == chosen and command is not None:
            command.configure(subparser)
            own = subparser
    return parser, own
