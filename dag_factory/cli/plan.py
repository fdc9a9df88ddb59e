"""`dag-factory plan`: says what a change of the configurations does in Airflow, before it is merged."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from dag_factory.cli.arguments import add_configs, moment
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.progress import watched
from dag_factory.cli.show import check_environment
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.config.files import ConfigFile, Listing, list_below_top, top_folder
from dag_factory.config.snapshot.snapshots import snapshots_beside
from dag_factory.config.text import suggestions
from dag_factory.config.tree import ConfigTree, read_tree
from dag_factory.git import GitMissingError
from dag_factory.plan.git_revision import Revision, RevisionError, read_revision, usual_revision
from dag_factory.plan.kinds import KINDS, Severity
from dag_factory.plan.planning import Plan, plan
from dag_factory.plan.report import github, json_report, markdown, text
from dag_factory.plan.report.outline import Heading

_USUAL_WIDTH = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "--against",
        metavar="REVISION",
        help="the branch, tag or commit to compare with, from where the work began "
        "(default: the target of the pull request in CI, else origin/HEAD or main)",
    )
    parser.add_argument("--env", metavar="NAME", help="only this environment (default: all)")
    add_configs(parser)
    parser.add_argument(
        "--format",
        choices=tuple(_RENDERERS),
        default="text",
        help="text, markdown for a summary or comment, github for annotations, or json (default: text)",
    )
    parser.add_argument(
        "--fail-on",
        metavar="KINDS",
        default="",
        help="exit with 1 if one of these happens: kinds such as runs-now,backfill, or danger, warning",
    )
    parser.add_argument("--details", action="store_true", help="show a long plan as a whole")
    parser.add_argument(
        "--at",
        type=moment,
        metavar="MOMENT",
        help="when it is merged, in ISO 8601, UTC unless with an offset (default: now)",
    )
    parser.epilog = """\
The folder is compared with the commit from which the current one comes. Nothing is asked of Airflow or
Airbyte. docs/plan.md explains each kind.

examples:
  dag-factory plan                                    # against the target of the pull request
  dag-factory plan --against v12 --env prod           # against a tag, in one environment
  dag-factory plan --fail-on backfill,unreached       # for a gate in CI
  dag-factory plan --format markdown                  # for the summary of a job"""


def run(arguments: argparse.Namespace) -> int:
    """Show a plan. Exit status 0: shown, 1: something of --fail-on happens, 2: wrong usage."""
    gate = _gate(arguments.fail_on)
    now = arguments.at or datetime.now(UTC)
    root = _root(arguments.configs)
    top = top_folder(root)
    try:
        with tempfile.TemporaryDirectory(prefix="dag-factory-") as folder:
            given = arguments.against
            against = usual_revision(top, os.environ) if given is None else given
            revision = read_revision(top, against, Path(folder))
            old, new = _trees(root, top, Path(folder), revision)
            if not root.is_dir() and not old.files:
                checked_folder(arguments.configs, "plan")
            _check_environment(arguments.env, old, new)
            made = plan(old, new, now, arguments.env)
    except (RevisionError, GitMissingError) as error:
        raise UsageError(str(error)) from error
    heading = Heading(against=against, commit=revision.commit, at=now)
    print(_RENDERERS[arguments.format](made, heading, arguments), end="")
    return FINDINGS if any(each.kind in gate for each in made.consequences) else CLEAN


def _root(configs: Path) -> Path:
    """Return the folder; one that is gone is a change too, if its repository is there."""
    is_gone = not configs.exists() and not configs.is_symlink() and configs.absolute().parent.is_dir()
    return configs.absolute() if is_gone else checked_folder(configs, "plan")


def _listing(root: Path) -> Listing:
    name = root.relative_to(top_folder(root).parent).as_posix()
    return list_below_top(root) if root.is_dir() else Listing(name=name, files=(), diagnostics=())


def _trees(root: Path, top: Path, folder: Path, revision: Revision) -> tuple[ConfigTree, ConfigTree]:
    """Read both revisions; a file that git says is the same is read once."""
    snapshots = snapshots_beside(root)
    new = read_tree(_listing(root), snapshots, watch=_watched)
    known = {file.file.name: file for file in new.checked if file.file.name in revision.same}
    old_root = folder / root.relative_to(top.parent)
    old_root.mkdir(parents=True, exist_ok=True)
    listing = _with_same(list_below_top(old_root), new.listing, revision.same)
    old_snapshots = snapshots_beside(old_root) if revision.has_other_snapshots else snapshots
    return read_tree(listing, old_snapshots, known=known), new


def _with_same(old: Listing, new: Listing, same: frozenset[str]) -> Listing:
    """Add the files that have not changed, and what is wrong with them, to those that were written."""
    files = [*old.files, *(each for each in new.files if each.name in same)]
    diagnostics = (*old.diagnostics, *(each for each in new.diagnostics if each.file in same))
    return Listing(
        name=old.name, files=tuple(sorted(files, key=lambda each: each.name)), diagnostics=diagnostics
    )


def _watched(files: Sequence[ConfigFile]) -> Iterator[ConfigFile]:
    return watched(files, sys.stderr)


def _check_environment(name: str | None, old: ConfigTree, new: ConfigTree) -> None:
    check_environment(name, sorted({*old.environments, *new.environments}))


def _gate(names: str) -> frozenset[str]:
    """Return the kinds that a gate names, by their names or severities."""
    by_severity: Mapping[str, list[str]] = {
        str(severity): [kind.name for kind in KINDS.values() if kind.severity is severity]
        for severity in Severity
    }
    found: set[str] = set()
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in KINDS and name not in by_severity:
            known = [*by_severity, *KINDS]
            alike = suggestions.did_you_mean(name, known, suggestions.SearchLimit())
            message = f"--fail-on: unknown kind '{name}'; {alike or 'the kinds are: ' + ', '.join(known)}"
            raise UsageError(message)
        found.update(by_severity.get(name, [name]))
    return frozenset(found)


def _as_text(made: Plan, heading: Heading, arguments: argparse.Namespace) -> str:
    is_terminal = sys.stdout.isatty()
    return text.render(
        made,
        heading,
        width=shutil.get_terminal_size((_USUAL_WIDTH, 24)).columns if is_terminal else _USUAL_WIDTH,
        has_color=is_terminal and "NO_COLOR" not in os.environ,
        is_whole=arguments.details,
    )


_RENDERERS: Mapping[str, Callable[[Plan, Heading, argparse.Namespace], str]] = {
    "text": _as_text,
    "markdown": lambda made, heading, _: markdown.render(made, heading),
    "github": lambda made, heading, _: github.render(made, heading),
    "json": lambda made, heading, _: json_report.render(made, heading),
}
