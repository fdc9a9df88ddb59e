"""Limits the diagnostics of each rule per file: more than a hundred of a kind are not useful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic, Span

# Bounds repeats of one diagnostic, such as one per sync and environment, which cost as much time.
_MAX_REPEATS = 1_000


class Limits:
    """Counts what each rule has reported of each file, in all environments together."""

    def __init__(self) -> None:
        self._different: dict[tuple[Hashable, str], set[tuple[Span, str, str]]] = {}
        self._count: Counter[tuple[Hashable, str]] = Counter()
        self._reached: set[tuple[Hashable, str]] = set()

    @property
    def is_cut(self) -> bool:
        """Whether there may be more than what was reported."""
        return bool(self._reached)

    def few(self, rule: Hashable, file: str, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """Yield what a rule finds in a file, until the limit is reached."""
        if self.is_reached(rule, file):
            return
        for diagnostic in found:
            yield diagnostic
            if self.count(rule, file, diagnostic):
                return

    def is_reached(self, rule: Hashable, file: str) -> bool:
        """Whether a rule has reported enough of a file, and need not run again."""
        return (rule, file) in self._reached

    def count(self, rule: Hashable, file: str, diagnostic: Diagnostic) -> bool:
        """Count what a rule has reported of a file; give whether that is enough."""
        key = (rule, file)
        different = self._different.setdefault(key, set())
        different.add((diagnostic.span, diagnostic.code, diagnostic.message))
        self._count[key] += 1
        if len(different) >= MAX_PROBLEMS or self._count[key] >= _MAX_REPEATS:
            self._reached.add(key)
        return key in self._reached
