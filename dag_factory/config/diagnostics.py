"""What is wrong with a configuration, as plain values."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

# Per kind, in one file or document; more are not useful.
MAX_PROBLEMS = 100


class Severity(enum.StrEnum):
    """An error prevents its DAG or notifier; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """A stretch of text: lines and columns count from 1, columns in characters, the end is exclusive."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """A second location of a diagnostic, such as "first defined here"."""

    file: str
    span: Span
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One error or warning at one location.

    The fields follow Airflow's own `DagImportError` (file, message, line, column, context, suggestion), so
    that an importer inside Airflow's DAG processor can hand them on as they are.
    """

    file: str
    span: Span
    code: str
    message: str
    help: str | None = None
    severity: Severity = Severity.ERROR
    environment: str | None = None
    source_line: str | None = None
    related: tuple[Related, ...] = ()


class ConfigError(Exception):
    """The envelope that carries diagnostics to Airflow; its text lists them all."""

    def __init__(self, text: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(text)
        self.diagnostics = diagnostics


def sort_unique(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by file, location and code, and keep one of those that several environments share.

    Of equal ones the first is kept, so pass those of the plain document before those of its environments.
    """
    first: dict[tuple[object, ...], Diagnostic] = {}
    for diagnostic in diagnostics:
        first.setdefault((diagnostic.file, diagnostic.span, diagnostic.code, diagnostic.message), diagnostic)
    return tuple(sorted(first.values(), key=lambda d: (d.file, d.span, d.code, d.message)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is more than a warning."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
