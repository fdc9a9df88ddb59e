"""An explanation as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.report import task_graph
from dag_factory.report.escapes import escape
from dag_factory.report.explanation import ExplainedValue, Explanation, Origin

# Longer values are cut; the file and the line beside them say where the rest is.
MAX_VALUE = 72


def render(explanation: Explanation) -> str:
    """Render all parts, with an empty line between them."""
    parts = [_heading(explanation), _values("values", explanation.values)]
    parts += [
        _values(f"sync {sync.name}  ({_location(sync.origin)})", sync.values) for sync in explanation.syncs
    ]
    parts += [_indented("tasks", task_graph.draw(explanation.steps)), _runs(explanation)]
    return "\n\n".join("\n".join(escape(redacted(line)) for line in part) for part in parts) + "\n"


def _heading(explanation: Explanation) -> list[str]:
    environment = f" in the environment {explanation.environment}" if explanation.environment else ""
    files = [_location(explanation.origin), *reversed(explanation.defaults_files)]
    return [f"DAG {explanation.dag_id}{environment}", f"  from {', '.join(files)}"]


def _values(title: str, values: Sequence[ExplainedValue]) -> list[str]:
    rows = [
        (escape(value.key), escape(_shown(value.value)), _location(value.origin) or value.note)
        for value in values
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return _indented(title, [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in rows])


def _runs(explanation: Explanation) -> list[str]:
    runs = [_run(run) for run in explanation.next_runs]
    width = max((len(local) for local, _ in runs), default=0)
    lines = [f"{local:{width}}  {utc}".rstrip() for local, utc in runs]
    return _indented(f"next runs: {explanation.schedule}", [*lines, *explanation.remarks])


def _run(run: datetime) -> tuple[str, str]:
    local, utc = _moment(run), _moment(run.astimezone(UTC))
    return local, "" if run.utcoffset() is None or run.tzname() == "UTC" else utc


def _moment(moment: datetime) -> str:
    clock = "%H:%M:%S" if moment.second else "%H:%M"
    return moment.strftime(f"%a %Y-%m-%d {clock} %Z")


def _location(origin: Origin | None) -> str:
    if origin is None:
        return ""
    environment = f" (environment {origin.environment})" if origin.environment else ""
    return f"{origin.file}:{origin.line}{environment}"


def _shown(value: Any) -> str:  # noqa: ANN401 (whatever a configuration holds)
    if isinstance(value, str):
        first, _, rest = value.partition("\n")
        return _cut(first, is_whole=not rest)
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True
    )
    return _cut(text.removesuffix("\n...\n").rstrip("\n"), is_whole=True)


def _cut(text: str, *, is_whole: bool) -> str:
    shown = text[:MAX_VALUE]
    return shown if is_whole and shown == text else f"{shown.rstrip()} …"


def _indented(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *_each_indented(lines)]


def _each_indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"  {line}".rstrip() for line in lines)
