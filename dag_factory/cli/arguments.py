"""What the command line says: numeric options, and hints for misspelt words.

An invalid value is wrong usage, reported before anything starts.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from dag_factory.config.files import TOP_NAME

_HIGHEST_PORT = 65_535
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


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


def moment(text: str) -> datetime:
    """Read a moment in ISO 8601, in UTC unless it has an offset. Raises argparse.ArgumentTypeError."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"'{text}' is not a moment; write one like 2026-01-31T16:30"
        raise argparse.ArgumentTypeError(message) from error
    if not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        message = f"'{text}' is not between the years {_FIRST_YEAR} and {_LAST_YEAR}"
        raise argparse.ArgumentTypeError(message)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def add_configs(parser: argparse.ArgumentParser, text: str = "the folder of the configurations") -> None:
    """Add `--configs`, with the usual folder as the default."""
    parser.add_argument(
        "--configs",
        type=Path,
        default=Path(TOP_NAME),
        metavar="FOLDER",
        help=f"{text} (default: {TOP_NAME})",
    )


def suggest(word: str, known: Iterable[str]) -> str:
    """Suggest the most similar known word; if none is similar, list them all."""
    import difflib  # noqa: PLC0415 (only for a misspelt word)

    words = list(known)
    alike = difflib.get_close_matches(word, words, n=1)
    return f"did you mean '{alike[0]}'?" if alike else f"known are: {', '.join(words)}"
