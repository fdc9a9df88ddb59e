"""`dag-factory list`: the DAGs of every environment, or what they need in Airflow."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from dag_factory.cli.arguments import add_configs, moment
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.progress import watched
from dag_factory.cli.show import check_environment
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.config.files import ENDINGS, ConfigFile, list_below_top, top_folder
from dag_factory.config.project import Resolution, resolve_tree, resolve_tree_everywhere
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.snapshots import Snapshots, snapshots_beside
from dag_factory.config.text import suggestions
from dag_factory.config.tree import ConfigTree, read_tree
from dag_factory.report.escapes import escape
from dag_factory.report.estate import csv_report, json_report
from dag_factory.report.estate.requirements import Requirement, requirements
from dag_factory.report.estate.rows import Environment, Listed, NameOf, listed
from dag_factory.report.estate.runs import Window
from dag_factory.report.estate.selection import Selection, is_glob, matches, selected, wanted_in
from dag_factory.report.estate.table import Table
from dag_factory.report.estate.text import list_table, requirements_table

# How many ids a message lists.
_FEW = 20

_EPILOG = """\
Moments are in ISO 8601, and in UTC unless they have an offset: 2026-01-31T16:30, 2026-01-31T16:30+01:00.
Owners, tags, files and connections may be globs ('sales*') and may be given several times.
Exit status: 0 all DAGs can be created, 1 some cannot; they are listed with their errors' codes.

examples:
  dag-factory list                                   # all DAGs, in every environment
  dag-factory list 'sales_*' --env prod              # some of them, in one environment
  dag-factory list --connection "shop orders"        # which DAGs sync a connection
  dag-factory list --runs-from 2026-01-31T03:00 --runs-until 2026-01-31T04:00
  dag-factory list --format csv > dags.csv           # for a spreadsheet
  dag-factory list --requires                        # connections, pools, variables, providers"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "dags", metavar="DAG", nargs="*", help="only these: ids, globs of ids, or files (default: all)"
    )
    parser.add_argument("--env", metavar="NAME", help="only this environment (default: all)")
    add_configs(parser)
    parser.add_argument(
        "--format",
        choices=("text", "json", "csv"),
        default="text",
        help="the output's format (default: text)",
    )
    parser.add_argument("--requires", action="store_true", help="list what has to exist in Airflow instead")
    _add_filters(parser)
    parser.add_argument("--at", type=moment, metavar="MOMENT", help="when the list is for (default: now)")
    parser.epilog = _EPILOG


def _add_filters(parser: argparse.ArgumentParser) -> None:
    for option, what in (
        ("owner", "the DAGs of this owner"),
        ("tag", "the DAGs with this tag"),
        ("file", "the DAGs of this file, folder or glob"),
    ):
        metavar = "GLOB" if option == "file" else "NAME"
        parser.add_argument(f"--{option}", metavar=metavar, action="append", default=[], help=what)
    parser.add_argument(
        "--connection",
        metavar="NAME_OR_ID",
        action="append",
        default=[],
        help="the DAGs that sync this connection of Airbyte",
    )
    parser.add_argument(
        "--runs-from", type=moment, metavar="MOMENT", help="the DAGs that run at this moment or later"
    )
    parser.add_argument(
        "--runs-until", type=moment, metavar="MOMENT", help="the DAGs that run before this moment"
    )


def run(arguments: argparse.Namespace) -> int:
    """List DAGs. Exit status 0: all of them can be created, 1: some cannot, 2: wrong usage."""
    window = _window(arguments)
    root = checked_folder(arguments.configs, "list")
    tree = read_tree(list_below_top(root), snapshots_beside(root), watch=_watched)
    check_environment(arguments.env, tree.environments)
    resolutions = list(_resolutions(tree, arguments.env))
    rows = listed(resolutions, window, _names_in(tree.snapshots))
    selection = _selection(arguments, top_folder(root))
    _check_dags(selection, rows)
    chosen = selected(rows, selection)
    environments = [environment for environment, _ in resolutions]
    if arguments.requires:
        found = requirements(resolutions, wanted_in(chosen, environments))
        _print_requirements(found, environments, arguments.format)
    else:
        _print_list(chosen, environments, arguments.format, window.first)
    return _end(rows, chosen, selection, arguments.configs)


def _window(arguments: argparse.Namespace) -> Window:
    first, end = arguments.runs_from or arguments.at or datetime.now(UTC), arguments.runs_until
    if end is not None and end <= first:
        message = f"--runs-until has to be after {first.isoformat()}"
        raise UsageError(message)
    return Window(first=first, end=end)


