"""Durations, bytes and rows as people read them in a log."""

from __future__ import annotations

_UNITS = ("KiB", "MiB", "GiB", "TiB")


def duration_text(seconds: float) -> str:
    """Format seconds in the two largest units that matter, such as `45 s`, `12 min` or `6 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, hours = whole // 60, whole // 3600
    if hours == 0:
        rest = whole % 60
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{hours // 24} days"


def bytes_text(number: int) -> str:
    """Format a number of bytes, such as `102 KiB`."""
    amount, unit = float(number), "bytes"
    for larger in _UNITS:
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"


def moved_text(rows: int | None, size: int | None) -> str:
    """Format what a job has moved, such as `1,200 rows, 2.3 MiB`; empty if the server has not counted."""
    parts = []
    if rows is not None:
        parts.append(f"{rows:,} row" if rows == 1 else f"{rows:,} rows")
    if size is not None:
        parts.append(bytes_text(size))
    return ", ".join(parts)
