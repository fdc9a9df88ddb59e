"""A hint for a misspelt word of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(word: str, known: Iterable[str]) -> str:
    """Name the known word that is most like this one; if none is, name them all."""
    words = list(known)
    alike = difflib.get_close_matches(word, words, n=1)
    return f"did you mean '{alike[0]}'?" if alike else f"there are {', '.join(words)}"
