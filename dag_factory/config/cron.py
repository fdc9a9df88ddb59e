"""Cron expressions and presets: what Airflow takes, and `H` as a fixed value made from the DAG's id."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

# Airflow's names for expressions (airflow.utils.dates), and its two schedules that are no expression.
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
SPECIAL_PRESETS = ("@once", "@continuous")

_OTHER_PRESETS = {"@midnight": "'@daily'", "@annually": "'@yearly'", "@none": "null", "@reboot": "null"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One of the five fields: its name and the values that `H` may become there (inclusive)."""

    name: str
    low: int
    high: int


# `H` stays below 29 for days of the month, so that it exists in every month.
FIELDS = (
    Field(name="minute", low=0, high=59),
    Field(name="hour", low=0, high=23),
    Field(name="day of month", low=1, high=28),
    Field(name="month", low=1, high=12),
    Field(name="day of week", low=0, high=6),
)

_HASH = re.compile(r"H(?:\(([0-9]{1,2})-([0-9]{1,2})\))?(?:/([0-9]{1,2}))?")
# Without croniter's R, which is another value at each parse, and its fields beyond the fifth.
_PART = re.compile(
    r"(\*|\?|L|L?[0-9]{1,2}|[a-z]{3})(-([0-9]{1,2}|[a-z]{3}))?(/[0-9]{1,3})?(#[0-9])?", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CronFault:
    """What is wrong with an expression, and what to write."""

    message: str
    help: str


def cron_fault(text: str) -> CronFault | None:
    """Find what keeps Airflow from scheduling by this text; None if nothing does."""
    if text.startswith("@"):
        return _preset_fault(text)
    fields = text.split()
    if len(fields) != len(FIELDS):
        return _field_count_fault(text, len(fields))
    for field, field_text in zip(FIELDS, fields, strict=True):
        fault = _field_fault(field, field_text)
        if fault is not None:
            return fault
    return _never_fault(expression(text, ""))


@functools.lru_cache(maxsize=4096)
def expression(text: str, dag_id: str) -> str:
    """Give the five fields that a valid text stands for; `H` depends on the DAG's id and the field alone."""
    if text in SPECIAL_PRESETS:
        return text
    fields = PRESETS.get(text, text).split()
    return " ".join(
        ",".join(_without_hash(field, part, dag_id) for part in field_text.split(","))
        for field, field_text in zip(FIELDS, fields, strict=True)
    )


def _without_hash(field: Field, part: str, dag_id: str) -> str:
    match = _HASH.fullmatch(part)
    if match is None:
        return part
    low, high = _bounds(field, match)
    digest = hashlib.blake2b(f"{field.name}:{dag_id}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    if match[3] is None:
        return str(low + number % (high - low + 1))
    step = int(match[3])
    return f"{low + number % min(step, high - low + 1)}-{high}/{step}"


def _bounds(field: Field, match: re.Match[str]) -> tuple[int, int]:
    return (field.low, field.high) if match[1] is None else (int(match[1]), int(match[2]))


def _preset_fault(text: str) -> CronFault | None:
    if text in PRESETS or text in SPECIAL_PRESETS:
        return None
    known = ", ".join((*PRESETS, *SPECIAL_PRESETS))
    mend = f"write {_OTHER_PRESETS[text]}" if text in _OTHER_PRESETS else _alike(text) or f"one of {known}"
    return CronFault(message=f"unknown preset '{text}'", help=mend)


def _alike(text: str) -> str | None:
    import difflib  # noqa: PLC0415 (only for a text that is wrong)

    alike = difflib.get_close_matches(text.lower(), (*PRESETS, *SPECIAL_PRESETS), n=1)
    return f"did you mean '{alike[0]}'?" if alike else None


def _field_count_fault(text: str, count: int) -> CronFault:
    if count == 1 and re.fullmatch(r"([0-9]+[dhms])+", text):
        return CronFault(
            message=f"'{text}' is a duration, not a cron expression", help=f"write {{every: {text}}}"
        )
    message = f"a cron expression has five fields, not {count}"
    return CronFault(message=message, help="write minute, hour, day of month, month and day of week")


def _field_fault(field: Field, text: str) -> CronFault | None:
    for part in text.split(","):
        fault = _hash_fault(field, part) if part.startswith("H") else _part_fault(field, part)
        if fault is not None:
            return fault
    return None


def _hash_fault(field: Field, part: str) -> CronFault | None:
    match = _HASH.fullmatch(part)
    mend = f"write H, H/15 or H(0-29), within {field.low} to {field.high}"
    if match is None:
        return CronFault(message=f"{field.name} '{part}' is no use of H", help=mend)
    low, high = _bounds(field, match)
    if not field.low <= low <= high <= field.high or match[3] == "0":
        return CronFault(message=f"{field.name} '{part}' is out of range", help=mend)
    return None


def _part_fault(field: Field, part: str) -> CronFault | None:
    from croniter import croniter  # noqa: PLC0415 (only where there is a cron expression)

    index = FIELDS.index(field)
    alone = " ".join(part if position == index else "*" for position in range(len(FIELDS)))
    if _PART.fullmatch(part):
        try:
            croniter.expand(alone)
        except (ValueError, KeyError):
            pass
        else:
            return None
    mend = f"write values from {field.low} to {_highest(field)}, ranges (1-5), lists (1,15) or steps (*/10)"
    return CronFault(message=f"{field.name} '{part}' is not valid", help=mend)


def _highest(field: Field) -> int:
    return 31 if field.name == "day of month" else field.high


def _never_fault(five_fields: str) -> CronFault | None:
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (only where there is an expression)

    try:
        # A leap year is at most eight years away.
        croniter(five_fields, datetime(2024, 1, 1), max_years_between_matches=8).get_next()
    except (CroniterBadDateError, ValueError):
        return CronFault(message="no date fits this expression", help="correct day of month and month")
    return None
