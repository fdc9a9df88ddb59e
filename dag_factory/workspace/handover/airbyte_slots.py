"""Airbyte's own schedules as moments: when it may start a sync, from what its public API prints.

Cron expressions are Quartz's, with seconds and a time zone: "0 0 3 * * ? UTC". An interval counts from the
creation of the connection's newest sync job: "Every 24 HOURS".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import TypeAlias
from zoneinfo import ZoneInfo

from dag_factory.config.text.timezones import is_timezone

# A slot that is farther away matters to nobody.
_MOST_DAYS = 5 * 366
_DAY = timedelta(days=1)

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_BASIC = re.compile(r"Every (\d{1,6}) (MINUTE|HOUR|DAY|WEEK|MONTH)S?", re.IGNORECASE)
# As Airbyte counts them: a month has 30 days.
_UNITS = {"MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800, "MONTH": 2_592_000}

_Matches: TypeAlias = Callable[[date], bool]


class UnknownScheduleError(Exception):
    """A schedule whose moments cannot be computed; the message names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A schedule of the type basic: so long after the creation of the newest sync job."""

    length: timedelta


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A schedule of the type cron: on days that match, at each of the times, in a zone."""

    is_day: _Matches
    times: tuple[timedelta, ...]
    zone: ZoneInfo
    is_hourly: bool

    def at_or_after(self, moment: datetime) -> datetime | None:
        """Return the first slot that is not before a moment."""
        return next((slot for slot in self._from(moment) if slot >= moment), None)

    def at_or_before(self, moment: datetime) -> datetime | None:
        """Return the last slot that is not after a moment."""
        first = moment.astimezone(self.zone).date() + _DAY
        days = (first - count * _DAY for count in range(_MOST_DAYS))
        slots = (slot for day in days if self.is_day(day) for slot in reversed(self._slots_of(day)))
        return next((slot for slot in slots if slot <= moment), None)

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the slots from a moment on and before another."""
        for slot in self._from(start):
            if slot >= end:
                return
            if slot >= start:
                yield slot

    def _from(self, moment: datetime) -> Iterator[datetime]:
        first = moment.astimezone(self.zone).date() - _DAY
        days = (first + count * _DAY for count in range(_MOST_DAYS))
        return (slot for day in days if self.is_day(day) for slot in self._slots_of(day))

    def _slots_of(self, day: date) -> list[datetime]:
        midnight = datetime(day.year, day.month, day.day)
        clocks = [midnight + time for time in self.times]
        return sorted({slot for clock in clocks for slot in self._moments(clock)})

    def _moments(self, clock: datetime) -> Iterator[datetime]:
        """Yield the moments at which clocks show a time: one, or two where it is shown twice and hourly."""
        first, second = (clock.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        is_skipped = second.astimezone(self.zone).replace(tzinfo=None) != clock
        if is_skipped or self.is_hourly:
            yield first
        if not is_skipped:
            yield second


Slots: TypeAlias = Cron | Interval | None


def slots_of(schedule: Mapping[str, str]) -> Slots:
    """Return the moments of a schedule as the public API prints it; None for a manual one.

    Raises:
        UnknownScheduleError: Its moments cannot be computed.
    """
    kind = schedule.get("scheduleType", "manual")
    if kind == "manual":
        return None
    try:
        if kind == "cron":
            return _cron(schedule.get("cronExpression", ""))
        return _interval(schedule.get("basicTiming", ""))
    except ValueError as error:
        message = f"the schedule '{verbatim(schedule)}' is not understood: {error}"
        raise UnknownScheduleError(message) from error


def verbatim(schedule: Mapping[str, str]) -> str:
    """Return a schedule in Airbyte's words."""
    kind = schedule.get("scheduleType", "manual")
    return schedule.get("cronExpression") or schedule.get("basicTiming") or kind


def _interval(text: str) -> Interval:
    found = _BASIC.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        message = "an interval is written 'Every 24 HOURS'"
        raise ValueError(message)
    return Interval(length=timedelta(seconds=int(found[1]) * _UNITS[found[2].upper()]))


