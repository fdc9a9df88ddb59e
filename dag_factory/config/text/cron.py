"""Cron expressions and presets: which ones Airflow accepts, and the value of `H`, made from the DAG's id."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dag_factory.config.text.templates import unrendered_hint

# Airflow's presets (airflow.utils.dates), and its two presets without a cron expression.
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
SPECIAL_PRESETS = ("@once", "@continuous")

_OTHER_PRESETS = {
    "@midnight": "write '@daily'",
    "@nightly": "write '@daily', or a time such as '0 3 * * *'",
    "@annually": "write '@yearly'",
    "@none": "write null, without quotes",
    "@reboot": "write null, without quotes",
    "@workday": "write '0 0 * * 1-5'",
}

# What people write for a DAG without a schedule.
_MANUAL = frozenset(("none", "null", "never", "manual", "manually", "off", "disabled"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One of the five fields: its name and the range of `H` in it (inclusive)."""

    name: str
    low: int
    high: int


# For the day of the month `H` is at most 28, so that every month has the day.
FIELDS = (
    Field(name="minute", low=0, high=59),
    Field(name="hour", low=0, high=23),
    Field(name="day of month", low=1, high=28),
    Field(name="month", low=1, high=12),
    Field(name="day of week", low=0, high=6),
)

_NUMBER = re.compile(r"[0-9]{1,2}")
_HASH = re.compile(r"H(?:\(([0-9]{1,2})-([0-9]{1,2})\))?(?:/([0-9]{1,2}))?")
# Without croniter's R, which is a new random value at each parse, and without its sixth and seventh field.
_PART = re.compile(
    r"(\*|\?|L|L?[0-9]{1,2}|[a-z]{3})(-([0-9]{1,2}|[a-z]{3}))?(/[0-9]{1,3})?(#[0-9])?", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidCron:
    """The error of an expression, what to write instead, and the part of the text that is wrong (offsets)."""

    message: str
    hint: str
    part: tuple[int, int]


def cron_error(text: str, dag_id: str = "") -> InvalidCron | None:
    """Find the reason why Airflow cannot schedule a DAG by this text; None if it can."""
    if text in PRESETS or text in SPECIAL_PRESETS:
        return None
    error = _text_error(text)
    return _no_date_error(text, expression(text, dag_id)) if error is None else error


@functools.lru_cache(maxsize=4096)
def _text_error(text: str) -> InvalidCron | None:
    """Find an error that does not depend on the value of `H`."""
    unrendered = unrendered_hint(text)
    if unrendered is not None:
        return InvalidCron(message=f"'{text}' is not a cron expression", hint=unrendered, part=(0, len(text)))
    spans = _spans(text)
    if text.startswith("@") or len(spans) != len(FIELDS):
        message, hint = _form_error(text, len(spans))
        return InvalidCron(message=message, hint=hint, part=(0, len(text)))
    for field, (start, end) in zip(FIELDS, spans, strict=True):
        error = _field_error(field, text[start:end])
        if error is not None:
            return InvalidCron(message=error[0], hint=error[1], part=(start, end))
    return None


def _spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def is_daily_at_most(text: str) -> bool:
    """Whether a valid text names one minute and one hour, so that runs are at least a day apart."""
    minute, hour = PRESETS.get(text, text).split()[:2]
    return all(re.fullmatch(r"[0-9]{1,2}|H(\([0-9-]{3,5}\))?", field) for field in (minute, hour))


@functools.lru_cache(maxsize=4096)
def expression(text: str, dag_id: str) -> str:
    """Return the five fields of a valid text. The value of `H` depends only on the DAG's id and the field."""
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
    import hashlib  # noqa: PLC0415 (loads OpenSSL, and only `H` needs it)

    low, high = _bounds(field, match)
    digest = hashlib.blake2b(_bytes(f"{field.name}:{dag_id}"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    if match[3] is None:
        return str(low + number % (high - low + 1))
    return stepped(low, high, int(match[3]), number)


def stepped(low: int, high: int, step: int, number: int) -> str:
    """Write every step-th value of a range (inclusive); `number` chooses the offset within the first step.

    One value is not written as a range: croniter reads a range from a value to itself as the whole field.
    """
    first = low + number % min(step, high - low + 1)
    return str(first) if first + step > high else f"{first}-{high}/{step}"


def _bytes(text: str) -> bytes:
    # The name of a file may hold surrogates; check_dag_id reports it.
    return text.encode("utf-8", "surrogatepass")


def _bounds(field: Field, match: re.Match[str]) -> tuple[int, int]:
    return (field.low, field.high) if match[1] is None else (int(match[1]), int(match[2]))


def _form_error(text: str, count: int) -> tuple[str, str]:
    """Explain a text that is not a preset and does not have five fields."""
    from dag_factory.config.text import suggestions  # noqa: PLC0415 (only for a text that is wrong)

    words = text.strip("@ ").lower().removeprefix("every ")
    clock = _CLOCK.fullmatch(words)
    if clock is not None:
        minute, hour = int(clock[2] or 0), int(clock[1])
        each_day = f"write '{minute} {hour} * * *' for every day at {hour:02}:{minute:02}"
        often = f", or {{every: {hour}h}}" if hour in _PARTS_OF_A_DAY and clock[3] is None else ""
        return f"'{text}' is a time of day, not a cron expression", each_day + (often if not minute else "")
    meant = suggestions.duration(words)
    if f"@{words}" in PRESETS and " " not in text.strip():
        return f"'{text}' is not a cron expression", f"write '@{words}', in quotes"
    if meant is not None and text not in _OTHER_PRESETS:
        return f"'{text}' is a duration, not a cron expression", f"write {{every: {meant}}}"
    if words in _MANUAL:
        return (
            f"'{text}' is not a cron expression",
            "write null, without quotes, to run the DAG only manually",
        )
    if text.startswith("@"):
        known = (*PRESETS, *SPECIAL_PRESETS)
        hint = _OTHER_PRESETS.get(text) or suggestions.did_you_mean(
            text.lower(), known, suggestions.SearchLimit()
        )
        return f"unknown preset '{text}'", hint or f"write one of {', '.join(known)}"
    return _foreign_form(text) or (
        f"a cron expression has five fields, not {count}",
        _COUNT_HINTS.get(count, _FIVE),
    )


def _foreign_form(text: str) -> tuple[str, str] | None:
    """Explain what Airflow, or cron itself, takes in Python or in a crontab."""
    if "TZ=" in text:
        return f"'{text}' names a time zone", "write the cron expression alone, and the zone under 'timezone'"
    if "timedelta(" in text:
        return f"'{text}' is Python, not a cron expression", "write a duration such as {every: 1d}"
    return None if text.strip() else ("the text is empty", "write null to run the DAG only manually")


_PARTS_OF_A_DAY = (1, 2, 3, 4, 6, 8, 12)
# 2:00, 02:00 and 2am, but not 2, which may mean something else.
_CLOCK = re.compile(r"([01]?\d|2[0-3])(?=:|\s*am)(?::([0-5]\d))?(?::00)?\s*(am)?")
_FIVE = "write minute, hour, day of month, month and day of week"
_COUNT_HINTS = {
    6: f"{_FIVE}; Airflow has no field for seconds",
    7: f"{_FIVE}; Airflow has no fields for seconds and years",
}


def _field_error(field: Field, text: str) -> tuple[str, str] | None:
    for part in text.split(","):
        if not part:
            return f"{field.name} '{text}' has an empty item", "delete the comma"
        error = _hash_error(field, part) if part.startswith("H") else _part_error(field, part)
        if error is not None:
            return error
    if "?" in text and text != "?":
        return (
            f"{field.name} '{text}' has '?' beside other values",
            "write '?' alone, or the values without it",
        )
    counted = ["#" in part or part.upper().startswith("L") for part in text.split(",")]
    if field is FIELDS[4] and any(counted) and not all(counted):
        return f"{field.name} '{text}' mixes days of one week with days of every week", _COUNTED_HINT
    return None


_COUNTED_HINT = "write all of them like 5#2 (the second Friday) or L5 (the last Friday), or none"


def _hash_error(field: Field, part: str) -> tuple[str, str] | None:
    match = _HASH.fullmatch(part)
    hint = f"write H, H/15 or H(0-29), with values from {field.low} to {field.high}"
    if match is None:
        return f"{field.name} '{part}' is not a valid use of H", hint
    low, high = _bounds(field, match)
    if not field.low <= low <= high <= field.high or match[3] == "0":
        return f"{field.name} '{part}' is out of range", hint
    return None


def _part_error(field: Field, part: str) -> tuple[str, str] | None:
    if part == "*" or (_NUMBER.fullmatch(part) and field.low <= int(part) <= _highest(field)):
        return None
    from croniter import croniter  # noqa: PLC0415 (30 ms, and most parts are numbers)

    index = FIELDS.index(field)
    alone = " ".join(part if position == index else "*" for position in range(len(FIELDS)))
    if _PART.fullmatch(part):
        try:
            croniter.expand(alone)
        except (ValueError, KeyError):
            pass
        else:
            return _equal_range_error(field, part)
    if re.search(_MISUSED_HASH, part):
        return f"{field.name} '{part}' is not a valid use of H", _HASH_HINT
    return f"{field.name} '{part}' is not valid", _part_hint(field, part)


def _equal_range_error(field: Field, part: str) -> tuple[str, str] | None:
    """Find a range from a value to itself, which croniter, and so Airflow, reads as the whole field."""
    match = re.fullmatch(_RANGE, part)
    if match is None:
        return None
    low, high = _value(match[1]), _value(match[2])
    if low != high and (low, high) != (7, 0):  # both are Sunday
        return None
    message = f"{field.name} '{part}' goes from a value to itself, which Airflow reads as every {field.name}"
    return message, f"write {match[1]} for this value, or * for all"


_RANGE = r"(?i)([0-9]{1,2}|[a-z]{3})-([0-9]{1,2}|[a-z]{3})(?:/[0-9]{1,3})?"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {
    **dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True)),
    **dict(zip(_MONTHS, range(1, 13), strict=True)),
}


def _value(text: str) -> int:
    return int(text) if text.isdigit() else _NAMES[text.lower()]


_HASH_HINT = "write a capital H, and write it first: H, H/10 or H(0-29)"

# Not the letter in the names of months and days, such as mar and thu.
_MISUSED_HASH = r"(?i)(?<![a-z])h(?![a-z])"


def _part_hint(field: Field, part: str) -> str:
    bounds = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", part)
    if bounds and field.low <= int(bounds[2]) < int(bounds[1]) <= _highest(field):
        return f"write the smaller value first: {bounds[2]}-{bounds[1]}"
    if "W" in part.upper() and field.name == "day of month":
        return "Airflow does not support W, the nearest weekday; write a day such as 15"
    names = {"month": ", names (jan)", "day of week": " (0 is Sunday), names (mon)"}.get(field.name, "")
    return (
        f"write values from {field.low} to {_highest(field)}{names}, ranges (1-5), lists (1,3) or steps (*/2)"
    )


def _highest(field: Field) -> int:
    return 31 if field.name == "day of month" else field.high


def _no_date_error(text: str, meant: str) -> InvalidCron | None:
    """Find that no date matches; `meant` is the text with the DAG's own values for `H`."""
    day, month, weekday = meant.split()[2:]
    counted = "#" in weekday or "L" in weekday.upper()
    if not counted and (day in ("*", "?") or (day.isdigit() and int(day) <= _SHORTEST)):
        return None  # every month has this day
    if _has_date(meant):
        return None
    terms = {"day of month": day, "month": month, "day of week": weekday if counted else "*"}
    fields = [f"{name} '{value}'" for name, value in terms.items() if value not in ("*", "?")]
    hint = "correct one of the two" if len(fields) < 3 else "correct one of the three"
    if meant != text:
        hint = f"{hint}; with the 'H' of this DAG it is '{meant}'"
    spans = _spans(text)[2:]
    part = (spans[0][0], spans[2 if counted else 1][1])
    return InvalidCron(
        message=f"no date matches {', '.join(fields[:-1])} and {fields[-1]}", hint=hint, part=part
    )


# The least number of days in a month, and the greatest number of days in each.
_SHORTEST, _DAYS = 28, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@functools.lru_cache(maxsize=4096)
def _has_date(meant: str) -> bool:
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (30 ms, and few expressions need it)

    try:
        # croniter searches fifty years, which takes long if it finds nothing.
        return (
            _can_have_date(*croniter.expand(meant)) and croniter(meant, datetime(2024, 1, 1)).get_next() > 0
        )
    except (CroniterBadDateError, ValueError):
        return False


def _can_have_date(fields: list[Any], counted: dict[Any, set[Any]]) -> bool:
    """Whether some month has the day, in the week of the month that the day of week asks for."""
    days, months, weekdays = fields[2:]
    if "*" in days or (weekdays != ["*"] and not counted):  # one of the two has to match
        return True
    longest = max(_DAYS) if "*" in months else max(_DAYS[month - 1] for month in months)
    weeks = [
        range(22, 32) if number == "l" else range(7 * number - 6, 7 * number + 1)
        for numbers in counted.values()
        for number in numbers
    ] or [range(1, 32)]
    return any(day == "l" or (day <= longest and any(day in week for week in weeks)) for day in days)
