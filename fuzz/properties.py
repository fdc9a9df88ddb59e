"""What holds whatever the bytes of a configuration file are; for fuzz/configs.py and the tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from dag_factory.config.boundary import CODE as INTERNAL_ERROR
from dag_factory.config.boundary import has_internal_errors
from dag_factory.config.codes import CODES
from dag_factory.config.diagnostics import Span, has_errors
from dag_factory.config.files import ConfigFile
from dag_factory.config.project import Findings, load_project, validate_project
from dag_factory.config.secrets import LINE_BREAK, may_hold_secret, shape_in
from dag_factory.report.formats import FORMATS, renderer

TODAY = date(2026, 1, 31)

# Below defaults that are fuzzed there has to be a DAG.
PLAIN_DAG = "schedule: null\nsyncs:\n  a: 1e3b5a72-7bfd-4808-a13c-204505490110\n"


def check(data: bytes, root: Path, name: str = "fuzzed.yaml") -> Findings:
    """Write the bytes to a file of the folder, go the whole way of validate and of the loader, and report.

    Raises AssertionError where what comes out is not only diagnostics, each at a place that the file has.
    """
    (root / name).write_bytes(data)
    findings = validate_project(root, "configs", None, _every_file, TODAY)
    _check_diagnostics(findings, data, f"configs/{name}")
    _check_reports(findings)
    project = load_project(root, None)
    assert not has_internal_errors(project.diagnostics), project.diagnostics
    assert project.dags or has_errors(project.diagnostics), "neither a DAG nor an error"
    return findings


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
    """Whether a span is in order and in the file, or the one that stands for all of it.

    A caret at the end of a line is one column behind it.
    """
    if span == Span():
        return True
    if not 1 <= span.line <= span.end_line <= len(lines) or span.column < 1:
        return False
    ends = (len(lines[span.line - 1]) + 1, len(lines[span.end_line - 1]) + 2)
    in_order = (span.line, span.column) < (span.end_line, span.end_column)
    return in_order and span.column <= ends[0] and span.end_column <= ends[1]


def _check_reports(findings: Findings) -> None:
    reports = {style: renderer(style)(findings.diagnostics, findings.files) for style in FORMATS}
    for style, report in reports.items():
        assert report.replace("\n", "").isprintable(), style
        shown = set(report.splitlines()) if may_hold_secret(report) else ()
        assert not any(shape_in(line) for line in shown), style
    assert len(json.loads(reports["json"])["diagnostics"]) == len(findings.diagnostics)
    (run,) = json.loads(reports["sarif"])["runs"]
    assert len(run["results"]) == len(findings.diagnostics)
    ElementTree.fromstring(reports["junit"])  # noqa: S314 (our own XML, and text of a file cannot break out)
