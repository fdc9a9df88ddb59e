"""Limits the diagnostics of each rule per file: more than a hundred of a kind are not useful.

An error is not only a message: it keeps its DAG from being made. So the first error of a rule in a document
is reported however many the file has, and what a comment ignores does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from types import MappingProxyType
from typing import TypeAlias

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic, Severity, Span
from dag_factory.config.ignores import Ignores, is_ignored

# Bounds repeats of one diagnostic, such as one per sync and environment, which cost as much time.
_MAX_REPEATS = 1_000

# A rule and a file.
_Kind: TypeAlias = tuple[Hashable, str]

_NO_IGNORES: Ignores = MappingProxyType({})


class Limits:
    """Counts what each rule has reported of each file, in all environments together."""

    def __init__(self, ignores: Ignores = _NO_IGNORES) -> None:
        self._ignores = ignores
        self._different: dict[_Kind, set[tuple[Span, str, str]]] = {}
        self._ignored: set[tuple[Hashable, Span, str, str]] = set()
        self._count: Counter[_Kind] = Counter()
        self._reached: set[_Kind] = set()
        self._with_error: set[tuple[Hashable, Hashable]] = set()

    @property
    def is_cut(self) -> bool:
        """Whether there may be more than what was reported."""
        return bool(self._reached)

    def is_done(self, rule: Hashable, file: str, document: Hashable) -> bool:
        """Whether a rule has reported enough of a document, and need not run on it again."""
        return (rule, file) in self._reached and (rule, document) in self._with_error

    def admit(self, rule: Hashable, document: Hashable, diagnostic: Diagnostic) -> bool:
        """Count what a rule has found in a document; return whether to report it."""
        if is_ignored(diagnostic, self._ignores):
            return self._admit_ignored(rule, diagnostic)
        kind = (rule, diagnostic.file)
        is_first_error = diagnostic.severity is Severity.ERROR and (rule, document) not in self._with_error
        if kind in self._reached and not is_first_error:
            return False
        if is_first_error:
            self._with_error.add((rule, document))
        self._note(kind, diagnostic)
        return True

    def _admit_ignored(self, rule: Hashable, diagnostic: Diagnostic) -> bool:
        """Admit an ignored diagnostic once, so that its comment is known to be needed."""
        found = (rule, diagnostic.span, diagnostic.code, diagnostic.file)
        is_new = found not in self._ignored
        self._ignored.add(found)
        return is_new

    def _note(self, kind: _Kind, diagnostic: Diagnostic) -> None:
        different = self._different.setdefault(kind, set())
        different.add((diagnostic.span, diagnostic.code, diagnostic.message))
        self._count[kind] += 1
        if len(different) >= MAX_PROBLEMS or self._count[kind] >= _MAX_REPEATS:
            self._reached.add(kind)
