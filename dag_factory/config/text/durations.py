"""Durations of the language: a number of seconds, or text such as 90s, 6m, 1h30m, 2d."""

from __future__ import annotations

import re

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"([0-9]+)([dhms])")


def seconds(value: int | str) -> int:
    """Convert a valid duration to seconds."""
    if isinstance(value, str):
        return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return int(value)


def text(duration: int) -> str:
    """Write a number of seconds as a duration: 5400 is 1h30m."""
    parts = []
    for unit, size in _UNITS.items():
        number, duration = divmod(duration, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
