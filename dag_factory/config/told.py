"""How much is told of one file: more than a hundred problems of a kind help nobody; for `config.project`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from dag_factory.config.diagnostics import Diagnostic, Span
from dag_factory.config.values import MAX_PROBLEMS

# The same again and again, of each sync in each environment, helps as little and takes as long.
_MAX_REPEATS = 1_000


class Told:
    """Counts what each rule has told of each file in all environments; `is_cut` if that was not all."""

    def __init__(self) -> None:
        self._different: dict[tuple[Hashable, str], set[tuple[Span, str, str]]] = {}
        self._count: Counter[tuple[Hashable, str]] = Counter()
        self.is_cut = False

    def few(self, rule: Hashable, file: str, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """Yield what a rule finds in a file, until it has told enough of it; then it is not even asked."""
        key = (rule, file)
        if self._is_enough(key):
            return
        for diagnostic in found:
            different = self._different.setdefault(key, set())
            different.add((diagnostic.span, diagnostic.code, diagnostic.message))
            self._count[key] += 1
            yield diagnostic
            if self._is_enough(key):
                return

    def _is_enough(self, key: tuple[Hashable, str]) -> bool:
        enough = self._count.get(key, 0) >= _MAX_REPEATS or len(self._different.get(key, ())) >= MAX_PROBLEMS
        self.is_cut = self.is_cut or enough
        return enough
