"""How much is told of one file: more than a hundred problems of a kind help nobody; for `config.project`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from dag_factory.config.diagnostics import MAX_PROBLEMS, Diagnostic, Span

# The same again and again, of each sync in each environment, helps as little and takes as long.
_MAX_REPEATS = 1_000


class Told:
    """Counts what each rule has told of each file, in all environments together."""

    def __init__(self) -> None:
        self._different: dict[tuple[Hashable, str], set[tuple[Span, str, str]]] = {}
        self._count: Counter[tuple[Hashable, str]] = Counter()
        self._enough: set[tuple[Hashable, str]] = set()

    @property
    def is_cut(self) -> bool:
        """Whether there may be more than what was told."""
        return bool(self._enough)

    def few(self, rule: Hashable, file: str, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """Yield what a rule finds in a file, until it has told enough of it."""
        if self.is_enough(rule, file):
            return
        for diagnostic in found:
            yield diagnostic
            if self.count(rule, file, diagnostic):
                return

    def is_enough(self, rule: Hashable, file: str) -> bool:
        """Whether a rule has told enough of a file, and needs not be asked."""
        return (rule, file) in self._enough

    def count(self, rule: Hashable, file: str, diagnostic: Diagnostic) -> bool:
        """Count what a rule has told of a file; give whether that is enough."""
        key = (rule, file)
        different = self._different.setdefault(key, set())
        different.add((diagnostic.span, diagnostic.code, diagnostic.message))
        self._count[key] += 1
        if len(different) >= MAX_PROBLEMS or self._count[key] >= _MAX_REPEATS:
            self._enough.add(key)
        return key in self._enough
