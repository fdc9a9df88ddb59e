"""Spans from the parser's marks and from offsets, and lines by their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from yaml.error import Mark
from yaml.nodes import Node

from dag_factory.config.diagnostics import Span
from dag_factory.config.text.line_breaks import LINE_BREAK

Lines: TypeAlias = Sequence[str]


def span_of(lines: Lines, node: Node) -> Span:
    """Return the span of a node."""
    span = span_of_marks(node.start_mark, node.end_mark)
    if span.end_line <= len(lines):
        return span
    # If the last line has no line break, the parser reports an end on a line that does not exist.
    if span.line > len(lines):
        return last_of(lines)
    return replace(span, end_line=len(lines), end_column=len(lines[-1]) + 1)


def part_of(lines: Lines, span: Span, value: str, part: tuple[int, int]) -> Span:
    """Narrow the span of a value to a part of it (offsets), if one line contains it without escapes."""
    line = line_at(lines, span.line)
    if line is None or span.end_line != span.line:
        return span
    written = line[span.column - 1 : span.end_column - 1]
    if not value or written.count(value) != 1:
        return span
    begin = span.column + written.index(value)
    return replace(span, column=begin + part[0], end_column=begin + part[1])


def span_of_marks(start: Mark, end: Mark) -> Span:
    """Return the span between two marks, at least one character."""
    line, column = start.line + 1, start.column + 1
    end_line, end_column = end.line + 1, end.column + 1
    if (end_line, end_column) <= (line, column):
        end_line, end_column = line, column + 1
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def first_line_of(lines: Lines, span: Span) -> Span:
    """Cut a span to its first line."""
    if span.end_line == span.line:
        return span
    end = len((line_at(lines, span.line) or "").rstrip()) + 1
    return replace(span, end_line=span.line, end_column=max(end, span.column + 1))


def span_at(text: str, index: int) -> Span:
    """Return the span of the character at an offset."""
    lines = LINE_BREAK.split(text[:index])
    line, column = len(lines), len(lines[-1]) + 1
    return Span(line=line, column=column, end_line=line, end_column=column + 1)


def last_of(lines: Lines) -> Span:
    """Return the span of the last visible character."""
    number = next((index for index in range(len(lines), 0, -1) if lines[index - 1].strip()), 1)
    column = max(len(lines[number - 1].rstrip()), 1)
    return Span(line=number, column=column, end_line=number, end_column=column + 1)


def line_at(lines: Lines, number: int) -> str | None:
    """Return a line by its number, counted from 1; None if there are fewer."""
    return lines[number - 1] if number <= len(lines) else None


def lines_of(text: str) -> tuple[str, ...]:
    """Split a text into lines as YAML counts them."""
    return tuple(LINE_BREAK.split(text))
