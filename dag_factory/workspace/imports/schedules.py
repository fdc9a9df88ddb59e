"""Airbyte's schedules in the language of the configurations, or why one has no equivalent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dag_factory.config.text.cron import cron_error
from dag_factory.config.text.timezones import is_timezone
from dag_factory.workspace.imports.quartz import NoEquivalentError, cron_fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Translation:
    """What a schedule of Airbyte becomes: `cron` with `timezone`, or `every`, or neither.

    Args:
        original: Airbyte's schedule as one line, such as "0 0 12 * * ? UTC", "Every 24 HOURS" or "manual".
        every: A duration of the language, such as 24h.
        problem: Why a schedule that is not manual has no equivalent.
        notes: What a reader of the new schedule should know.
    """

    original: str
    cron: str | None = None
    timezone: str | None = None
    every: str | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_manual(self) -> bool:
        """Whether the DAG runs only when somebody starts it."""
        return self.cron is None and self.every is None

    def __str__(self) -> str:
        if self.cron is not None:
            return f"{self.cron} {self.timezone}"
        return "null" if self.every is None else f"every {self.every}"


def translated(schedule: Mapping[str, str]) -> Translation:
    """Translate the schedule of a connection as a snapshot holds it; whatever it is, nothing is raised."""
    kind = schedule.get("scheduleType", "manual")
    if kind == "manual":
        return Translation(original=kind)
    original = " ".join(schedule.get(_KEYS.get(kind, ""), "").split())
    try:
        if kind == "cron":
            return _cron(original)
        if kind == "basic":
            return _basic(original)
    except NoEquivalentError as error:
        return Translation(original=original, problem=str(error))
    return Translation(original=kind, problem="this type of schedule is not known")


_KEYS = {"cron": "cronExpression", "basic": "basicTiming"}

# Each unit in a unit of the language. Airbyte's months have 30 days.
_UNITS = {"MINUTE": (1, "m"), "HOUR": (1, "h"), "DAY": (1, "d"), "WEEK": (7, "d"), "MONTH": (30, "d")}
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_BASIC = re.compile(r"(?i)every ([0-9]{1,9}) ([a-z]+?)s?")
_LONGEST = 1_000_000_000
# How many digits the language allows before each unit.
_DIGITS = {"m": 8, "h": 6, "d": 5}


def _basic(original: str) -> Translation:
    match = _BASIC.fullmatch(original)
    if match is None or match[2].upper() not in _UNITS:
        message = "this interval is not understood"
        raise NoEquivalentError(message)
    size, unit = _UNITS[match[2].upper()]
    number = int(match[1]) * size
    seconds = number * _SECONDS[unit]
    if not 0 < seconds <= _LONGEST or len(str(number)) > _DIGITS[unit]:
        message = "an interval is more than 0 and at most 11,574 days"
        raise NoEquivalentError(message)
    notes = (_DAILY,) if seconds == _DAY else ()
    if match[2].upper() == "MONTH":
        notes = (_MONTHLY,)
    return Translation(original=original, every=f"{number}{unit}", notes=notes)


_DAY = 86_400
_DAILY = "with 'cron: H H * * *' it would start at a fixed time of day, another one in each DAG"
_MONTHLY = "Airbyte counts a month as 30 days"

# Seconds, minute, hour, day of month, month, day of week.
_FIELDS = 6
_YEAR = re.compile(r"[0-9*?][0-9*?,/-]*")


def _cron(original: str) -> Translation:
    words = original.split()
    if len(words) < _FIELDS:
        message = f"Quartz's cron expressions have {_FIELDS} fields, and this one has {len(words)}"
        raise NoEquivalentError(message)
    fields, rest = words[:_FIELDS], words[_FIELDS:]
    if rest and _YEAR.fullmatch(rest[0]):
        year = rest.pop(0)
        if year not in ("*", "?"):
            message = f"cron has no field for the year ('{year}')"
            raise NoEquivalentError(message)
    notes = _notes_on_seconds(fields[0])
    text, zone = cron_fields(fields[1:]), _zone(" ".join(rest))
    error = cron_error(text)
    if error is not None:
        raise NoEquivalentError(error.message)
    return Translation(original=original, cron=text, timezone=zone, notes=notes)


def _notes_on_seconds(text: str) -> tuple[str, ...]:
    if not re.fullmatch(r"[0-5]?[0-9]", text):
        message = f"Airflow has no field for seconds ('{text}')"
        raise NoEquivalentError(message)
    return (f"Airflow has no field for seconds: {int(text)} became 0",) if int(text) else ()


_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])0?([0-9]{1,2})(?::?00)?")


def _zone(text: str) -> str:
    """Return the time zone's name in the IANA database. Without a name Airbyte uses UTC."""
    known = text.replace(" ", "_")
    if text in ("", "Z", "UT"):
        return "UTC"
    if is_timezone(known):
        return known
    offset = _OFFSET.fullmatch(text)
    # The signs of these names are the other way round.
    fixed = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{offset[2]}" if offset else ""
    if is_timezone(fixed):
        return fixed
    message = f"the time zone '{text}' is not in the IANA database"
    raise NoEquivalentError(message)
