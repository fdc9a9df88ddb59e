"""The command `dag-factory`: imports only the chosen subcommand, and maps errors to exit statuses."""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import io
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

# Command to one line of help, the most used first. The module has the command's name; only the chosen one
# is imported, so that `validate` does not pay for the server of `local-airbyte`.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "validate": "check configuration files; report every error with its line",
        "show": "print a DAG's values, tasks and next runs",
        "list": "list the DAGs of every environment, or what they need in Airflow",
        "plan": "say what a change does in Airflow, before it is merged",
        "calendar": "show how many syncs start when, in a week",
        "rule": "explain the code of a diagnostic, with examples",
        "init": "create a DAG repository, or add what is missing to one",
        "schema": "print the JSON Schema of the files, for editors",
        "pull": "write what Airbyte knows of its connections into the repository",
        "import": "write the configuration of each connection that is in no DAG",
        "take-over": "move the schedules of connections from Airbyte to Airflow",
        "doctor": "ask whether Airbyte can be used as it is set up here; say what to do",
        "demo": "run every DAG once on Airflow and a local Airbyte",
        "up": "run Airflow's UI and a local Airbyte until Ctrl-C",
        "local-airbyte": "run a development server with Airbyte's public API",
        "completion": "print a script that completes commands in a shell",
    }
)

# Commands whose module has another name than the command.
MODULES: Mapping[str, str] = MappingProxyType(
    {
        "list": "listing",
        "pull": "workspace.pull",
        "import": "workspace.importing",
        "take-over": "workspace.take_over",
        "doctor": "workspace.doctor",
    }
)

_DESCRIPTION = """\
Airbyte syncs in Airflow, declared in YAML.

  dag-factory init syncs             create a DAG repository in the folder syncs
  dag-factory validate               check configs/
  dag-factory show orders --env dev  show the DAG 'orders' in the environment 'dev'
  dag-factory rule bad-cron          explain a code that validate reports"""
_EPILOG = """\
'dag-factory COMMAND --help' shows the options of a command, with examples.
Exit status: 0 success, 1 errors found, 2 wrong usage, 3 an error in dag-factory itself."""

CLEAN, FINDINGS, WRONG_USAGE, INTERNAL_ERROR = 0, 1, 2, 3
# As shells report SIGINT and SIGPIPE.
INTERRUPTED, UNREAD = 130, 141


class UsageError(Exception):
    """The command cannot do what was asked; the message says what to change."""


class Command(Protocol):
    """The functions that each command's module has."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments and examples."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command and return its exit status."""


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; a user's error never ends in a traceback."""
    name = next((word for word in argv if not word.startswith("-")), None)
    command = import_command(name) if name is not None and name in COMMANDS else None
    parser, chosen = _parser(name, command)
    if name is not None and command is None:
        parser.error(_unknown(name))
    arguments, unknown = parser.parse_known_args(argv)
    assert command is not None  # noqa: S101 (argparse has ended the process without a command)
    if unknown:
        # Reported by the command's parser, which shows the usage of the command.
        chosen.error(f"unrecognized arguments: {' '.join(unknown)}")
    return _run(name, command, arguments)


def _run(name: str | None, command: Command, arguments: argparse.Namespace) -> int:
    """Run a parsed command; every exception becomes an exit status."""
    try:
        if sys.stdout is None:
            message = "the standard output is closed"
            raise UsageError(message)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A pipe or terminal with another encoding shows escapes for what it cannot encode.
            sys.stdout.reconfigure(errors="backslashreplace")
        status = command.run(arguments)
        # Flush here: a closed pipe has to change the exit status.
        sys.stdout.flush()
        return status
    except UsageError as error:
        print(f"dag-factory {name}: {error}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) is gone, and the rest may have held errors.
        _discard_output()
        return UNREAD
    except Exception as error:  # noqa: BLE001 (the outermost boundary: anything else is an error of ours)
        if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None:
            _discard_output()
            print(f"dag-factory {name}: the output cannot be written: {error.strerror}", file=sys.stderr)
            return WRONG_USAGE
        traceback.print_exc()
        print("dag-factory: this is an error in dag-factory itself; please report it", file=sys.stderr)
        return INTERNAL_ERROR


# What the system says of an output on a full disk, or of a closed one.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


def _discard_output() -> None:
    """Let the interpreter's last flush go nowhere, so that it does not fail."""
    sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115


def run() -> None:
    """Run the installed script."""
    # A thousand files make many objects and hardly any cycles; by default Python would search for cycles
    # after every 700 new objects.
    gc.set_threshold(50_000)
    sys.exit(main(sys.argv[1:]))


def import_command(name: str) -> Command:
    """Import the module of a command."""
    path = MODULES.get(name) or name.replace("-", "_")
    module: Command = importlib.import_module(f"dag_factory.cli.{path}")
    return module


def add_command(
    name: str, commands: argparse._SubParsersAction[argparse.ArgumentParser]
) -> argparse.ArgumentParser:
    """Add the parser of a command, still without its arguments."""
    text = COMMANDS[name]
    return commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        formatter_class=_help_formatter,
    )


def _help_formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=20)


class _Version(argparse.Action):
    """Reads the version only when it is asked for: that takes as long as checking a file."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the version and end the process."""
        version = importlib.import_module("importlib.metadata").version("airbyte-dag-factory")
        print(f"dag-factory {version}")
        parser.exit()


def _parser(
    chosen: str | None, command: Command | None
) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Create the parser of all commands; return it with that of the chosen one, or twice if there is none."""
    parser = argparse.ArgumentParser(
        prog="dag-factory",
        usage="dag-factory COMMAND [ARGUMENT ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=_help_formatter,
    )
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="print the version and exit")
    own = parser
    # `prog` is the name in the usage of each command, which otherwise would repeat the usage above.
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="dag-factory", required=True)
    for name in COMMANDS:
        subparser = add_command(name, commands)
        if name == chosen and command is not None:
            command.configure(subparser)
            own = subparser
    return parser, own


def _unknown(name: str) -> str:
    from dag_factory.cli.arguments import suggest  # noqa: PLC0415 (only for a misspelt command)

    return f"unknown command '{name}'; {suggest(name, COMMANDS)}"
