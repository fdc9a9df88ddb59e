"""`dag-factory show`: what a DAG becomes after defaults and environment, its tasks and its next runs."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.config.diagnostics import has_errors
from dag_factory.config.project import Resolution, resolve_project
from dag_factory.config.text import suggestions
from dag_factory.config.yaml.file_bytes import read_bytes
from dag_factory.report import explanation, explanation_text, json_report, text
from dag_factory.report.escapes import escape


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("dag_id", metavar="DAG_ID", help="the DAG's id in Airflow")
    parser.add_argument("--env", metavar="NAME", help="the environment (default: what DAG_FACTORY_ENV names)")
    parser.add_argument(
        "--configs", type=Path, default=Path("configs"), metavar="FOLDER", help="default: configs"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    """Show it; 0: the DAG can be made, 1: it cannot."""
    environment = arguments.env or os.environ.get("DAG_FACTORY_ENV") or None
    return show(arguments.configs, environment, arguments.dag_id, arguments.format, datetime.now(UTC))


def show(configs: Path, environment: str | None, dag_id: str, style: str, now: datetime) -> int:
    """Print what a DAG becomes, or what keeps it from being made; `now` is when the next runs begin."""
    if not configs.is_dir():
        message = f"there is no folder '{configs}'; run the command beside it, or name it with --configs"
        raise UsageError(message)
    # Absolute, since `.` has no name that could be shown.
    resolution = resolve_project(configs.absolute(), environment)
    _check_environment(environment, resolution.project.environments)
    made = next((dag for dag in resolution.project.dags if dag.dag_id == dag_id), None)
    if made is None:
        return _refuse(resolution, dag_id, style)
    resolved = next(each for each in resolution.drafts if each.document is made.location.document)
    explained = explanation.explain(resolved, made, now)
    shown = (
        explanation_text.render(explained)
        if style == "text"
        else json_report.json_text(explanation.as_json(explained))
    )
    print(shown, end="")
    return CLEAN


def _check_environment(environment: str | None, declared: Sequence[str]) -> None:
    if environment is not None and environment not in declared:
        known = f"declared are {', '.join(declared)}" if declared else "no file declares one"
        message = f"there is no environment '{environment}'; {known}"
        raise UsageError(message)


def _refuse(resolution: Resolution, dag_id: str, style: str) -> int:
    files = _files_of(resolution, dag_id)
    errors = [each for each in resolution.project.diagnostics if has_errors([each])]
    found = [each for each in errors if each.file in files]
    if not found:
        raise UsageError(_unknown(dag_id, sorted({each.dag_id.value for each in resolution.drafts})))
    if style == "text":
        print(text.render_each(found) + f"the DAG '{escape(dag_id)}' cannot be made")
    else:
        print(json_report.render(found, sorted(files)), end="")
    return FINDINGS


def _files_of(resolution: Resolution, dag_id: str) -> set[str]:
    """Name the files that make or should make a DAG, and the defaults that apply to them."""
    key = re.compile(rf"""^dag_id:\s*(["']?){re.escape(dag_id)}\1\s*(#.*)?$""", re.MULTILINE)
    files = {each.document.file.name for each in resolution.drafts if each.dag_id.value == dag_id}
    for file in resolution.files:
        if not file.is_defaults and (file.stem == dag_id or key.search(_text_of(file.path))):
            files.add(file.name)
    above = {f"{folder}/" for name in files for folder in _folders_above(name)}
    defaults = {file.name for file in resolution.files if file.is_defaults and f"{file.folder}/" in above}
    return files | defaults if files else set()


def _folders_above(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _text_of(path: Path) -> str:
    try:
        return (read_bytes(path) or b"").decode("utf-8", "replace")
    except OSError:  # reported with the other errors
        return ""


def _unknown(dag_id: str, known: Sequence[str]) -> str:
    alike = suggestions.did_you_mean(dag_id, known, suggestions.SearchLimit())
    hint = alike or f"there are {', '.join(known[:20]) or 'none'}"
    return f"there is no DAG '{dag_id}'; {hint}"
