"""What the parser says of text that is no YAML: where to hint it, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml.error import Mark, MarkedYAMLError

from dag_factory.config.diagnostics import Span
from dag_factory.config.yaml.positions import Lines, last_of, line_at, lines_of, span_of_marks


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntaxFault:
    """What keeps a text from being YAML, and what to do about it if that can be known."""

    span: Span
    message: str
    help: str | None


# The parser's words for the mistakes that people make most, and what to do about them.
_HELP = (
    ("cannot start any token", "indent with blanks, and quote text that begins with @, ` or %"),
    ("mapping values are not allowed", "quote text that holds ': ', and check the indentation"),
    ("did not find expected key", "check the indentation of this line and the one above"),
    ("could not find expected ':'", "write 'key: value', with a blank after the colon"),
    ("expected alphabetic or numeric character", "quote text that begins with * or &"),
    ("did not find expected", "close what was opened: [ with ], { with }, and quotes"),
    ("undefined alias", "quote text that begins with *, or write &name where the value stands first"),
    ("unexpected end of stream", "close the quotes"),
    ("documents in one file", "split it into several files"),
)

# A variable of a shell, and a template, that begin where a value does, without quotes before them.
_BARE_VARIABLE = re.compile(r"(?:[:,\[-]\s+|\[)\$\{\w")
_BARE_TEMPLATE = re.compile(r"(?:[:,\[-]\s+|\[)\{[{%#]")


def syntax_fault(text: str, error: MarkedYAMLError) -> SyntaxFault:
    """Tell what the parser means by an error about a text."""
    problem = error.problem or error.context or "no YAML"
    # What was never closed is to be mended where it begins, not at the end of the file.
    mark = error.context_mark if _begins_earlier(error, problem) else error.problem_mark
    mark = mark or error.problem_mark or error.context_mark
    lines = lines_of(text)
    span = Span() if mark is None else _span_in(lines, mark)
    if _BARE_TEMPLATE.search(line_at(lines, span.line) or ""):
        return SyntaxFault(
            span=span, message=problem, help='put the template in quotes: "{{ var.value.name }}"'
        )
    if "expected ',' or" in problem and _BARE_VARIABLE.search(line_at(lines, span.line) or ""):
        told = 'no shell variable is read; write a template in its place: "{{ var.value.name }}"'
        return SyntaxFault(span=span, message=problem, help=told)
    glued = _glued_key(lines, span.line - 1) if "mapping values are" in problem else None
    if glued is not None:
        return SyntaxFault(span=glued, message="no blank after the colon", help="write 'key: value'")
    if "\t" in (line_at(lines, span.line) or "")[: span.column]:
        hint: str | None = "indent with blanks: YAML allows no tabs there"
    else:
        hint = next((told for part, told in _HELP if part in problem), None)
    return SyntaxFault(span=span, message=problem, help=hint)


def _begins_earlier(error: MarkedYAMLError, problem: str) -> bool:
    """Whether a quote, a bracket or a key has begun before the location where the parser gave up."""
    if "end of stream" in problem or "could not find expected ':'" in problem:
        return True
    opened, noticed = error.context_mark, error.problem_mark
    in_brackets = "expected ',' or" in problem
    return in_brackets and opened is not None and noticed is not None and opened.line < noticed.line


def _span_in(lines: Lines, mark: Mark) -> Span:
    """Give the location of a mark; where nothing follows it, that of the last character before it."""
    return span_of_marks(mark, mark) if any(lines[mark.line :]) else last_of(lines)


def _glued_key(lines: Lines, number: int) -> Span | None:
    """Find `key:value` on a line: YAML takes it for text, and stumbles over the next line."""
    match = re.match(r"\s*[\w-]{1,100}(:)(?=[^\s/])", line_at(lines, number) or "") if number > 0 else None
    if match is None:
        return None
    return Span(line=number, column=match.start(1) + 1, end_line=number, end_column=match.end(1) + 1)