def _cron(text: str) -> Cron:
    fields = text.split()
    zone = fields.pop() if len(fields) > 6 and re.search("[A-Za-z]", fields[-1]) else "UTC"
    if len(fields) not in (6, 7) or not is_timezone(zone):
        message = "it does not have six fields and a time zone"
        raise ValueError(message)
    second, minute, hour, day, month, weekday = (field.upper() for field in fields[:6])
    months = _values(month, 1, 12, _MONTHS)
    years = _values(fields[6], 1970, 2199, []) if len(fields) == 7 else None
    is_day, is_weekday = _day_of_month(day), _day_of_week(weekday)
    clocks = product(_values(hour, 0, 23, []), _values(minute, 0, 59, []), _values(second, 0, 59, []))

    def matches(each: date) -> bool:
        is_year = years is None or each.year in years
        return is_year and each.month in months and is_day(each) and is_weekday(each)

    return Cron(
        is_day=matches,
        times=tuple(
            sorted(timedelta(hours=hours, minutes=mins, seconds=secs) for hours, mins, secs in clocks)
        ),
        zone=ZoneInfo(zone),
        is_hourly=len(_values(hour, 0, 23, [])) == 24,
    )


def _values(field: str, low: int, high: int, names: list[str]) -> frozenset[int]:
    """Return the values of a field; a range may go beyond its end and begin again."""
    found: set[int] = set()
    for part in field.split(","):
        whole, _, step = part.partition("/")
        start, _, end = whole.partition("-")
        if whole in ("*", "?", ""):
            first, last = low, high
        else:
            first = _value(start, low, high, names)
            last = _value(end, low, high, names) if end else (high if step else first)
        size = high - low + 1
        last += size if last < first else 0
        found.update(low + (value - low) % size for value in range(first, last + 1, _step(step)))
    return frozenset(found)


def _step(text: str) -> int:
    if not text:
        return 1
    if not re.fullmatch("[1-9][0-9]{0,3}", text):
        message = f"'{text}' is not a step"
        raise ValueError(message)
    return int(text)


def _value(text: str, low: int, high: int, names: list[str]) -> int:
    if text in names:
        return names.index(text) + 1
    if not re.fullmatch("[0-9]{1,4}", text) or not low <= int(text) <= high:
        message = f"'{text}' is not a value from {low} to {high}"
        raise ValueError(message)
    return int(text)


def _day_of_month(field: str) -> _Matches:
    """Return whether a day matches; `L` is the last one, `L-2` two before, `15W` the weekday next to it."""
    before_last = re.fullmatch(r"L(?:-([0-9]{1,2}))?", field)
    if before_last is not None:
        distance = int(before_last[1] or 0)
        return lambda each: each.day == _last_day(each) - distance
    near = re.fullmatch(r"(L|[0-9]{1,2})W", field)
    if near is not None:
        return lambda each: each == _weekday_near(each, near[1])
    days = _values(field, 1, 31, [])
    return lambda each: each.day in days


def _weekday_near(each: date, number: str) -> date | None:
    """Return the weekday that is nearest to a day of the month, and in the same month."""
    last = _last_day(each)
    day = last if number == "L" else int(number)
    if not 1 <= day <= last:
        return None
    wanted = each.replace(day=day)
    if wanted.weekday() == 5:
        return wanted - _DAY if day > 1 else wanted + 2 * _DAY
    if wanted.weekday() == 6:
        return wanted + _DAY if day < last else wanted - 2 * _DAY
    return wanted


def _day_of_week(field: str) -> _Matches:
    """Return whether a day matches; `6L` is the last Friday of the month, `6#3` the third."""
    if field == "L":
        field = "7"
    counted = re.fullmatch(r"([0-9A-Z]+?)(?:#([1-5])|L)", field)
    if counted is None:
        weekdays = _values(field, 1, 7, _WEEKDAYS)
        return lambda each: _number(each) in weekdays
    weekday = _value(counted[1], 1, 7, _WEEKDAYS)
    if counted[2] is not None:
        week = int(counted[2])
        return lambda each: _number(each) == weekday and (each.day + 6) // 7 == week
    return lambda each: _number(each) == weekday and each.day + 7 > _last_day(each)


def _number(each: date) -> int:
    """Return Quartz's number of a weekday: Sunday is 1."""
    return each.isoweekday() % 7 + 1


def _last_day(each: date) -> int:
    return calendar.monthrange(each.year, each.month)[1]
