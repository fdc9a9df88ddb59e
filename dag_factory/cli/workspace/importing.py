"""`dag-factory import`: writes configurations of connections that are in no DAG. It overwrites nothing."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path, PurePosixPath

from dag_factory.cli.arguments import add_configs
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.cli.workspace.new_files import create_file
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.files import ENDINGS, top_folder
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.snapshots import Snapshots, snapshots_beside
from dag_factory.config.text.secret_patterns import redacted
from dag_factory.config.text.templates import is_template
from dag_factory.report import text
from dag_factory.report.escapes import escape
from dag_factory.workspace.imports.dag_folder import DagFolder, read_dag_folder
from dag_factory.workspace.imports.grouping import GROUPS
from dag_factory.workspace.imports.importing import Plan, PlannedFile, plan
from dag_factory.workspace.imports.selection import Choice, NothingMatchesError, Selection, selected


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "--name",
        metavar="GLOB",
        action="append",
        default=[],
        help="only names like this, with * and ?; case matters; repeatable",
    )
    parser.add_argument(
        "--tag", metavar="TAG", action="append", default=[], help="only with this tag in Airbyte; repeatable"
    )
    parser.add_argument("--inactive", action="store_true", help="also inactive and locked ones, not enabled")
    parser.add_argument(
        "--group-by",
        choices=GROUPS,
        help="one DAG for the connections of a source, destination, tag (the first) or schedule;"
        " those with another schedule get another DAG (default: one DAG each)",
    )
    parser.add_argument(
        "--folder", type=PurePosixPath, default=PurePosixPath(), help="write below this folder of configs/"
    )
    parser.add_argument(
        "--by-id", action="store_true", help="write the ids of connections instead of their names"
    )
    parser.add_argument(
        "--airbyte-conn-id",
        metavar="ID",
        help="the Airflow connection of the Airbyte (default: what the defaults of the folder say)",
    )
    parser.add_argument(
        "--env", metavar="NAME", help="the environment of the snapshot (default: the one in DAG_FACTORY_ENV)"
    )
    add_configs(parser)
    parser.add_argument("--dry-run", action="store_true", help="print what would be written")
    parser.epilog = """\
examples:
  dag-factory import --dry-run                   # what would be written
  dag-factory import                             # a DAG for each connection that is in none
  dag-factory import --name 'shop*' --folder shop
  dag-factory import --group-by source --by-id"""


def run(arguments: argparse.Namespace) -> int:
    """Write the files. Exit status 0: all are written, 1: the folder or the snapshot has errors."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names may have characters that a terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    root, below = _folders(arguments.configs, arguments.folder)
    environment = arguments.env or os.environ.get("DAG_FACTORY_ENV") or None
    folder = read_dag_folder(root, below, environment)
    if not isinstance(folder, DagFolder):
        return _refuse(folder)
    snapshots = snapshots_beside(root, root.name)
    _check_environment(environment, folder, snapshots)
    airbyte_conn_id = _airbyte_conn_id(arguments.airbyte_conn_id, folder, environment)
    snapshot = _snapshot(snapshots, environment, airbyte_conn_id)
    if isinstance(snapshot, Diagnostic):
        print(text.render([snapshot], (snapshot.file,), colour=False), end="")
        return FINDINGS
    choice = _choice(arguments, airbyte_conn_id, environment)
    try:
        selection = selected(snapshot, choice, folder.covered)
    except NothingMatchesError as error:
        raise UsageError(escape(redacted(str(error)))) from error
    planned = plan(selection, snapshot, choice, folder)
    return _write(planned, selection, folder, None if arguments.dry_run else root / below)


def _choice(arguments: argparse.Namespace, airbyte_conn_id: str, environment: str | None) -> Choice:
    return Choice(
        names=tuple(arguments.name),
        tags=tuple(arguments.tag),
        with_inactive=arguments.inactive,
        group_by=arguments.group_by,
        by_id=arguments.by_id,
        airbyte_conn_id=airbyte_conn_id,
        environment=environment,
    )


