"""Counts the answers of the public API by route and status. No imports of this package."""

from __future__ import annotations

import threading
from collections import Counter


class RequestCounts:
    """Requests since the server started; `dropped` stands for a call that got no answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, route: str, outcome: str) -> None:
        """One more."""
        with self._lock:
            self._counts[route, outcome] += 1

    def reset(self) -> None:
        """Start from nothing."""
        with self._lock:
            self._counts.clear()

    def counts(self) -> dict[str, dict[str, int]]:
        """Route to status to number."""
        with self._lock:
            routes: dict[str, dict[str, int]] = {}
            for (route, outcome), number in sorted(self._counts.items()):
                routes.setdefault(route, {})[outcome] = number
            return routes
