"""Diagnostics on one line each, for editors, `grep` and `sort`."""

from __future__ import annotations

from collections.abc import Sequence

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.report.escapes import escape
from dag_factory.report.text import message, position


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:  # noqa: ARG001 (as every format)
    """Render each as `file:line:column: error: message [code] (help)`; nothing if nothing is wrong."""
    return "".join(f"{_line(diagnostic)}\n" for diagnostic in diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    location = position(diagnostic.file, diagnostic.span)
    hint = f" ({escape(diagnostic.help)})" if diagnostic.help else ""
    return f"{location}: {diagnostic.severity}: {message(diagnostic)} [{diagnostic.code}]{hint}"
