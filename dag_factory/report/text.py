"""Diagnostics as people read them: the line, what is wrong under it, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dag_factory.config.diagnostics import Diagnostic, Severity, Span

# Longer lines are cut around the place that is meant.
MAX_LINE = 160


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """Render all, each followed by an empty line."""
    return "".join(f"{render_one(diagnostic)}\n\n" for diagnostic in diagnostics)


def render_one(diagnostic: Diagnostic) -> str:
    """Render one: `file:line:column: error: message [code]`, the line with a mark, and the help."""
    lines = [_headline(diagnostic), *_marked_line(diagnostic)]
    for related in diagnostic.related:
        lines.append(f"  = {related.message}: {_position(related.file, related.span)}")
    if diagnostic.help:
        lines.append(f"  = help: {diagnostic.help}")
    return "\n".join(escape(line) for line in lines)


def render_concise(diagnostic: Diagnostic) -> str:
    """Render one on a single line."""
    mend = f" ({diagnostic.help})" if diagnostic.help else ""
    return escape(f"{_headline(diagnostic)}{mend}")


def summary(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """Count what was found."""
    errors = sum(each.severity is Severity.ERROR for each in diagnostics)
    counts = [_count(errors, "error")] if errors else []
    if len(diagnostics) > errors:
        counts.append(_count(len(diagnostics) - errors, "warning"))
    return f"{' and '.join(counts) or 'nothing wrong'} in {_count(files, 'file')}"


def escape(text: str) -> str:
    """Show characters that could steer a terminal, or hide what is written, as escapes."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _headline(diagnostic: Diagnostic) -> str:
    place = _position(diagnostic.file, diagnostic.span)
    environment = f" (environment {diagnostic.environment})" if diagnostic.environment else ""
    return f"{place}: {diagnostic.severity}: {diagnostic.message}{environment} [{diagnostic.code}]"


def _position(file: str, span: Span) -> str:
    return f"{file}:{span.line}:{span.column}"


def _marked_line(diagnostic: Diagnostic) -> list[str]:
    line = diagnostic.source_line
    if line is None or not line.strip():
        return []
    start, width = _mark(diagnostic.span, line)
    cut = max(0, start - MAX_LINE // 2)
    shown = escape(line[cut : cut + MAX_LINE])
    # What stands before the mark can be longer when shown than it is.
    indent = len(escape(line[cut:start]))
    width = min(width, max(1, MAX_LINE - (start - cut)))
    gutter = str(diagnostic.span.line)
    blank = " " * len(gutter)
    return [f"{blank} |", f"{gutter} | {shown}", f"{blank} | {' ' * indent}{'^' * width}"]


def _mark(span: Span, line: str) -> tuple[int, int]:
    """Give the offset and the length of the mark on the first line of a span."""
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    return start, max(1, end - start)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
