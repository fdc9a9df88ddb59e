"""Dates and moments as text: `2026-01-31`, or with a time and an offset."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def moment(text: str, timezone: str) -> datetime:
    """Read a date, or a date and time; without an offset it is in the time zone.

    Raises:
        ValueError: The day or the time does not exist, here or in UTC, in which Airflow stores it.
    """
    read = datetime.fromisoformat(text)
    aware = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(timezone))
    try:
        aware.astimezone(UTC)
    except OverflowError as error:  # the last hours of the year 9999
        raise ValueError(text) from error
    return aware


def date_hint(text: str) -> str:
    """Say what to write instead of a well-formed date that does not exist."""
    import calendar  # noqa: PLC0415 (only for a date that is wrong)

    year, month, day = (int(part) for part in text[:10].split("-"))
    if 1 <= month <= 12 and day > calendar.monthrange(year, month)[1]:
        return f"write another day: the month has {calendar.monthrange(year, month)[1]} days"
    return "correct the day, the month or the time"
