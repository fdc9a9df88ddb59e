"""Diagnostics as people read them: the line, a mark under the wrong part, and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dag_factory.config.diagnostics import Diagnostic, Severity, Span
from dag_factory.report.escapes import columns, escape

# Longer lines are cut around the marked part.
MAX_LINE = 160

# Parameters of the terminal's "select graphic rendition" (ECMA-48): bold, and the colours in bold.
_BOLD, _RED, _YELLOW, _CYAN = "1", "1;31", "1;33", "1;36"


def render(diagnostics: Sequence[Diagnostic], files: Sequence[str], *, colour: bool = False) -> str:
    """Render all, each followed by an empty line, and a summary."""
    return f"{render_each(diagnostics, colour=colour)}{summary(diagnostics, len(files))}\n"


def render_each(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """Render all, each followed by an empty line."""
    return "".join(f"{render_one(diagnostic, colour=colour)}\n\n" for diagnostic in diagnostics)


def render_one(diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """Render one: `file:line:column: error: message [code]`, the line with a mark, and the help."""
    lines = [_headline(diagnostic, colour=colour), *_marked_line(diagnostic, colour=colour)]
    for related in diagnostic.related:
        lines.append(f"  = {escape(related.message)}: {position(related.file, related.span)}")
    if diagnostic.help:
        lines.append(f"  = {_painted('help', _CYAN, colour=colour)}: {escape(diagnostic.help)}")
    return "\n".join(lines)


def summary(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """Summarise the number of errors, warnings and files."""
    return f"{count(diagnostics) or 'nothing wrong'} in {_number(files, 'file')}"


def count(diagnostics: Sequence[Diagnostic]) -> str:
    """Count errors and warnings; empty if there are none."""
    errors = sum(each.severity is Severity.ERROR for each in diagnostics)
    counts = [_number(errors, "error")] if errors else []
    if len(diagnostics) > errors:
        counts.append(_number(len(diagnostics) - errors, "warning"))
    return " and ".join(counts)


def position(file: str, span: Span) -> str:
    """Format a location so that editors and terminals can open it."""
    # GitHub's runner reads a line that starts with `::` as a command.
    here = "./" if file.lstrip().startswith(":") else ""
    return f"{here}{escape(file)}:{span.line}:{span.column}"


def message(diagnostic: Diagnostic) -> str:
    """Return what is wrong, and in which environment."""
    environment = f" (environment {diagnostic.environment})" if diagnostic.environment else ""
    return escape(f"{diagnostic.message}{environment}")


def _headline(diagnostic: Diagnostic, *, colour: bool) -> str:
    location = _painted(position(diagnostic.file, diagnostic.span), _BOLD, colour=colour)
    severity = _painted(diagnostic.severity, _severity_style(diagnostic), colour=colour)
    return f"{location}: {severity}: {message(diagnostic)} [{diagnostic.code}]"


def _marked_line(diagnostic: Diagnostic, *, colour: bool) -> list[str]:
    line = diagnostic.source_line
    if line is None or not line.strip():
        return []
    start, end = _mark(diagnostic.span, line)
    cut = max(0, start - MAX_LINE // 2)
    shown = line[cut : cut + MAX_LINE]
    # Escapes and wide characters take more columns than they have characters.
    indent = " " * columns(escape(line[cut:start]))
    mark = "^" * max(1, columns(escape(line[start : min(end, cut + MAX_LINE)])))
    gutter = str(diagnostic.span.line)
    empty = " " * len(gutter)
    painted = _painted(mark, _severity_style(diagnostic), colour=colour)
    return [f"{empty} |", f"{gutter} | {escape(shown)}", f"{empty} | {indent}{painted}"]


def _mark(span: Span, line: str) -> tuple[int, int]:
    """Return the offsets of the marked part of a span's first line."""
    start = min(span.column - 1, len(line))
    return start, span.end_column - 1 if span.end_line == span.line else len(line)


def _severity_style(diagnostic: Diagnostic) -> str:
    return _RED if diagnostic.severity is Severity.ERROR else _YELLOW


def _painted(text: str, style: str, *, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour else text


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
