"""Counts of the public API's answers by route and status."""

from __future__ import annotations

import threading
from collections import Counter


class RequestCounts:
    """The requests since the server started; the status `dropped` means that a call got no answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, route: str, outcome: str) -> None:
        """Count one answer; `outcome` is its status or `dropped`."""
        with self._lock:
            self._counts[route, outcome] += 1

    def reset(self) -> None:
        """Set all counts to zero."""
        with self._lock:
            self._counts.clear()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of answers by route and status."""
        with self._lock:
            routes: dict[str, dict[str, int]] = {}
            for (route, outcome), number in sorted(self._counts.items()):
                routes.setdefault(route, {})[outcome] = number
            return routes
