"""What must hold for any bytes in a configuration file; used by fuzz/configs.py and the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from dag_factory.config.boundary import CODE as INTERNAL_ERROR
from dag_factory.config.boundary import has_internal_errors
from dag_factory.config.codes import CODES
from dag_factory.config.diagnostics import Span, has_errors
from dag_factory.config.files import ConfigFile
from dag_factory.config.project import Findings, Project, load_project, validate_project
from dag_factory.config.text.line_breaks import LINE_BREAK
from dag_factory.config.text.secret_patterns import shape_in
from dag_factory.report.formats import FORMATS, renderer

TODAY = date(2026, 1, 31)

# Fuzzed defaults need a DAG below them.
PLAIN_DAG = "schedule: null\nsyncs:\n  a: 1e3b5a72-7bfd-4808-a13c-204505490110\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The results of one input: of validate, of each report format by name, and of the loader."""

    findings: Findings
    reports: dict[str, str]
    project: Project


def check(data: bytes, root: Path, name: str = "fuzzed.yaml") -> Findings:
    """Call `run` and `verify`; raises what `verify` raises."""
    outcome = run(data, root, name)
    verify(outcome, data, name)
    return outcome.findings


def run(data: bytes, root: Path, name: str) -> Outcome:
    """Write the bytes to a file in the folder, and run validate and the loader on it."""
    (root / name).write_bytes(data)
    findings = validate_project(root, "configs", None, _every_file, TODAY)
    reports = {style: renderer(style)(findings.diagnostics, findings.files) for style in FORMATS}
    return Outcome(findings=findings, reports=reports, project=load_project(root, None))


def verify(outcome: Outcome, data: bytes, name: str) -> None:
    """Raise AssertionError unless the results are only diagnostics at locations of the file."""
    _check_diagnostics(outcome.findings, data, f"configs/{name}")
    _check_reports(outcome.findings, outcome.reports)
    diagnostics = outcome.project.diagnostics
    assert not has_internal_errors(diagnostics), diagnostics
    assert outcome.project.dags or has_errors(diagnostics), "neither a DAG nor an error"


def _every_file(_file: ConfigFile) -> bool:
    return True


def _check_diagnostics(findings: Findings, data: bytes, fuzzed: str) -> None:
    lines = LINE_BREAK.split(data.decode("utf-8-sig", "replace"))
    for each in findings.diagnostics:
        assert each.code in CODES, each
        assert each.code != INTERNAL_ERROR, each
        assert each.file in findings.files, each
        if each.file == fuzzed:
            assert _is_inside(each.span, lines), each
        for other in each.related:
            assert other.file != fuzzed or _is_inside(other.span, lines), each


def _is_inside(span: Span, lines: Sequence[str]) -> bool:
    """Whether a span is valid and inside the file, or the one for the whole file.

    A mark at the end of a line is one column after it.
    """
    if span == Span():
        return True
    if not 1 <= span.line <= span.end_line <= len(lines) or span.column < 1:
        return False
    ends = (len(lines[span.line - 1]) + 1, len(lines[span.end_line - 1]) + 2)
    in_order = (span.line, span.column) < (span.end_line, span.end_column)
    return in_order and span.column <= ends[0] and span.end_column <= ends[1]


def _check_reports(findings: Findings, reports: Mapping[str, str]) -> None:
    for style, report in reports.items():
        assert report.replace("\n", "").isprintable(), style
        assert not any(shape_in(line) for line in set(report.splitlines())), style
    assert len(json.loads(reports["json"])["diagnostics"]) == len(findings.diagnostics)
    (run,) = json.loads(reports["sarif"])["runs"]
    assert len(run["results"]) == len(findings.diagnostics)
    ElementTree.fromstring(reports["junit"])  # noqa: S314 (our own XML, and text of a file cannot break out)
