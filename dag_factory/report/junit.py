"""Diagnostics as JUnit XML, which most CI servers show as test results: each file is a test."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.report.escapes import escape
from dag_factory.report.text import count, render_one

_SUITE = "dag-factory validate"


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
    """Render one test per file, which fails if the file has an error and prints its warnings otherwise.

    The text is ASCII, which every terminal and pipe can hold. A character that XML 1.0 cannot hold is shown
    as an escape.
    """
    by_file: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for diagnostic in diagnostics:
        # Also defaults above the requested files, and files that could not be read.
        by_file.setdefault(diagnostic.file, []).append(diagnostic)
    failures = sum(has_errors(found) for found in by_file.values())
    counts = {"name": _SUITE, "tests": str(len(by_file)), "failures": str(failures), "errors": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {**counts, "skipped": "0"})
    for file, found in by_file.items():
        _add_test(suite, file, found)
    ElementTree.indent(root)
    # ElementTree escapes markup, but writes control characters as they are: `escape` has removed them.
    xml: bytes = ElementTree.tostring(root, encoding="us-ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml.decode("ascii")}\n'


def _add_test(suite: ElementTree.Element, file: str, found: Sequence[Diagnostic]) -> None:
    test = ElementTree.SubElement(suite, "testcase", classname=_SUITE, name=escape(file))
    if has_errors(found):
        result = ElementTree.SubElement(test, "failure", type="error", message=count(found))
    elif found:
        result = ElementTree.SubElement(test, "system-out")
    else:
        return
    result.text = "\n\n".join(render_one(diagnostic) for diagnostic in found)
