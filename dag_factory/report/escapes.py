"""Escapes for text from files: characters that control a terminal or a build log, or that hide text."""

from __future__ import annotations

import re

# Printable for Python, but drawn as a space or not at all: fillers, Braille's empty cell, variation
# selectors that no character needs. Python already treats all other invisible characters as not printable.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]"
)

# GitHub's and Azure's runners read `##[name]` and `##vso[name]` as commands anywhere in a line.
_RUNNER_COMMAND = re.compile(r"##(?=\w*\[)")


def escape(text: str) -> str:
    """Replace characters that control a terminal or hide text by escapes such as `\\u202e`."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char) for char in text)
    if not text.isascii():
        text = _INVISIBLE.sub(lambda match: _escaped(match[0]), text)
    return _RUNNER_COMMAND.sub(r"#\\x23", text) if "##" in text else text


def escape_start(line: str) -> str:
    """Escape the start of a line of escaped text that GitHub's runner would read as a command."""
    return line.replace(":", r"\x3a", 1) if line.lstrip().startswith("::") else line


def columns(text: str) -> int:
    """Return how many columns escaped text takes on a terminal: wide characters two, accents none."""
    return len(text) if text.isascii() else sum(_width(char) for char in text)


def _width(char: str) -> int:
    import unicodedata  # noqa: PLC0415 (only for text that is not ASCII)

    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
