"""`dag-factory init`: creates a DAG repository, or adds what is missing. It never overwrites a file."""

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
from dag_factory.packaged_files import packaged_text

CI_FILES = {"github": ".github/workflows/dag-factory.yml", "gitlab": ".gitlab-ci.yml"}
DAG_FILES = ("airbyte_syncs.py", "airbyte_config_errors.py")

# Nothing that could end a quoted string, or be expanded, in a shell or in YAML.
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+/@:=<>!,\[\] #&?%-]*")


class State(enum.StrEnum):
    """What `init` did about a file."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What `init` did about a file, and why it was not created."""

    name: str
    state: State
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.state:9}  {self.name}{reason}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        default=Path(),
        help="the folder of the repository (default: the current one)",
    )
    parser.add_argument(
        "--ci",
        choices=(*CI_FILES, "none"),
        default="github",
        help="the CI to write a workflow for (default: github)",
    )
    parser.add_argument(
        "--package",
        metavar="REQUIREMENT",
        help="what pip installs in CI and pre-commit, such as 'airbyte-dag-factory @ URL'; pip looks up a"
        " bare name in an index (default: none, and CI fails until you write one)",
    )
    parser.epilog = """\
examples:
  dag-factory init syncs              # create a repository in the folder syncs
  dag-factory init --ci gitlab        # add what is missing to the current folder
  dag-factory init --package 'airbyte-dag-factory @ https://packages.example.com/WHEEL'"""


def run(arguments: argparse.Namespace) -> int:
    """Create what is missing. Exit status 0: everything is there, 1: something is in the way."""
    folder: Path = arguments.folder
    if arguments.package is not None and not _PACKAGE.fullmatch(arguments.package):
        message = f"--package: '{arguments.package}' is not a requirement; write NAME @ URL or NAME==VERSION"
        raise UsageError(message)
    if os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112 (never raises)
        message = f"'{folder}' is not a folder"
        raise UsageError(message)
    _create_top(folder)
    outcomes = create_repository(folder, arguments.ci, arguments.package)
    print(*outcomes, sep="\n")
    _print_next_steps(outcomes, arguments.package)
    return FINDINGS if any(each.state is State.FAILED for each in outcomes) else CLEAN


def _create_top(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"'{folder}' cannot be created: {error.strerror}"
        raise UsageError(message) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"'{folder}' is not writable"
        raise UsageError(message)


def create_repository(folder: Path, ci: str, package: str | None) -> list[Outcome]:
    """Create the missing files; `package` is what pip installs in CI.

    It has no default: the owner of that name in a public index could run code in every user's CI.
    """
    configs = folder / "configs"
    # An example or common defaults would change an existing configuration.
    is_configured = not configs.is_symlink() and bool(list_files(configs, configs.name).files)
    return [
        Outcome(name=name, state=State.SKIPPED, reason="there are configurations already")
        if is_configured and name.startswith("configs/") and not (folder / name).exists()
        else _create(folder, name, text)
        for name, text in _files(ci, package)
    ]


def _files(ci: str, package: str | None) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file."""
    yield "configs/example.yaml", _template("example.yaml")
    yield "configs/defaults.yaml", _template("defaults.yaml")
    for name in (DAG_SCHEMA, DEFAULTS_SCHEMA):
        yield f"schemas/{name}", schema_text(name)
    for name in DAG_FILES:
        yield f"dags/{name}", _dag_file(name)
    if ci in CI_FILES:
        yield CI_FILES[ci], _template(f"{ci}.yml").replace("@PACKAGE@", package or "")
    language = _hook_language(package)
    yield ".gitignore", _template("gitignore")
    yield ".pre-commit-config.yaml", _template("pre-commit.yaml").replace("@LANGUAGE@", language)
    install = f"`pip install '{package}'`" if package else "`pip install` the wheel of airbyte-dag-factory"
    yield "README.md", _template("README.md").replace("@INSTALL@", install)


def _hook_language(package: str | None) -> str:
    """Make pre-commit install the package, or use the installed command."""
    if package is None:
        return "language: system # the command that is installed"
    return f'language: python\n        additional_dependencies: ["{package}"]'


def _template(name: str) -> str:
    return (Path(__file__).parents[1] / "templates" / name).read_text("utf-8")


def _dag_file(name: str) -> str:
    return packaged_text(f"templates/dags/{name}", f"dags/{name}")


def _create(root: Path, name: str, text: str) -> Outcome:
    obstacle = _create_folders(root, PurePosixPath(name))
    if obstacle is not None:
        return Outcome(name=name, state=State.FAILED, reason=obstacle)
    path = root / name
    if path.is_symlink():
        return Outcome(name=name, state=State.FAILED, reason="it is a link, and links are not followed")
    if path.is_file():
        same = path.read_bytes() == text.encode()
        reason = "" if same else "it exists and is different"
        return Outcome(name=name, state=State.UNCHANGED, reason=reason)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        reason = "it is not a regular file" if path.exists() else str(error.strerror)
        return Outcome(name=name, state=State.FAILED, reason=reason)
    return Outcome(name=name, state=State.CREATED)


def _create_folders(root: Path, name: PurePosixPath) -> str | None:
    """Create the folders of a file; return why that is not possible."""
    for folder in (PurePosixPath(), *reversed(name.parents[:-1])):
        path = root / folder
        # The folder that the caller named may be a link: the caller chose it.
        if path != root and path.is_symlink():
            return f"'{folder}' is a link, and links are not followed"
        try:
            path.mkdir(parents=path == root, exist_ok=True)
        except FileExistsError:
            return f"'{folder}' is not a folder"
        except OSError as error:
            return f"'{folder}' cannot be created: {error.strerror}"
    return None


def _print_next_steps(outcomes: list[Outcome], package: str | None) -> None:
    created = {each.name for each in outcomes if each.state is State.CREATED}
    for name in sorted(created & set(CI_FILES.values())):
        text = f"installs '{package}'"
        if not package:
            text = "fails until you write into its variable PACKAGE what pip installs"
        again = "" if package else "; or delete it, and run init with --package"
        print(f"\n{name} {text}{again}.")
    if "configs/example.yaml" in created:
        print(
            "\nNext: put your connection's id into configs/example.yaml;"
            " until then 'dag-factory validate' fails."
        )
