"""Seven days of a time zone, as hours that clocks show: on a day with a clock change one may be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 7
HOURS = 24
_MINUTE = timedelta(minutes=1)
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """An hour of a day: days count from 0, the first day of the week, and hours are those of a clock."""

    day: int
    hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """Seven days of a time zone.

    `first` and `end` are its bounds in UTC, `end` exclusive. `cells` has the hour in which each minute is,
    counted from `first`, and `lengths` how many minutes each hour has: a day on which the clocks change has
    hours of 0 or 120.
    """

    timezone: str
    days: tuple[date, ...]
    first: datetime
    end: datetime
    cells: tuple[Cell, ...]
    lengths: dict[Cell, int]

    def minute(self, moment: datetime) -> int:
        """Return the minute of a moment, counted from the first one."""
        return (moment - self.first) // _MINUTE

    def local(self, minute: int) -> datetime:
        """Return the moment at which a minute begins, in the week's zone."""
        return (self.first + minute * _MINUTE).astimezone(ZoneInfo(self.timezone))


def week_from(first: date, timezone: str) -> Week:
    """Return the seven days that begin with a date; raises OverflowError at the ends of the calendar."""
    zone = ZoneInfo(timezone)
    days = tuple(first + timedelta(days=number) for number in range(DAYS))
    begin, end = (_midnight(day, zone) for day in (first, first + timedelta(days=DAYS)))
    cells = tuple(_cells(begin, end, first, zone))
    counts = Counter(cells)
    every = (Cell(day=day, hour=hour) for day in range(DAYS) for hour in range(HOURS))
    return Week(
        timezone=timezone,
        days=days,
        first=begin,
        end=end,
        cells=cells,
        lengths={cell: counts[cell] for cell in every},
    )


def iso_week(day: date) -> date:
    """Return the Monday of the week that a date is in."""
    return day - timedelta(days=day.weekday())


def day_name(day: date) -> str:
    """Name a day: `Mon 2026-03-30`, in English wherever it runs."""
    return f"{_DAY_NAMES[day.weekday()]} {day.isoformat()}"


def clock_changes(week: Week) -> Iterator[str]:
    """Say which hours of the week are shorter or longer than others."""
    for cell, minutes in week.lengths.items():
        if minutes == 60:
            continue
        hour = f"{day_name(week.days[cell.day])}: the clocks change, and the hour from {cell.hour:02}:00"
        match minutes:
            case 0:
                yield f"{hour} does not exist"
            case 120:
                yield f"{hour} comes twice, counted together"
            case _:
                yield f"{hour} has {minutes} minutes"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day, in UTC: the first of two midnights, or the moment after a gap."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _cells(begin: datetime, end: datetime, first: date, zone: ZoneInfo) -> Iterator[Cell]:
    every = [[Cell(day=day, hour=hour) for hour in range(HOURS)] for day in range(DAYS)]
    moment = begin
    while moment < end:
        local = moment.astimezone(zone)
        # Where clocks go back at midnight, the hour before it comes again on the day before.
        day = min(max((local.date() - first).days, 0), DAYS - 1)
        yield every[day][local.hour]
        moment += _MINUTE
