"""`dag-factory show`: prints what a DAG becomes, its tasks and its next runs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from dag_factory.cli.arguments import add_configs
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.config.diagnostics import has_errors
from dag_factory.config.files import DEFAULTS_STEM, ENDINGS
from dag_factory.config.project import Resolution, resolve_project
from dag_factory.config.text import suggestions
from dag_factory.config.tree import file_holds
from dag_factory.report import explanation, explanation_text, json_report, text
from dag_factory.report.escapes import escape


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument("dag", metavar="DAG", help="the id of a DAG, or its configuration file")
    parser.add_argument("--env", metavar="NAME", help="the environment (default: the one in DAG_FACTORY_ENV)")
    add_configs(parser)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="the output's format (default: text)"
    )
    parser.epilog = """\
examples:
  dag-factory show orders                     # show the DAG 'orders'
  dag-factory show configs/sales/orders.yaml  # show the DAG of a file
  dag-factory show orders --env dev           # show it in the environment 'dev'"""


def run(arguments: argparse.Namespace) -> int:
    """Show a DAG. Exit status 0: it can be created, 1: it cannot."""
    environment = arguments.env or os.environ.get("DAG_FACTORY_ENV") or None
    return show(arguments.configs, environment, arguments.dag, arguments.format, datetime.now(UTC))


def show(configs: Path, environment: str | None, name: str, style: str, now: datetime) -> int:
    """Print what a DAG becomes, or why it cannot be created.

    Args:
        name: The DAG's id, or the path of its configuration file.
        now: When the list of next runs starts.
    """
    root = checked_folder(configs, "show")
    resolution = resolve_project(root, environment)
    check_environment(environment, resolution.project.environments)
    dag_id = _dag_id(resolution, name)
    dag = next((each for each in resolution.project.dags if each.dag_id == dag_id), None)
    if dag is None:
        return _show_errors(resolution, dag_id, style)
    draft = next(each for each in resolution.drafts if each.document is dag.location.document)
    explained = explanation.explain(draft, dag, now)
    shown = (
        explanation_text.render(explained)
        if style == "text"
        else json_report.json_text(explanation.as_json(explained))
    )
    print(shown, end="")
    return CLEAN


def check_environment(environment: str | None, declared: Sequence[str]) -> None:
    """Refuse an environment that no file declares."""
    if environment is not None and environment not in declared:
        known = f"declared: {', '.join(declared)}" if declared else "no file declares one"
        alike = suggestions.did_you_mean(environment, declared, suggestions.SearchLimit())
        message = f"unknown environment '{environment}'; {alike or known}"
        raise UsageError(message)


def _dag_id(resolution: Resolution, name: str) -> str:
    """Return the DAG id that was asked for: the name itself, or the DAG of the file that it names."""
    path = os.path.abspath(name)  # noqa: PTH100 (as files are listed: a link stays the link)
    file = next((each for each in resolution.files if each.os_path == path), None)
    if file is None:
        _refuse_file(name)
        return name
    if file.is_defaults:
        message = f"'{name}' holds defaults, not a DAG; name a DAG for which they are"
        raise UsageError(message)
    dag_ids = [each.dag_id.value for each in resolution.drafts if each.document.file.name == file.name]
    if len(dag_ids) > 1:
        message = f"'{name}' has several DAGs; name one of {', '.join(dag_ids)}"
        raise UsageError(message)
    return dag_ids[0] if dag_ids else file.stem


def _refuse_file(name: str) -> None:
    """Refuse a path that is not a configuration file of the folder; a DAG id is not a path."""
    if not name.endswith(ENDINGS):
        return
    reason = "is not a configuration file of the folder; name its folder with --configs"
    message = f"'{name}' {reason}" if Path(name).is_file() else f"the file '{name}' does not exist"
    raise UsageError(message)


def _show_errors(resolution: Resolution, dag_id: str, style: str) -> int:
    errors = [each for each in resolution.project.diagnostics if has_errors([each])]
    files = _files_of(resolution, dag_id, {each.file for each in errors})
    found = [each for each in errors if each.file in files]
    if not found:
        raise UsageError(_unknown(dag_id, sorted({each.dag_id.value for each in resolution.drafts})))
    if style == "text":
        print(text.render_each(found) + f"the DAG '{escape(dag_id)}' cannot be created")
    else:
        print(json_report.render(found, sorted(files)), end="")
    return FINDINGS


def _files_of(resolution: Resolution, dag_id: str, with_errors: set[str]) -> set[str]:
    """Name the files that define a DAG or seem to, and the defaults that apply to them."""
    drafted = {each.document.file.name for each in resolution.drafts}
    names = {each.document.file.name for each in resolution.drafts if each.dag_id.value == dag_id}
    if not names:
        # Its document is not YAML, or its defaults are wrong: without a draft, only the file can say.
        lost = [
            file
            for file in resolution.files
            if not file.is_defaults and (file.name in with_errors or file.name not in drafted)
        ]
        names = {file.name for file in lost if file.stem == dag_id}
        wanted = dag_id.encode("utf-8", "surrogatepass")
        names = names or {file.name for file in lost if file_holds(file.path, wanted)}
    above = {f"{folder}/" for name in names for folder in _folders_above(name)}
    defaults = {file.name for file in resolution.files if file.is_defaults and f"{file.folder}/" in above}
    # One that is a link, or is named in capitals, is reported and not read.
    paths = map(PurePosixPath, with_errors)
    defaults |= {
        str(path) for path in paths if path.stem.lower() == DEFAULTS_STEM and f"{path.parent}/" in above
    }
    return names | defaults if names else set()


def _folders_above(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _unknown(dag_id: str, known: Sequence[str]) -> str:
    alike = suggestions.did_you_mean(dag_id, known, suggestions.SearchLimit())
    hint = alike or f"the DAGs are: {', '.join(known[:20]) or 'none'}"
    return f"there is no DAG '{dag_id}'; {hint}"
