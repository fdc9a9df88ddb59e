"""`dag-factory init`: makes a DAG repository, or adds what is missing to one; nothing is ever overwritten."""

from __future__ import annotations

import argparse
import enum
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.config.files import list_files
from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, schema_text

CI_FILES = {"github": ".github/workflows/dag-factory.yml", "gitlab": ".gitlab-ci.yml"}
DAG_FILES = ("airbyte_syncs.py", "airbyte_config_errors.py")

# Nothing that could end a quotation, or be expanded, in a shell or in YAML.
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+/@:=<>!,\[\] #&?%-]*")


class State(enum.StrEnum):
    """What became of a file."""

    MADE = "made"
    LEFT = "left"
    BLOCKED = "not made"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a file, and why it was not made."""

    name: str
    state: State
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.state:8}  {self.name}{reason}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", type=Path, default=Path(), help="where (default: here)"
    )
    parser.add_argument(
        "--ci", choices=(*CI_FILES, "none"), default="github", help="whose CI checks it (default: github)"
    )
    parser.add_argument(
        "--package",
        metavar="REQUIREMENT",
        help="what pip installs in CI and pre-commit, such as 'airbyte-dag-factory @ URL'; a name alone is"
        " looked up in an index (default: none, CI fails until one is written)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make what is missing; 0: all is there, 1: something is in the way."""
    folder: Path = arguments.folder
    if arguments.package is not None and not _PACKAGE.fullmatch(arguments.package):
        message = f"--package: '{arguments.package}' is no requirement; write NAME @ URL or NAME==VERSION"
        raise UsageError(message)
    if os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112 (never raises)
        message = f"'{folder}' is no folder"
        raise UsageError(message)
    _make_top(folder)
    outcomes = make_repository(folder, arguments.ci, arguments.package)
    print(*outcomes, sep="\n")
    _advise(outcomes, arguments.package)
    return FINDINGS if any(each.state is State.BLOCKED for each in outcomes) else CLEAN


def _make_top(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"'{folder}' cannot be made: {error.strerror}"
        raise UsageError(message) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"nothing can be written into '{folder}'"
        raise UsageError(message)


def make_repository(folder: Path, ci: str, package: str | None) -> list[Outcome]:
    """Make the files that are missing; `package` is what pip installs in CI.

    There is no default: whoever owned that name in a public index could run code in everybody's CI.
    """
    configs = folder / "configs"
    # An example or common defaults would change a configuration that is there already.
    is_configured = not configs.is_symlink() and bool(list_files(configs, configs.name).files)
    return [
        Outcome(name=name, state=State.LEFT, reason="there are configurations already")
        if is_configured and name.startswith("configs/") and not (folder / name).exists()
        else _make(folder, name, text)
        for name, text in _files(ci, package)
    ]


def _files(ci: str, package: str | None) -> Iterator[tuple[str, str]]:
    """Give the name and the text of each file."""
    yield "configs/example.yaml", _template("example.yaml")
    yield "configs/defaults.yaml", _template("defaults.yaml")
    for name in (DAG_SCHEMA, DEFAULTS_SCHEMA):
        yield f"schemas/{name}", schema_text(name)
    for name in DAG_FILES:
        yield f"dags/{name}", _dag_file(name)
    if ci in CI_FILES:
        yield CI_FILES[ci], _template(f"{ci}.yml").replace("@PACKAGE@", package or "")
    language = _hook_language(package)
    yield ".pre-commit-config.yaml", _template("pre-commit.yaml").replace("@LANGUAGE@", language)
    install = f"`pip install '{package}'`" if package else "`pip install` the wheel of airbyte-dag-factory"
    yield "README.md", _template("README.md").replace("@INSTALL@", install)


def _hook_language(package: str | None) -> str:
    """Let pre-commit install the package, or use the command that is installed."""
    if package is None:
        return "language: system # the command that is installed"
    return f'language: python\n        additional_dependencies: ["{package}"]'


def _template(name: str) -> str:
    return (Path(__file__).parents[1] / "templates" / name).read_text("utf-8")


def _dag_file(name: str) -> str:
    """Read a file of the repository's `dags/`: part of the package in a wheel, beside it in a checkout."""
    packaged = Path(__file__).parents[1] / "templates" / "dags" / name
    beside = Path(__file__).parents[2] / "dags" / name
    return (packaged if packaged.is_file() else beside).read_text("utf-8")


def _make(root: Path, name: str, text: str) -> Outcome:
    hindrance = _make_folders(root, PurePosixPath(name))
    if hindrance is not None:
        return Outcome(name=name, state=State.BLOCKED, reason=hindrance)
    path = root / name
    if path.is_symlink():
        return Outcome(name=name, state=State.BLOCKED, reason="a link is there; links are not followed")
    if path.is_file():
        same = path.read_bytes() == text.encode()
        reason = "it is there" if same else "it is there, with another text"
        return Outcome(name=name, state=State.LEFT, reason=reason)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        reason = "something is there that is no file" if path.exists() else str(error.strerror)
        return Outcome(name=name, state=State.BLOCKED, reason=reason)
    return Outcome(name=name, state=State.MADE)


def _make_folders(root: Path, name: PurePosixPath) -> str | None:
    """Make the folders that a file lies in; give what hinders it."""
    for folder in (PurePosixPath(), *reversed(name.parents[:-1])):
        path = root / folder
        # The folder that the caller named may be a link: that is the caller's to know.
        if path != root and path.is_symlink():
            return f"'{folder}' is a link; links are not followed"
        try:
            path.mkdir(parents=path == root, exist_ok=True)
        except FileExistsError:
            return f"'{folder}' is no folder"
        except OSError as error:
            return f"'{folder}' cannot be made: {error.strerror}"
    return None


def _advise(outcomes: list[Outcome], package: str | None) -> None:
    made = {each.name for each in outcomes if each.state is State.MADE}
    for name in sorted(made & set(CI_FILES.values())):
        text = f"installs '{package}'" if package else "fails until its PACKAGE says what pip installs"
        print(f"\n{name} {text}; see --package.")
    if "configs/example.yaml" in made:
        print(
            "\nNext: put your connection's id into configs/example.yaml;"
            " until then 'dag-factory validate' fails."
        )
