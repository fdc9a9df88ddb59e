"""What the command line says: numeric options, and hints for misspelt words.

An invalid value is wrong usage, reported before anything starts.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable

_HIGHEST_PORT = 65_535


def port(text: str) -> int:
    """Read a TCP port; 0 means a free one. Raises argparse.ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= _HIGHEST_PORT):
        message = f"'{text}' is not a port; write a number from 0 to {_HIGHEST_PORT}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def seconds(text: str) -> float:
    """Read a duration in seconds. Raises argparse.ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        message = f"'{text}' is not a number of seconds; write 0 or more"
        raise argparse.ArgumentTypeError(message)
    return number


def suggest(word: str, known: Iterable[str]) -> str:
    """Suggest the most similar known word; if none is similar, list them all."""
    import difflib  # noqa: PLC0415 (only for a misspelt word)

    words = list(known)
    alike = difflib.get_close_matches(word, words, n=1)
    return f"did you mean '{alike[0]}'?" if alike else f"known are: {', '.join(words)}"
