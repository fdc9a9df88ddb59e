"""`dag-factory validate`: check configuration files and report every mistake with its line."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TextIO

from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.progress import watched
from dag_factory.config.diagnostics import has_errors, sort_unique
from dag_factory.config.files import TOP_NAME, ConfigFile, top_folder
from dag_factory.config.notifier_paths import PREFIXES_VARIABLE, prefixes_from
from dag_factory.config.project import Findings, validate_project
from dag_factory.report import text
from dag_factory.report.formats import FORMATS, renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        default=[Path(TOP_NAME)],
        help="folders or files (default: configs/); defaults.yaml is read up to the nearest folder 'configs'",
    )
    parser.add_argument(
        "--format", choices=tuple(FORMATS), help="of the report (default: text, and github in GitHub Actions)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the report there, and print it as if without --format",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="of text (default: on a terminal)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the paths and report; 0: nothing but warnings, 1: errors, or with --strict warnings."""
    usual = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
    chosen = arguments.format or usual
    top = _top() if chosen in ("github", "sarif") else Path.cwd()
    findings = validate(arguments.paths, os.environ.get("DAG_FACTORY_ENV") or None, top)
    if arguments.output is not None:
        _write(findings, chosen, arguments.output)
    _print(findings, chosen if arguments.output is None else usual, arguments.color)
    wrong = bool(findings.diagnostics) if arguments.strict else has_errors(findings.diagnostics)
    return FINDINGS if wrong else CLEAN


def validate(paths: Sequence[Path], environment: str | None, top: Path) -> Findings:
    """Check the paths; files are named as seen from the folder `top`."""
    found = [_validate_root(root, paths, environment, top) for root in _roots(paths)]
    diagnostics = sort_unique(diagnostic for each in found for diagnostic in each.diagnostics)
    return Findings(
        diagnostics=diagnostics, files=tuple(dict.fromkeys(name for each in found for name in each.files))
    )


def _validate_root(root: Path, paths: Sequence[Path], environment: str | None, top: Path) -> Findings:
    below = {_absolute(path) for path in paths}

    def wanted(file: ConfigFile) -> bool:
        own = _absolute(file.path)
        return not below.isdisjoint((own, *own.parents))

    def watch(files: Sequence[ConfigFile]) -> Iterator[ConfigFile]:
        return watched(files, sys.stderr)

    prefixes = prefixes_from(os.environ.get(PREFIXES_VARIABLE))
    shown = _shown(root, top)
    return validate_project(root, shown, environment, wanted, date.today(), watch, notifier_prefixes=prefixes)


def _roots(paths: Sequence[Path]) -> list[Path]:
    """Give the folders to begin at, each once and in order."""
    return list(dict.fromkeys(_root_of(path) for path in paths))


def _root_of(path: Path) -> Path:
    if not path.exists() and not path.is_symlink():
        message = f"there is no '{path}'; name a file or folder, or run the command where '{TOP_NAME}/' is"
        raise UsageError(message)
    own = _absolute(path)
    folder = own if own.is_dir() else own.parent
    return top_folder(folder)


def _absolute(path: Path) -> Path:
    # Not Path.resolve: a link has to stay the link, or nobody could see that it leads out.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _top() -> Path:
    """Give the folder that servers take for the repository's: where GitHub Actions says so, or this one."""
    return Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())


def _shown(root: Path, top: Path) -> str:
    near = next((each for each in (top, Path.cwd()) if root.is_relative_to(each)), root.parent)
    return root.relative_to(near).as_posix()


def _write(findings: Findings, style: str, path: Path) -> None:
    report = renderer(style)(findings.diagnostics, findings.files)
    try:
        path.write_text(report, "utf-8")
    except OSError as error:
        message = f"'{path}' cannot be written: {error.strerror}"
        raise UsageError(message) from error


def _print(findings: Findings, style: str, color: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe or terminal of another encoding shows escapes for what it cannot hold.
        sys.stdout.reconfigure(errors="backslashreplace")
    if style == "text":
        colour = _is_coloured(color, sys.stdout)
        print(text.render(findings.diagnostics, findings.files, colour=colour), end="")
    else:
        print(renderer(style)(findings.diagnostics, findings.files), end="")


def _is_coloured(color: str, stream: TextIO) -> bool:
    if color != "auto":
        return color == "always"
    # https://no-color.org
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
