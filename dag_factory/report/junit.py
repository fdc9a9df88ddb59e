"""Diagnostics as JUnit's XML, which most CI servers show as test results: each file is a test."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.report.escapes import escape
from dag_factory.report.text import count, render_one

_SUITE = "dag-factory validate"


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
    """Render one test for each file; it fails if there is an error, and prints what are only warnings.

    The text is ASCII, and what XML 1.0 cannot hold is shown as an escape.
    """
    by_file: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for diagnostic in diagnostics:
        # Defaults above the files that were asked for, and what could not be read.
        by_file.setdefault(diagnostic.file, []).append(diagnostic)
    failures = sum(has_errors(found) for found in by_file.values())
    counts = f'tests="{len(by_file)}" failures="{failures}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{_SUITE}" {counts}>',
        f'  <testsuite name="{_SUITE}" {counts} skipped="0">',
        *(line for file, found in by_file.items() for line in _test(file, found)),
        "  </testsuite>",
        "</testsuites>",
    ]
    # Whatever the encoding of the terminal or pipe is, it can hold ASCII.
    return "".join(f"{line}\n" for line in lines).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _test(file: str, found: Sequence[Diagnostic]) -> Iterator[str]:
    name = f'<testcase classname="{_SUITE}" name="{_quoted(escape(file))}"'
    if not found:
        yield f"    {name}/>"
        return
    text = _quoted("\n\n".join(render_one(diagnostic) for diagnostic in found))
    yield f"    {name}>"
    if has_errors(found):
        yield f'      <failure type="error" message="{count(found)}">{text}</failure>'
    else:
        yield f"      <system-out>{text}</system-out>"
    yield "    </testcase>"


def _quoted(text: str) -> str:
    return html.escape(text, quote=True)