def _watched(files: Sequence[ConfigFile]) -> Iterator[ConfigFile]:
    return watched(files, sys.stderr)


def _resolutions(tree: ConfigTree, environment: str | None) -> Iterator[tuple[Environment, Resolution]]:
    """Yield what was asked for: one environment, or each, and first the configuration without one."""
    if environment is not None:
        yield environment, resolve_tree(tree, environment)
        return
    every = zip((None, *tree.environments), resolve_tree_everywhere(tree), strict=True)
    # Where each environment has its own Airbyte, names are looked up in none without an environment.
    is_only_in_environments = tree.snapshots.environments and not tree.snapshots.has_one_for_all
    yield from islice(every, 1 if is_only_in_environments else 0, None)


def _names_in(snapshots: Snapshots) -> NameOf:
    """Look up the names of connections in the snapshots."""

    def name_of(environment: Environment, airbyte_conn_id: str, connection_id: str) -> str | None:
        snapshot = snapshots.of(environment, airbyte_conn_id)
        found = snapshot.connections.get(connection_id) if isinstance(snapshot, Snapshot) else None
        return None if found is None else found.name

    return name_of


def _selection(arguments: argparse.Namespace, top: Path) -> Selection:
    files = [name for name in arguments.dags if _is_file(name)]
    return Selection(
        dags=tuple(name for name in arguments.dags if not _is_file(name)),
        owners=tuple(arguments.owner),
        tags=tuple(arguments.tag),
        files=tuple(pattern for name in (*files, *arguments.file) for pattern in _file_patterns(name, top)),
        connections=tuple(arguments.connection),
        is_in_window=bool(arguments.runs_from or arguments.runs_until),
    )


def _is_file(name: str) -> bool:
    return "/" in name or name.endswith(ENDINGS)


def _file_patterns(name: str, top: Path) -> tuple[str, str]:
    """Return the patterns of a path as it is displayed: it may be a file or glob, or a folder."""
    own = Path(os.path.abspath(name))  # noqa: PTH100 (as files are listed: a link stays the link)
    shown = own.relative_to(top.parent).as_posix() if own.is_relative_to(top.parent) else name
    return shown, f"{shown}/*"


def _check_dags(selection: Selection, rows: Sequence[Listed]) -> None:
    """Refuse the id of a DAG that is not there; a glob may match nothing."""
    known = sorted({listed.row.name for listed in rows})
    for name in selection.dags:
        if not any(matches(name, each) for each in known) and not is_glob(name):
            alike = suggestions.did_you_mean(name, known, suggestions.SearchLimit())
            hint = alike or f"the DAGs are: {', '.join(known[:_FEW]) or 'none'}"
            message = escape(f"there is no DAG '{name}'; {hint}")
            raise UsageError(message)


def _print_list(
    rows: Sequence[Listed], environments: Sequence[Environment], style: str, at: datetime
) -> None:
    if style == "text":
        _print_table(list_table(rows, _width()))
    elif style == "csv":
        _print(csv_report.list_csv(rows, environments))
    else:
        _print(json_report.list_json(rows, environments, at))


def _print_requirements(
    found: Sequence[Requirement], environments: Sequence[Environment], style: str
) -> None:
    if style == "text":
        _print_table(requirements_table(found, _width()))
    elif style == "csv":
        _print(csv_report.requirements_csv(found, environments))
    else:
        _print(json_report.requirements_json(found, environments))


def _print_table(drawn: Table) -> None:
    _print("".join(f"{line}\n" for line in drawn.lines))
    if drawn.left_out:
        names = ", ".join(drawn.left_out)
        print(f"no room for {names}; a pipe has all: dag-factory list | less -S", file=sys.stderr)


def _print(text: str) -> None:
    print(text, end="", flush=True)


def _width() -> int | None:
    """Return the width of the terminal; None for a pipe or a file, where nothing is left out."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _end(rows: Sequence[Listed], chosen: Sequence[Listed], selection: Selection, configs: Path) -> int:
    """Say what the list cannot, and return the exit status."""
    if not chosen:
        text = "no DAG matches" if rows else f"there is no DAG in '{configs}'"
        print(text, file=sys.stderr)
    broken = {listed.row.key for listed in rows if listed.row.is_broken and selection.may_have(listed.row)}
    if not broken:
        return CLEAN
    missing = broken - {listed.row.key for listed in chosen}
    what = "1 DAG cannot" if len(broken) == 1 else f"{len(broken)} DAGs cannot"
    unlisted = f" ({len(missing)} of them may match and are not listed)" if missing else ""
    print(f"{what} be created{unlisted}; 'dag-factory validate' says why", file=sys.stderr)
    return FINDINGS
