"""A calendar as text for a terminal: bars in a table of hours by days, and lists."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.report.calendar import words
from dag_factory.report.calendar.load import Load
from dag_factory.report.calendar.summary import Calendar, counted, named
from dag_factory.report.calendar.week import DAYS, HOURS, Cell, Week, day_name
from dag_factory.report.escapes import columns, escape

# Below it, the table keeps its numbers and loses its bars, and lists wrap badly.
_NARROWEST, _WIDEST = 40, 120
_HOUR_LABEL = 6
_MANY = 20
_BUSIEST = "busiest hour: "
_PEAK, _RESET = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyphs:
    """The characters of a picture: parts of a block from left to right and from below, and marks.

    `parts` are eighths of a column, or a full one alone.
    """

    parts: str
    levels: str
    nothing: str
    missing: str


BLOCKS = Glyphs(parts="▏▎▍▌▋▊▉█", levels="▁▂▃▄▅▆▇█", nothing="·", missing="-")
ASCII = Glyphs(parts="#", levels="123456789", nothing=".", missing="-")


def glyphs_of(encoding: str) -> Glyphs:
    """Return blocks if an encoding has them, else ASCII."""
    try:
        f"{BLOCKS.parts}{BLOCKS.levels}{BLOCKS.nothing}".encode(encoding)
    except UnicodeEncodeError:
        return ASCII
    return BLOCKS


def render(calendar: Calendar, *, width: int, glyphs: Glyphs, colour: bool) -> str:
    """Render all parts, in at most so many columns where that is possible."""
    width = min(max(width, _NARROWEST), _WIDEST)
    sections = [
        _wrapped([escape(words.title(calendar)), words.sum_of(calendar)], width),
        list(_grid(calendar, width, glyphs, colour=colour)) if calendar.total.starts else [],
        _wrapped(_busy(calendar), width),
        _wrapped(
            _loads("by Airbyte (airbyte_conn_id)", calendar.airbytes, calendar.week, width, glyphs), width
        ),
        _wrapped(_loads("by pool", calendar.pools, calendar.week, width, glyphs), width),
        _wrapped(_followers(calendar), width),
        _wrapped(_unknown(calendar), width),
        _wrapped(["notes", *(f"  {escape(note)}" for note in calendar.notes)], width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _wrapped(lines: Iterable[str], width: int) -> list[str]:
    """Wrap lines that are too long; what follows is two columns further in."""
    return [part for line in lines for part in _parts(line, width)]


def _parts(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())] + "  "
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _grid(calendar: Calendar, width: int, glyphs: Glyphs, *, colour: bool) -> Iterator[str]:
    week, counts = calendar.week, calendar.total.starts
    most = max(counts.values())
    by_day = [sum(counts.get(Cell(day=day, hour=hour), 0) for hour in range(HOURS)) for day in range(DAYS)]
    digits = max(len(_short(each)) for each in (most, *by_day))
    column = max((width - _HOUR_LABEL) // DAYS, digits + 1, 4)
    names = [
        f"{day:%d}" if column < 7 else f"{_weekday(index, week)} {day:%d}"
        for index, day in enumerate(week.days)
    ]
    head = "".join(f" {name:{column - 1}}" for name in names)
    yield f"{'':{_HOUR_LABEL}}{head}".rstrip()
    for hour in range(HOURS):
        cells = [
            _cell(Cell(day=day, hour=hour), week, counts, most, (digits, column), glyphs, colour=colour)
            for day in range(DAYS)
        ]
        yield f"{hour:02}:00 {''.join(cells)}".rstrip()
    sums = "".join(f" {_short(each):>{digits}}".ljust(column) for each in by_day)
    yield f"{'sum':{_HOUR_LABEL}}{sums}".rstrip()


def _weekday(index: int, week: Week) -> str:
    return day_name(week.days[index])[:3]


def _cell(
    cell: Cell,
    week: Week,
    counts: Mapping[Cell, int],
    most: int,
    size: tuple[int, int],
    glyphs: Glyphs,
    *,
    colour: bool,
) -> str:
    digits, column = size
    count = counts.get(cell, 0)
    mark = glyphs.nothing if week.lengths[cell] else glyphs.missing
    number = _short(count) if count else mark
    room = column - digits - 2
    drawn = f" {number:>{digits}} {bar(count, most, room, glyphs) if room * len(glyphs.parts) > 1 else ''}"
    padded = drawn[:column].ljust(column)
    return f"{_PEAK}{padded}{_RESET}" if colour and count == most else padded


def bar(count: int, most: int, room: int, glyphs: Glyphs) -> str:
    """Draw a number as a bar; one that is not nothing is at least the smallest part."""
    if not count:
        return ""
    steps = len(glyphs.parts)
    full, rest = divmod(max(1, round(count * room * steps / most)), steps)
    return glyphs.parts[-1] * full + (glyphs.parts[rest - 1] if rest else "")


def _short(number: int) -> str:
    return str(number) if number < 10_000 else f"{number / 1000:.0f}k"


def _busy(calendar: Calendar) -> Iterator[str]:
    if not calendar.total.starts:
        return
    yield "busiest minutes"
    if not calendar.busy:
        yield "  no two syncs start in the same minute"
    for busy in calendar.busy:
        yield f"  {words.busy_of(busy, calendar.week)}"
        yield f"    {escape(words.dag_names(busy.dags))}"
        spread = words.spread_of(busy)
        if spread is not None:
            yield f"    {escape(spread)}"
    effect = words.effect_of(calendar.effect)
    if effect is not None:
        yield f"  {effect}"


def _loads(title: str, loads: Sequence[Load], week: Week, width: int, glyphs: Glyphs) -> list[str]:
    """Draw a line for each name, with the hours of a day, summed over the week, as a picture."""
    if not loads:
        return []
    shown = [(escape(redacted(load.name)), load) for load in loads[:_MANY]]
    first = max(columns(name) for name, _ in shown)
    second = max(len(f"{load.total:,}") for _, load in shown)
    hours = [words.busiest_hour(load, week) for _, load in shown]
    third = max(map(len, hours))
    has_room = 2 + first + 2 + second + 2 + len(_BUSIEST) + third + 2 + HOURS <= width
    lines = [
        f"  {name}{' ' * (first - columns(name))}  {load.total:>{second},}  {_BUSIEST}{hour:{third}}"
        + (f"  {hours_of_day(load, glyphs)}" if has_room else "")
        for (name, load), hour in zip(shown, hours, strict=True)
    ]
    rest = [f"  and {len(loads) - _MANY:,} more"] if len(loads) > _MANY else []
    return [title, *(line.rstrip() for line in lines), *rest]


def hours_of_day(load: Load, glyphs: Glyphs) -> str:
    """Draw the 24 hours of a day, each summed over the week, in 24 characters."""
    sums = [sum(load.starts.get(Cell(day=day, hour=hour), 0) for day in range(DAYS)) for hour in range(HOURS)]
    most = max(sums)
    return "".join(
        glyphs.levels[-(-count * len(glyphs.levels) // most) - 1] if count else glyphs.nothing
        for count in sums
    )


def _followers(calendar: Calendar) -> Iterator[str]:
    if not calendar.followers:
        return
    yield "start after others, at times that nobody knows"
    for each in calendar.followers[:_MANY]:
        yield escape(f"  {each.dag_id} ({counted(each.syncs, 'sync')}) {words.follows(each, calendar)}")
    if len(calendar.followers) > _MANY:
        yield f"  and {len(calendar.followers) - _MANY:,} more"


def _unknown(calendar: Calendar) -> Iterator[str]:
    if calendar.unknown:
        yield "not in the picture"
    for reason, syncs, dags in words.unknown_of(calendar):
        counts = f"{counted(len(dags), 'DAG')}, {counted(syncs, 'sync')}"
        yield escape(f"  {reason}: {counts}: {named(dags)}")
