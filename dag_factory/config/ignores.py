"""Suppressed warnings: what comments `# dag-factory: ignore[code] reason` hide, and which hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, Severity, Span

# The file, the code, and the line or None for the whole file.
Key: TypeAlias = tuple[str, str, int | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignore:
    """One code of a comment; `line` is None if it applies to the whole file."""

    file: str
    span: Span
    code: str
    line: int | None
    source_line: str


Ignores: TypeAlias = Mapping[Key, Ignore]


def by_key(ignores: Iterable[Ignore]) -> Ignores:
    """Index all ignores of a project; the first of two equal ones stays."""
    table: dict[Key, Ignore] = {}
    for ignore in ignores:
        table.setdefault((ignore.file, ignore.code, ignore.line), ignore)
    return table


def is_ignored(diagnostic: Diagnostic, ignores: Ignores) -> bool:
    """Whether a comment hides it; an error is hidden only if it is a `secret`."""
    return bool(ignores) and any(key in ignores for key in _keys(diagnostic))


def without_ignored(diagnostics: Iterable[Diagnostic], ignores: Ignores) -> list[Diagnostic]:
    """Leave out what comments hide."""
    return [diagnostic for diagnostic in diagnostics if not is_ignored(diagnostic, ignores)]


def unused_ignores(diagnostics: Iterable[Diagnostic], ignores: Ignores) -> Iterator[Diagnostic]:
    """Warn of each ignore that hides none of the diagnostics, which have to be all of the project's."""
    used = {key for diagnostic in diagnostics for key in _keys(diagnostic)} if ignores else set()
    for key, ignore in ignores.items():
        if key not in used:
            yield _unused(ignore)


def _keys(diagnostic: Diagnostic) -> tuple[Key, ...]:
    if diagnostic.severity is Severity.ERROR and diagnostic.code != "secret":
        return ()
    file, code = diagnostic.file, diagnostic.code
    return (file, code, diagnostic.span.line), (file, code, None)


def _unused(ignore: Ignore) -> Diagnostic:
    where = "in this file" if ignore.line is None else "on this line"
    alone = ignore.line is not None and ignore.source_line.lstrip().startswith("#")
    return Diagnostic(
        file=ignore.file,
        span=ignore.span,
        code="unused-ignore",
        message=f"nothing to ignore: there is no '{ignore.code}' {where}",
        help="move it to the end of the line that it is about" if alone else "delete it",
        severity=Severity.WARNING,
        source_line=ignore.source_line,
    )
