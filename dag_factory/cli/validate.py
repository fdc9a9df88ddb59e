"""`dag-factory validate`: checks configuration files and reports every error with its line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TextIO

from dag_factory.cli.main import CLEAN, FINDINGS, INTERNAL_ERROR, UsageError
from dag_factory.cli.progress import watched
from dag_factory.cli.repository import leads_out_of_repository
from dag_factory.config.boundary import has_internal_errors
from dag_factory.config.codes import TO_BE_MOVED
from dag_factory.config.diagnostics import Diagnostic, Span, has_errors, sort_unique
from dag_factory.config.files import DEFAULTS_STEM, ENDINGS, TOP_NAME, ConfigFile, top_folder
from dag_factory.config.project import Findings, validate_project
from dag_factory.config.text.notifier_paths import PREFIXES_VARIABLE, prefixes_from
from dag_factory.report import text
from dag_factory.report.formats import FORMATS, renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=_path,
        default=[Path(TOP_NAME)],
        help="folders or files (default: configs/); each defaults.yaml above a path applies too",
    )
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="the report's format (default: text; github in GitHub Actions)",
    )
    parser.add_argument(
        "--output",
        type=_path,
        metavar="FILE",
        help="write the report to a file, and print it in the default format",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 on warnings too, except those about what is to be moved from Airbyte",
    )
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours in the format text (default: auto, which means on a terminal)",
    )
    parser.epilog = """\
examples:
  dag-factory validate                            # check configs/
  dag-factory validate configs/sales/orders.yaml  # check one file, with the defaults above it
  dag-factory validate --strict                   # fail on warnings too
  dag-factory validate --format junit --output dag-factory.xml"""


def _path(text: str) -> Path:
    # Path("") is the working folder, which may hold other files.
    if not text:
        message = "the path is empty; write one, or set the variable that it comes from"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def run(arguments: argparse.Namespace) -> int:
    """Check the paths and report. Exit status 0: no errors, 1: errors (strict: or warnings), 3: our bug."""
    usual = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
    chosen = arguments.format or usual
    top = _top() if chosen in ("github", "sarif") else Path.cwd()
    findings = validate(arguments.paths, os.environ.get("DAG_FACTORY_ENV") or None, top)
    if arguments.output is not None:
        _write(findings, chosen, arguments.output)
    _print(findings, chosen if arguments.output is None else usual, arguments.color)
    if has_internal_errors(findings.diagnostics):
        return INTERNAL_ERROR
    return FINDINGS if _fails(findings, strict=arguments.strict) else CLEAN


def _fails(findings: Findings, *, strict: bool) -> bool:
    is_moving = all(each.code in TO_BE_MOVED for each in findings.diagnostics)
    return not is_moving if strict else has_errors(findings.diagnostics)


def validate(paths: Sequence[Path], environment: str | None, top: Path) -> Findings:
    """Check the paths; the names of files are relative to the folder `top`."""
    found = [_validate_root(root, paths, environment, top) for root in _roots(paths)]
    diagnostics = sort_unique(diagnostic for each in found for diagnostic in each.diagnostics)
    return Findings(
        diagnostics=diagnostics, files=tuple(dict.fromkeys(name for each in found for name in each.files))
    )


def _validate_root(root: Path, paths: Sequence[Path], environment: str | None, top: Path) -> Findings:
    shown = _shown(root, top)
    if leads_out_of_repository(root):
        return Findings(diagnostics=(_leading_out(shown),), files=())
    below = {str(_absolute(path)) for path in paths}

    def wanted(file: ConfigFile) -> bool:
        return not below.isdisjoint(_with_folders(os.path.abspath(file.os_path)))  # noqa: PTH100 (see _absolute)

    def watch(files: Sequence[ConfigFile]) -> Iterator[ConfigFile]:
        return watched(files, sys.stderr)

    prefixes = prefixes_from(os.environ.get(PREFIXES_VARIABLE))
    found = validate_project(
        root, shown, environment, wanted, date.today(), watch, notifier_prefixes=prefixes
    )
    named = [path for path in paths if _root_of(path) == root]
    empty = [_nothing_to_check(path, root, shown) for path in named if _is_empty(path, root, shown, found)]
    names, checked = frozenset(_named(path, root, shown) for path in named), frozenset(found.files)
    checked = checked.union(found.snapshots)
    concerned = [each for each in found.diagnostics if each.file in checked or _concerns(each.file, names)]
    return Findings(diagnostics=(*concerned, *empty), files=found.files)


def _concerns(file: str, names: frozenset[str]) -> bool:
    """Whether a file that was not read is one of the named paths, below or above one, or its defaults."""
    path = PurePosixPath(file)
    below = {str(each) for each in (path, *path.parents)}
    above = {str(each) for name in names for each in PurePosixPath(name).parents}
    is_defaults = path.stem.lower() == DEFAULTS_STEM and str(path.parent) in above
    return not names.isdisjoint(below) or file in above or is_defaults


def _leading_out(name: str) -> Diagnostic:
    # A report would show lines of files that perhaps not everybody may read.
    message = "is a link that leads out of the repository; validate does not follow it"
    hint = "put the configurations into the repository, or run the command where they are"
    return Diagnostic(file=name, span=Span(), code="unreadable-file", message=message, help=hint)


def _is_empty(path: Path, root: Path, shown: str, found: Findings) -> bool:
    """Whether nothing below a named path was checked, and no diagnostic says so."""
    own = _named(path, root, shown)
    unreadable = {each.file for each in found.diagnostics if each.code == "unreadable-file"}
    checked = [
        name for name in (*found.files, *unreadable) if own in (".", name) or name.startswith(f"{own}/")
    ]
    # A defaults.yaml that is named itself is what should be checked.
    return not any(name == own or PurePosixPath(name).stem != DEFAULTS_STEM for name in checked)


def _named(path: Path, root: Path, shown: str) -> str:
    """Name a path in the same way as the files below it."""
    own = _absolute(path)
    return (PurePosixPath(shown) / own.relative_to(root)).as_posix()


def _nothing_to_check(path: Path, root: Path, shown: str) -> Diagnostic:
    endings = " or ".join(f"*{ending}" for ending in ENDINGS)
    message = f"no configuration file: no {endings} in this folder or below it, except defaults.yaml"
    hint = f"name the folder with the configurations, or run the command where '{TOP_NAME}/' is"
    if not path.is_dir():
        message = f"not a configuration file: its name must end in {endings} and must not begin with a dot"
        hint = "rename the file, or name a configuration file"
    name = _named(path, root, shown)
    return Diagnostic(file=name, span=Span(), code="nothing-to-check", message=message, help=hint)


def _roots(paths: Sequence[Path]) -> list[Path]:
    """Return the top folders of the paths, each once, in order."""
    return list(dict.fromkeys(_root_of(path) for path in paths))


def _root_of(path: Path) -> Path:
    if not os.path.lexists(path):
        message = f"there is no '{path}'; name a file or folder, or run the command where '{TOP_NAME}/' is"
        raise UsageError(message)
    own = _absolute(path)
    folder = own if own.is_dir() else own.parent
    return top_folder(folder)


def _absolute(path: Path) -> Path:
    # Not Path.resolve, which would hide that a link leads out of the repository.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _with_folders(path: str) -> Iterator[str]:
    """Yield a path and each folder above it, as text: with `Path` this took a tenth of the run."""
    yield path
    while path != (path := os.path.dirname(path)):  # noqa: PTH120
        yield path


def _top() -> Path:
    """Return the folder that names in a server's report are relative to."""
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
