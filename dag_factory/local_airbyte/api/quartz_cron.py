"""The public API's rule for cron expressions: Quartz syntax, at most once an hour."""

from __future__ import annotations

import re

FIELD = re.compile(r"[0-9A-Za-z*,/?#-]+")


def cron_error(expression: str) -> str | None:
    """Return what is wrong with a Quartz expression, or None; a trailing "UTC" is allowed."""
    fields = expression.removesuffix("UTC").split()
    if len(fields) not in (6, 7):
        return f"Invalid cron expression: {expression}: expected 6 or 7 fields, found {len(fields)}"
    if not (fields[0].isdigit() and fields[1].isdigit()):
        return f"Cron expression {expression} runs more often than once an hour, or is not fixed to a minute"
    if int(fields[0]) > 59 or int(fields[1]) > 59 or not all(FIELD.fullmatch(field) for field in fields):
        return f"Invalid cron expression: {expression}"
    if (fields[3] == "?") == (fields[5] == "?"):
        return f"Invalid cron expression: {expression}: one of day-of-month and day-of-week must be ?"
    return None