def _folders(configs: Path, folder: PurePosixPath) -> tuple[Path, PurePosixPath]:
    """Return the top folder, and the folder for new files as a path below it."""
    own = checked_folder(configs, "import")
    root = top_folder(own)
    # What is hidden or behind a link is not read, and what is named like a file is read as one.
    if folder.is_absolute() or any(part.startswith(".") or part.endswith(ENDINGS) for part in folder.parts):
        message = f"--folder: write the path of a folder below '{configs}', such as sales/orders"
        raise UsageError(message)
    below = PurePosixPath(own.relative_to(root).as_posix()) / folder
    if Path(os.path.realpath(root / below)) != Path(os.path.realpath(root)) / below:
        message = f"--folder: '{folder}' is a link; links to folders are not followed"
        raise UsageError(message)
    return root, below


def _refuse(errors: tuple[Diagnostic, ...]) -> int:
    files = tuple(dict.fromkeys(each.file for each in errors))
    print(text.render(errors, files, colour=False), end="")
    print("Nothing is imported: with these errors it is not known what the DAGs cover.")
    print("Run 'dag-factory validate' and correct them first.")
    return FINDINGS


def _check_environment(environment: str | None, folder: DagFolder, snapshots: Snapshots) -> None:
    if environment is None or environment in folder.declared or environment in snapshots.environments:
        return
    known = sorted({*folder.declared, *snapshots.environments})
    message = f"unknown environment '{environment}'; known are: {', '.join(known) or 'none'}"
    raise UsageError(message)


def _airbyte_conn_id(asked: str | None, folder: DagFolder, environment: str | None) -> str:
    airbyte_conn_id = asked or folder.airbyte_conn_id(environment)
    if is_template(airbyte_conn_id):
        message = (
            f"the defaults give the airbyte_conn_id '{airbyte_conn_id}'; name one with --airbyte-conn-id"
        )
        raise UsageError(message)
    return airbyte_conn_id


def _snapshot(snapshots: Snapshots, environment: str | None, airbyte_conn_id: str) -> Snapshot | Diagnostic:
    snapshot = snapshots.of(environment, airbyte_conn_id)
    if snapshot is None:
        name = snapshots.name_of(None, airbyte_conn_id)
        message = f"there is no snapshot '{name}'; run 'dag-factory pull' first"
        raise UsageError(message)
    return snapshot


def _write(planned: Plan, selection: Selection, folder: DagFolder, target: Path | None) -> int:
    """Write the files and say so; without a target say only what would be written."""
    failed = 0
    for file in planned.files:
        name = f"{folder.name}/{file.dag_id}.yaml"
        reason = None if target is None else create_file(target, f"{file.dag_id}.yaml", file.text)
        failed += reason is not None
        state = "failed" if reason is not None else "new" if target is None else "created"
        print(f"{state:9}  {name}: {reason or _summary(file)}")
        for problem in file.problems:
            print(f"           {escape(redacted(problem))}")
    for remark in planned.remarks:
        print(f"note: {escape(remark)}")
    if folder.templates:
        print(f"note: connection ids that are templates ({len(folder.templates)}) may cover some of these")
    _print_counts(planned, selection, failed, written=target is not None)
    return FINDINGS if failed else CLEAN


def _summary(file: PlannedFile) -> str:
    first, count = file.connections[0], len(file.connections)
    what = f'"{_shortened(escape(redacted(first.name)))}"' if count == 1 else f"{count} connections"
    return f"{what}, schedule {file.schedule}"


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


_LONGEST_NAME = 60


def _print_counts(planned: Plan, selection: Selection, failed: int, *, written: bool) -> None:
    imported = sum(len(file.connections) for file in planned.files)
    counts = {"imported" if written else "to import": imported, **selection.left_out}
    if failed:
        counts["files not written"] = failed
    without = sum(len(file.problems) for file in planned.files)
    if without:
        counts["without an equivalent schedule"] = without
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    twice = sum(file.is_scheduled_twice for file in planned.files)
    if twice:
        todo = "keep them paused until 'dag-factory take-over'"
        print(f"\nAirbyte itself still starts what {twice} of these DAGs sync: {todo}.")
