"""Syntax errors of the YAML parser, at the position where people have to correct them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml.error import Mark, MarkedYAMLError

from dag_factory.config.diagnostics import Span
from dag_factory.config.yaml.positions import Lines, last_of, line_at, lines_of, span_of_marks


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidSyntax:
    """Why a text is not YAML, and a hint if one is known."""

    span: Span
    message: str
    help: str | None


# The parser's words for the most common errors, and what to do about them.
_HINTS = (
    ("cannot start any token", "indent with spaces, and quote text that begins with @, ` or %"),
    ("mapping values are not allowed", "quote text that holds ': ', and check the indentation"),
    ("did not find expected key", "check the indentation of this line and the one above"),
    ("could not find expected ':'", "write 'key: value', with a space after the colon"),
    ("expected alphabetic or numeric character", "quote text that begins with * or &"),
    ("did not find expected", "close what was opened: [ with ], { with }, and quotes"),
    ("undefined alias", "quote text that begins with *, or write &name where the value is first"),
    ("unexpected end of stream", "close the quotes"),
    ("documents in one file", "split it into several files"),
)

# A shell variable, and a template, at the start of a value without quotes.
_BARE_VARIABLE = re.compile(r"(?:[:,\[-]\s+|\[)\$\{\w")
_BARE_TEMPLATE = re.compile(r"(?:[:,\[-]\s+|\[)\{[{%#]")


def invalid_syntax(text: str, error: MarkedYAMLError) -> InvalidSyntax:
    """Translate the parser's error about a text."""
    problem = error.problem or error.context or "no YAML"
    # What was never closed is corrected where it starts, not at the end of the file.
    mark = error.context_mark if _begins_earlier(error, problem) else error.problem_mark
    mark = mark or error.problem_mark or error.context_mark
    lines = lines_of(text)
    span = Span() if mark is None else _span_in(lines, mark)
    if _BARE_TEMPLATE.search(line_at(lines, span.line) or ""):
        return InvalidSyntax(
            span=span, message=problem, help='put the template in quotes: "{{ var.value.name }}"'
        )
    if "expected ',' or" in problem and _BARE_VARIABLE.search(line_at(lines, span.line) or ""):
        variable = 'no shell variable is read; write a template in its place: "{{ var.value.name }}"'
        return InvalidSyntax(span=span, message=problem, help=variable)
    glued = _glued_key(lines, span.line - 1) if "mapping values are" in problem else None
    if glued is not None:
        return InvalidSyntax(span=glued, message="no space after the colon", help="write 'key: value'")
    if "could not find expected ':'" in problem and (line_at(lines, span.line) or "").strip() in ("-", "--"):
        return InvalidSyntax(span=span, message=problem, help="write '---' to begin another document")
    if "\t" in (line_at(lines, span.line) or "")[: span.column]:
        hint: str | None = "indent with spaces: YAML does not allow tabs there"
    else:
        hint = next((each for part, each in _HINTS if part in problem), None)
    return InvalidSyntax(span=span, message=problem, help=hint)


def _begins_earlier(error: MarkedYAMLError, problem: str) -> bool:
    """Whether a quote, a bracket or a key started before the position where the parser gave up."""
    if "end of stream" in problem or "could not find expected ':'" in problem:
        return True
    opened, noticed = error.context_mark, error.problem_mark
    in_brackets = "expected ',' or" in problem
    return in_brackets and opened is not None and noticed is not None and opened.line < noticed.line


def _span_in(lines: Lines, mark: Mark) -> Span:
    """Return the span of a mark; if nothing follows it, that of the last character before it."""
    return span_of_marks(mark, mark) if any(lines[mark.line :]) else last_of(lines)


def _glued_key(lines: Lines, number: int) -> Span | None:
    """Find `key:value` on a line: YAML reads it as text and fails at the next line."""
    match = re.match(r"\s*[\w-]{1,100}(:)(?=[^\s/])", line_at(lines, number) or "") if number > 0 else None
    if match is None:
        return None
    return Span(line=number, column=match.start(1) + 1, end_line=number, end_column=match.end(1) + 1)
