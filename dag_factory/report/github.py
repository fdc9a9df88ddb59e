"""Diagnostics as workflow commands, which GitHub Actions shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.report.escapes import escape
from dag_factory.report.text import message, position, summary


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str]) -> str:
    """Render each as a command, and a summary for the log; columns count from 1.

    A command is one line: `::error title=...,file=...::message`. The escapes are those of GitHub's runner.
    """
    return "".join(f"{line}\n" for line in (*map(_command, diagnostics), summary(diagnostics, len(files))))


def _command(diagnostic: Diagnostic) -> str:
    properties = ",".join(f"{name}={prop(value)}" for name, value in _properties(diagnostic))
    return f"::{diagnostic.severity} {properties}::{data(_message(diagnostic))}"


def _properties(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    span = diagnostic.span
    # GitHub accepts columns only if start and end are on one line.
    on_one_line = span.line == span.end_line
    yield "title", diagnostic.code
    yield "file", diagnostic.file
    yield "line", str(span.line)
    if on_one_line:
        yield "col", str(span.column)
    yield "endLine", str(span.end_line)
    if on_one_line:
        yield "endColumn", str(span.end_column)


def _message(diagnostic: Diagnostic) -> str:
    # The log of a run shows only the message of a command, so the message repeats the location.
    location = position(diagnostic.file, diagnostic.span)
    lines = [f"{location}: {message(diagnostic)} [{diagnostic.code}]"]
    lines += [f"{escape(each.message)}: {position(each.file, each.span)}" for each in diagnostic.related]
    lines += [f"help: {escape(diagnostic.help)}"] if diagnostic.help else []
    return "\n".join(lines)


def data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def prop(text: str) -> str:
    return data(escape(text)).replace(":", "%3A").replace(",", "%2C")
