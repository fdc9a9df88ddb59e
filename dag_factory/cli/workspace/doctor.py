"""`dag-factory doctor`: asks each Airbyte of a folder, and says what works and what does not."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dag_factory.cli.main import CLEAN, FINDINGS
from dag_factory.cli.show import check_environment
from dag_factory.cli.workspace.extra import needs_extra
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.cli.workspace.progress_line import progress_line
from dag_factory.config.files import TOP_NAME
from dag_factory.config.project import Resolution, resolve_project
from dag_factory.config.snapshot.snapshots import DEFAULT_CONN_ID
from dag_factory.report.escapes import escape
from dag_factory.report.json_report import json_text

if TYPE_CHECKING:
    from dag_factory.workspace.diagnosis.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "--airbyte-conn-id",
        metavar="ID",
        help="ask only the Airbyte of this Airflow connection (default: each that the folder uses)",
    )
    parser.add_argument("--env", metavar="NAME", help="the environment (default: DAG_FACTORY_ENV)")
    parser.add_argument(
        "--configs",
        type=Path,
        metavar="FOLDER",
        help=f"the folder of the configurations (default: {TOP_NAME}, if there is one)",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="the output's format (default: text)"
    )
    parser.epilog = """\
examples:
  dag-factory doctor                                # each Airbyte that configs/ uses
  dag-factory doctor --env dev                      # as in the environment 'dev'
  dag-factory doctor --airbyte-conn-id airbyte_eu   # one Airbyte
  AIRBYTE_URL=https://airbyte.example.com/api/public/v1 dag-factory doctor   # without a folder"""


def run(arguments: argparse.Namespace) -> int:
    """Ask and answer. Exit status 0: nothing is an error, 1: something is, 2: wrong usage."""
    environment = arguments.env or os.environ.get("DAG_FACTORY_ENV") or None
    folder = _folder(arguments.configs, environment)
    answers = _answers(folder, arguments.airbyte_conn_id)
    show = _as_json if arguments.format == "json" else _as_text
    print(show(answers), end="")
    return FINDINGS if any(each.level == "error" for each in answers) else CLEAN


def _folder(configs: Path | None, environment: str | None) -> Resolution | None:
    """Read the folder; None if none was named and there is none."""
    folder = configs or Path(TOP_NAME)
    if configs is None and not folder.exists():
        return None
    resolution = resolve_project(checked_folder(folder, "doctor"), environment)
    check_environment(environment, resolution.project.environments)
    return resolution


@needs_extra("doctor")
def _answers(folder: Resolution | None, wanted: str | None) -> tuple[Answer, ...]:
    from dag_factory.workspace.diagnosis.diagnosis import Surroundings, diagnosis  # noqa: PLC0415 (needs the extra)

    with progress_line(sys.stderr) as line:
        around = Surroundings(variables=os.environ, show=line.show, say=line.say)
        return tuple(diagnosis(folder, wanted, DEFAULT_CONN_ID, around))


def _as_text(answers: Sequence[Answer]) -> str:
    is_one_of_several = len({each.airbyte_conn_id for each in answers} - {None}) > 1
    lines = (each.line(with_conn_id=is_one_of_several) for each in answers)
    return "".join(f"{escape(line)}\n" for line in lines)


def _as_json(answers: Sequence[Answer]) -> str:
    return json_text({"answers": [asdict(each) for each in answers]})
