"""`dag-factory validate`: check configuration files and report every mistake with its line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.config.files import ConfigFile
from dag_factory.config.project import Findings, validate_project
from dag_factory.report import text

# A folder of this name is the top of a DAG repository's configuration; defaults are looked for up to it.
ROOT_NAME = "configs"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        default=[Path(ROOT_NAME)],
        help="folders or files (default: configs/); defaults.yaml is read up to the nearest folder 'configs'",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the paths; 0: nothing but warnings, 1: errors."""
    return validate(arguments.paths, os.environ.get("DAG_FACTORY_ENV") or None)


def validate(paths: Sequence[Path], environment: str | None) -> int:
    """Check the paths, print what is wrong and return the exit status."""
    findings = [_validate_root(root, paths, environment) for root in _roots(paths)]
    diagnostics = [diagnostic for each in findings for diagnostic in each.diagnostics]
    _print(diagnostics, sum(len(each.files) for each in findings))
    return FINDINGS if has_errors(diagnostics) else CLEAN


def _validate_root(root: Path, paths: Sequence[Path], environment: str | None) -> Findings:
    below = [_absolute(path) for path in paths]

    def wanted(file: ConfigFile) -> bool:
        own = _absolute(file.path)
        return any(own == path or path in own.parents for path in below)

    return validate_project(root, _shown(root), environment, wanted, date.today())


def _roots(paths: Sequence[Path]) -> list[Path]:
    """Give the folders to begin at, each once and in order."""
    return list(dict.fromkeys(_root_of(path) for path in paths))


def _root_of(path: Path) -> Path:
    if not path.exists() and not path.is_symlink():
        message = f"there is no '{path}'; name a file or folder, or run the command where '{ROOT_NAME}/' is"
        raise UsageError(message)
    own = _absolute(path)
    folder = own if own.is_dir() else own.parent
    return next((each for each in (folder, *folder.parents) if each.name == ROOT_NAME), folder)


def _absolute(path: Path) -> Path:
    # Not Path.resolve: a link has to stay the link, or nobody could see that it leads out.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _shown(root: Path) -> str:
    here = Path.cwd()
    return root.relative_to(here).as_posix() if root.is_relative_to(here) and root != here else root.name


def _print(diagnostics: Sequence[Diagnostic], files: int) -> None:
    print(text.render(diagnostics), end="")
    print(text.summary(diagnostics, files))
