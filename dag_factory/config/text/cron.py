"""Cron expressions and presets: what Airflow takes, and `H` as a fixed value made from the DAG's id."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dag_factory.config.text.templates import unrendered_help

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

_OTHER_PRESETS = {
    "@midnight": "write '@daily'",
    "@annually": "write '@yearly'",
    "@none": "write null, without quotes",
    "@reboot": "write null, without quotes",
    "@workday": "write '0 0 * * 1-5'",
}

# What people write for a DAG without a schedule.
_BY_HAND = frozenset(("none", "null", "never", "manual", "manually", "off", "disabled"))


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

_NUMBER = re.compile(r"[0-9]{1,2}")
_HASH = re.compile(r"H(?:\(([0-9]{1,2})-([0-9]{1,2})\))?(?:/([0-9]{1,2}))?")
# Without croniter's R, which is another value at each parse, and its fields beyond the fifth.
_PART = re.compile(
    r"(\*|\?|L|L?[0-9]{1,2}|[a-z]{3})(-([0-9]{1,2}|[a-z]{3}))?(/[0-9]{1,3})?(#[0-9])?", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CronFault:
    """What is wrong with an expression, what to write, and which part of the text it is (offsets)."""

    message: str
    help: str
    part: tuple[int, int]


def cron_fault(text: str, dag_id: str = "") -> CronFault | None:
    """Find what keeps Airflow from scheduling a DAG by this text; None if nothing does."""
    if text in PRESETS or text in SPECIAL_PRESETS:
        return None
    fault = _text_fault(text)
    return _never_fault(text, expression(text, dag_id)) if fault is None else fault


@functools.lru_cache(maxsize=4096)
def _text_fault(text: str) -> CronFault | None:
    """Find what is wrong whatever `H` stands for."""
    unrendered = unrendered_help(text)
    if unrendered is not None:
        return CronFault(message=f"'{text}' is not a cron expression", help=unrendered, part=(0, len(text)))
    spans = _spans(text)
    if text.startswith("@") or len(spans) != len(FIELDS):
        message, hint = _form_fault(text, len(spans))
        return CronFault(message=message, help=hint, part=(0, len(text)))
    for field, (start, end) in zip(FIELDS, spans, strict=True):
        fault = _field_fault(field, text[start:end])
        if fault is not None:
            return CronFault(message=fault[0], help=fault[1], part=(start, end))
    return None


def _spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def is_daily_at_most(text: str) -> bool:
    """Whether a valid text names one minute and one hour, so that two runs are a day apart or more."""
    minute, hour = PRESETS.get(text, text).split()[:2]
    return all(re.fullmatch(r"[0-9]{1,2}|H(\([0-9-]{3,5}\))?", field) for field in (minute, hour))


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
    import hashlib  # noqa: PLC0415 (loads OpenSSL, and only `H` needs it)

    low, high = _bounds(field, match)
    digest = hashlib.blake2b(_bytes(f"{field.name}:{dag_id}"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    if match[3] is None:
        return str(low + number % (high - low + 1))
    return stepped(low, high, int(match[3]), number)


def stepped(low: int, high: int, step: int, number: int) -> str:
    """Write every step-th value of a range (inclusive), from the one of the first step that a number chooses.

    A single value stands alone: croniter takes a range from a value to itself for the whole field.
    """
    first = low + number % min(step, high - low + 1)
    return str(first) if first + step > high else f"{first}-{high}/{step}"


def _bytes(text: str) -> bytes:
    # A DAG may be named by a file whose name is no text, and is refused for it elsewhere.
    return text.encode("utf-8", "surrogatepass")


def _bounds(field: Field, match: re.Match[str]) -> tuple[int, int]:
    return (field.low, field.high) if match[1] is None else (int(match[1]), int(match[2]))


def _form_fault(text: str, count: int) -> tuple[str, str]:
    """Say what a text is that has not the form of an expression."""
    from dag_factory.config.text import suggestions  # noqa: PLC0415 (only for a text that is wrong)

    words = text.strip("@ ").lower().removeprefix("every ")
    clock = _CLOCK.fullmatch(words)
    if clock is not None:
        minute, hour = int(clock[2] or 0), int(clock[1])
        each_day = f"write '{minute} {hour} * * *' for each day at {hour:02}:{minute:02}"
        often = f", or {{every: {hour}h}}" if hour in _PARTS_OF_A_DAY and clock[3] is None else ""
        return f"'{text}' is a time of day, not a cron expression", each_day + (often if not minute else "")
    meant = suggestions.duration(words)
    if f"@{words}" in PRESETS and " " not in text.strip():
        return f"'{text}' is no cron expression", f"write '@{words}', in quotes"
    if meant is not None and text not in _OTHER_PRESETS:
        return f"'{text}' is a duration, not a cron expression", f"write {{every: {meant}}}"
    if words in _BY_HAND:
        return f"'{text}' is no cron expression", "write null, without quotes, to run only by hand"
    if text.startswith("@"):
        known = (*PRESETS, *SPECIAL_PRESETS)
        hint = _OTHER_PRESETS.get(text) or suggestions.did_you_mean(
            text.lower(), known, suggestions.Patience()
        )
        return f"unknown preset '{text}'", hint or f"write one of {', '.join(known)}"
    return f"a cron expression has five fields, not {count}", _COUNT_HELP.get(count, _FIVE)


_PARTS_OF_A_DAY = (1, 2, 3, 4, 6, 8, 12)
# 2:00, 02:00 and 2am; not 2, which is no time of day.
_CLOCK = re.compile(r"([01]?\d|2[0-3])(?=:|\s*am)(?::([0-5]\d))?(?::00)?\s*(am)?")
_FIVE = "write minute, hour, day of month, month and day of week"
_COUNT_HELP = {6: f"{_FIVE}; Airflow has no seconds", 7: f"{_FIVE}; Airflow has neither seconds nor years"}


def _field_fault(field: Field, text: str) -> tuple[str, str] | None:
    for part in text.split(","):
        if not part:
            return f"the list '{text}' of {field.name} has an empty item", "delete the comma"
        message = _hash_fault(field, part) if part.startswith("H") else _part_fault(field, part)
        if message is not None:
            return message
    if "?" in text and text != "?":
        return (
            f"{field.name} '{text}' has '?' beside other values",
            "write '?' alone, or the values without it",
        )
    counted = ["#" in part or part.upper().startswith("L") for part in text.split(",")]
    if field is FIELDS[4] and any(counted) and not all(counted):
        return f"{field.name} '{text}' has days with a number of the week and without", _COUNTED_HELP
    return None


_COUNTED_HELP = "write all of them as 5#2 (the second Friday) or L5 (the last one), or none"


def _hash_fault(field: Field, part: str) -> tuple[str, str] | None:
    match = _HASH.fullmatch(part)
    hint = f"write H, H/15 or H(0-29), within {field.low} to {field.high}"
    if match is None:
        return f"{field.name} '{part}' is no use of H", hint
    low, high = _bounds(field, match)
    if not field.low <= low <= high <= field.high or match[3] == "0":
        return f"{field.name} '{part}' is out of range", hint
    return None


def _part_fault(field: Field, part: str) -> tuple[str, str] | None:
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
            return _equal_range_fault(field, part)
    if re.search(_MISUSED_HASH, part):
        return f"{field.name} '{part}' is no use of H", _HASH_HELP
    return f"{field.name} '{part}' is not valid", _part_help(field, part)


def _equal_range_fault(field: Field, part: str) -> tuple[str, str] | None:
    """Find a range from a value to itself, which croniter, and so Airflow, takes for the whole field."""
    match = re.fullmatch(_RANGE, part)
    if match is None:
        return None
    low, high = _value(match[1]), _value(match[2])
    if low != high and (low, high) != (7, 0):  # both are Sunday
        return None
    message = f"{field.name} '{part}' goes from a value to itself, which Airflow takes for every {field.name}"
    return message, f"write {match[1]} for this one, or * for all"


_RANGE = r"(?i)([0-9]{1,2}|[a-z]{3})-([0-9]{1,2}|[a-z]{3})(?:/[0-9]{1,3})?"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {
    **dict(zip(("sun", "mon", "tue", "wed", "thu", "fri", "sat"), range(7), strict=True)),
    **dict(zip(_MONTHS, range(1, 13), strict=True)),
}


def _value(text: str) -> int:
    return int(text) if text.isdigit() else _NAMES[text.lower()]


_HASH_HELP = "write H as a capital letter and first: H, H/10 or H(0-29)"

# Not in the names of months and days: mar, thu ...
_MISUSED_HASH = r"(?i)(?<![a-z])h(?![a-z])"


def _part_help(field: Field, part: str) -> str:
    bounds = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", part)
    if bounds and field.low <= int(bounds[2]) < int(bounds[1]) <= _highest(field):
        return f"write the smaller value first: {bounds[2]}-{bounds[1]}"
    if "W" in part.upper() and field.name == "day of month":
        return "Airflow knows no nearest weekday (W); write a day such as 15"
    names = {"month": ", names (jan)", "day of week": " (0 is Sunday), names (mon)"}.get(field.name, "")
    return (
        f"write values from {field.low} to {_highest(field)}{names}, ranges (1-5), lists (1,3) or steps (*/2)"
    )


def _highest(field: Field) -> int:
    return 31 if field.name == "day of month" else field.high


def _never_fault(text: str, meant: str) -> CronFault | None:
    """Find that no date fits; `meant` is the text with the DAG's own values for `H`."""
    day, month, weekday = meant.split()[2:]
    counted = "#" in weekday or "L" in weekday.upper()
    if not counted and (day in ("*", "?") or (day.isdigit() and int(day) <= _SHORTEST)):
        return None  # each month has such a day
    if _has_date(meant):
        return None
    terms = {"day of month": day, "month": month, "day of week": weekday if counted else "*"}
    told = [f"{name} '{value}'" for name, value in terms.items() if value not in ("*", "?")]
    hint = "correct one of the two" if len(told) < 3 else "correct one of the three"
    if meant != text:
        hint = f"{hint}; for this DAG 'H' makes it '{meant}'"
    spans = _spans(text)[2:]
    part = (spans[0][0], spans[2 if counted else 1][1])
    return CronFault(message=f"no date fits {', '.join(told[:-1])} and {told[-1]}", help=hint, part=part)


# The days of February where it has fewest, and of all months where they have most.
_SHORTEST, _DAYS = 28, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@functools.lru_cache(maxsize=4096)
def _has_date(meant: str) -> bool:
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (30 ms, and few have such days)

    try:
        # croniter searches through fifty years, which takes long where it finds nothing.
        return (
            _can_have_date(*croniter.expand(meant)) and croniter(meant, datetime(2024, 1, 1)).get_next() > 0
        )
    except (CroniterBadDateError, ValueError):
        return False


def _can_have_date(fields: list[Any], counted: dict[Any, set[Any]]) -> bool:
    """Whether some month is long enough, and the days are in the weeks that the day of week counts."""
    days, months, weekdays = fields[2:]
    if "*" in days or (weekdays != ["*"] and not counted):  # one of the two has to fit
        return True
    longest = max(_DAYS) if "*" in months else max(_DAYS[month - 1] for month in months)
    weeks = [
        range(22, 32) if number == "l" else range(7 * number - 6, 7 * number + 1)
        for numbers in counted.values()
        for number in numbers
    ] or [range(1, 32)]
    return any(day == "l" or (day <= longest and any(day in week for week in weeks)) for day in days)
