"""Quartz cron expressions: which ones are valid, which ones the public API accepts, and their next time."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
VALUE = r"[0-9]{1,4}|[A-Z]{3}"
PART = re.compile(rf"(?P<first>\*|{VALUE})(?:-(?P<last>{VALUE}))?(?:/(?P<step>[0-9]{{1,4}}))?")


class CronError(ValueError):
    """The text is not a Quartz expression; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of an expression: its range (inclusive), names of values, and what stands alone in it."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)
    alone: re.Pattern[str] = re.compile("(?!)")


SECONDS = Field(name="seconds", low=0, high=59)
MINUTES = Field(name="minutes", low=0, high=59)
HOURS = Field(name="hours", low=0, high=23)
DAYS = Field(
    name="day-of-month", low=1, high=31, alone=re.compile(r"\?|L(-[0-9]{1,2})?W?|(0?[1-9]|[12][0-9]|3[01])W")
)
MONTH = Field(name="month", low=1, high=12, names={name: at for at, name in enumerate(MONTHS, start=1)})
WEEKDAY = Field(
    name="day-of-week",
    low=1,
    high=7,
    names={name: at for at, name in enumerate(WEEKDAYS, start=1)},
    alone=re.compile(rf"\?|([1-7]|{'|'.join(WEEKDAYS)})?L|([1-7]|{'|'.join(WEEKDAYS)})#[1-5]"),
)
YEAR = Field(name="year", low=1970, high=2099)
FIELDS = (SECONDS, MINUTES, HOURS, DAYS, MONTH, WEEKDAY, YEAR)


def cron_error(expression: str) -> str | None:
    """Return why the public API refuses an expression, or None; the only zone that it allows is "UTC".

    Seconds and minutes must be integers, so that a connection syncs at most once an hour. Source: Airbyte's
    `AirbyteCatalogHelper.validateCronConfiguration`.
    """
    text = expression.removesuffix("UTC").strip()
    if (error := syntax_error(text)) is not None:
        return f"Invalid cron expression: {expression}: {error}"
    seconds, minutes, *_ = text.split()
    if not (seconds.isdigit() and minutes.isdigit()):
        return f"Cron expression {expression} runs more often than once an hour, or is not fixed to a minute"
    return None


def syntax_error(expression: str) -> str | None:
    """Return why Quartz refuses an expression without a zone, or None."""
    try:
        _terms(expression)
    except CronError as error:
        return str(error)
    return None


@functools.lru_cache(maxsize=4096)
def next_time(expression: str, zone: str, after: int) -> float | None:
    """Return the first time after `after`, in seconds since the epoch; None if there is none.

    There is none either for `W` and `L-3`, which croniter does not know.
    """
    try:
        text = " ".join(_croniter_term(*each) for each in _terms(expression))
        start = datetime.fromtimestamp(after, ZoneInfo(zone))
        return float(croniter(text, start, second_at_beginning=True).get_next(float))
    except (CronError, CroniterBadDateError):
        return None


def _terms(expression: str) -> list[tuple[Field, str]]:
    """Return each field and its text; raise CronError if Quartz refuses one of them."""
    texts = expression.upper().split()
    if len(texts) not in (6, 7):
        message = f"expected 6 or 7 fields, found {len(texts)}"
        raise CronError(message)
    if (texts[3] == "?") == (texts[5] == "?"):
        message = "one of day-of-month and day-of-week must be ?"
        raise CronError(message)
    terms = list(zip(FIELDS, texts, strict=False))
    for each, text in terms:
        if not each.alone.fullmatch(text):
            _values(each, text)
    return terms


def _croniter_term(term: Field, text: str) -> str:
    """Write a field as croniter reads it: it counts weekdays from 0, and puts the L of a weekday first."""
    if text in ("?", "*"):
        return "*"
    shift = -1 if term is WEEKDAY else 0
    if not term.alone.fullmatch(text):
        values = _values(term, text)
        return ",".join(str(value + shift) for value in sorted(set(values)))
    if term is DAYS and text != "L":
        message = f"{text} has no equivalent"
        raise CronError(message)
    if term is DAYS:
        return text
    day, _, week = text.removesuffix("L").partition("#")
    number = _number(WEEKDAY, day or "SAT") + shift
    return f"{number}#{week}" if week else f"L{number}" if day else str(number)


def _values(term: Field, text: str) -> list[int]:
    return [value for part in text.split(",") for value in _part_values(term, part)]


def _part_values(term: Field, part: str) -> list[int]:
    match = PART.fullmatch(part)
    step = 0 if match is None else int(match["step"] or 1)
    if match is None or step < 1 or (match["first"] == "*" and match["last"]):
        message = f"{term.name} '{part}' is not valid"
        raise CronError(message)
    if match["first"] == "*":
        return list(range(term.low, term.high + 1, step))
    low = _number(term, match["first"])
    high = _number(term, match["last"]) if match["last"] else term.high if match["step"] else low
    if low <= high:
        return list(range(low, high + 1, step))
    # FRI-MON goes over the end of the week.
    return [*range(low, term.high + 1), *range(term.low, high + 1)][::step]


def _number(term: Field, text: str) -> int:
    number = int(text) if text.isdigit() else term.names.get(text, -1)
    if not term.low <= number <= term.high:
        message = f"{term.name} '{text}' is out of range"
        raise CronError(message)
    return number
