"""Quartz's cron expressions, which Airbyte uses, in the five fields of Airflow's cron."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

# What the language accepts as the text of a schedule.
_LONGEST = 100
# A list of more characters is written with ranges.
_LONG_LIST = 25


class NoEquivalentError(Exception):
    """Why cron cannot say what an expression says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    """One of Quartz's fields: its range (inclusive), and the names of its values from 1 on.

    Cron's days of the week count from 0, Quartz's from 1: `shift` is added to each value.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    shift: int = 0

    def value(self, text: str) -> int:
        """Read a number or a name."""
        if text in self.names:
            return self.names.index(text) + 1
        if re.fullmatch(r"[0-9]{1,2}", text) and self.low <= int(text) <= self.high:
            return int(text)
        message = f"'{text}' is not a value of the {self.name}"
        raise NoEquivalentError(message)


_MINUTE = _Field(name="minute", low=0, high=59)
_HOUR = _Field(name="hour", low=0, high=23)
_DAY = _Field(name="day of month", low=1, high=31)
_MONTH = _Field(name="month", low=1, high=12, names=_MONTHS)
_WEEKDAY = _Field(name="day of week", low=1, high=7, names=_DAYS, shift=-1)

# `*`, a value or a range, each with a step or without; `/5` is `*/5`.
_ITEM = re.compile(r"(\*|[A-Z0-9]+)?(?:-([A-Z0-9]+))?(?:/([0-9]{1,2}))?")
_COUNTED = re.compile(r"([A-Z0-9]+?)(?:#([1-5])|(L))")


def cron_fields(fields: Sequence[str]) -> str:
    """Translate Quartz's minute, hour, day of month, month and day of week.

    Raises:
        NoEquivalentError: Cron has no expression that runs at the same moments.
    """
    minute, hour, day, month, weekday = (text.upper() for text in fields)
    _check_days(day, weekday)
    plain = [_field(_MINUTE, minute), _field(_HOUR, hour), _day(day), _field(_MONTH, month)]
    texts = [*plain, _weekday(weekday)]
    if texts[0] == "*" and texts[1] != "*":
        # The same minutes, said so that they do not look like a slip.
        texts[0] = f"{_MINUTE.low}-{_MINUTE.high}"
    text = " ".join(texts)
    if len(text) > _LONGEST:
        message = f"as cron it is longer than {_LONGEST} characters"
        raise NoEquivalentError(message)
    return text


def _check_days(day: str, weekday: str) -> None:
    """Refuse what Quartz refuses: it never combines two kinds of days, and cron would run on either."""
    if day == weekday == "?":
        message = "neither the day of month nor the day of week is set"
        raise NoEquivalentError(message)
    if day not in ("*", "?") and weekday not in ("*", "?"):
        message = "both the day of month and the day of week are set, and cron runs if one of them matches"
        raise NoEquivalentError(message)


def _day(text: str) -> str:
    if text in ("?", "L"):
        return "*" if text == "?" else text
    if "W" in text:
        message = f"cron has no nearest weekday ('{text}')"
        raise NoEquivalentError(message)
    if "L" in text:
        message = f"cron has no day that counts from the end of the month ('{text}')"
        raise NoEquivalentError(message)
    return _field(_DAY, text)


def _weekday(text: str) -> str:
    if text in ("?", "L"):
        return "*" if text == "?" else "6"  # Quartz's L alone is Saturday
    counted = _COUNTED.fullmatch(text)
    if counted is None:
        return _field(_WEEKDAY, text)
    number = _WEEKDAY.value(counted[1]) + _WEEKDAY.shift
    return f"L{number}" if counted[3] else f"{number}#{counted[2]}"


def _field(of: _Field, text: str) -> str:
    """Write a field of plain values."""
    items = [_values(of, item) for item in text.split(",")]
    values = sorted({value + of.shift for values in items for value in values})
    if len(values) == of.high - of.low + 1:
        return "*"
    if of is _WEEKDAY:
        return _with_ranges(values)
    whole = ",".join(_item(of, item, values) for item, values in zip(text.split(","), items, strict=True))
    compact = _with_ranges(values)
    return compact if len(whole) > len(compact) and len(whole) > _LONG_LIST else whole


def _values(of: _Field, item: str) -> list[int]:
    """Return the values of an item in Quartz's numbers. A range may go beyond the end and begin again."""
    match = _ITEM.fullmatch(item)
    if match is None or not item or item.startswith("-") or (match[1] == "*" and match[2]):
        message = f"'{item}' of the {of.name} is not understood"
        raise NoEquivalentError(message)
    base, end, step = match[1] or "*", match[2], int(match[3] or 1)
    if not 1 <= step <= of.high:
        message = f"'{item}' of the {of.name} has a step that does not fit"
        raise NoEquivalentError(message)
    first = of.low if base == "*" else of.value(base)
    last = of.high if base == "*" or (match[3] and not end) else of.value(end or base)
    size = of.high - of.low + 1
    last += size if last < first else 0
    return [of.low + (value - of.low) % size for value in range(first, last + 1, step)]


def _item(of: _Field, item: str, values: Sequence[int]) -> str:
    """Write an item of a list for cron, as its author did where that is possible."""
    if len(values) == 1:
        return str(values[0])
    base, _, step = item.partition("/")
    if base in ("*", "") or (step and "-" not in base and values[0] == of.low):
        return f"*/{int(step)}"
    last = of.value(base.partition("-")[2]) if "-" in base else of.high
    if last < values[0]:
        return _with_ranges(sorted(values))  # cron's ranges end where the field ends
    return f"{values[0]}-{last}" + (f"/{int(step)}" if int(step or 1) > 1 else "")


def _with_ranges(values: Sequence[int]) -> str:
    """Write sorted values as a list, with a range for three or more in a row."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] + 1 == value:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
