"""Columns of text for people and for grep: aligned, one line a row, and no name is ever cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dag_factory.report.escapes import columns, escape, escape_start

# A cell is the names in it; they are separated by commas, and only whole ones are left out.
Cell: TypeAlias = tuple[str, ...]

NOTHING = "-"
_GAP = "  "
# A column with less room for its names than this is left out.
_LEAST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column with a cell for each row; one that is needed is never left out."""

    title: str
    cells: Sequence[Cell]
    is_needed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The lines of a table, and the titles of the columns for which there is no room."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...]


def table(given: Sequence[Column], width: int | None) -> Table:
    """Draw the columns that hold anything.

    Args:
        given: The columns, the most important first.
        width: How many columns of a terminal there are; None for any number.
    """
    shown = [column for column in given if column.is_needed or any(column.cells)]
    used = sum(_width(_whole(column)) for column in shown if column.is_needed)
    drawn: list[list[str]] = []
    left_out: list[str] = []
    for column in shown:
        cells = _drawn(column, None if width is None or column.is_needed else width - used)
        if cells is None:
            left_out.append(column.title)
            continue
        drawn.append(cells)
        used += 0 if column.is_needed else _width(cells)
    lines = (escape_start(_GAP.join(line).rstrip()) for line in _aligned(drawn))
    return Table(lines=tuple(lines), left_out=tuple(left_out))


def _width(cells: Sequence[str]) -> int:
    """Return the width of a column with the gap after it."""
    return max(map(columns, cells)) + len(_GAP)


def _drawn(column: Column, room: int | None) -> list[str] | None:
    """Return the title and the cells in the room that there is; None if it is too little."""
    whole = _whole(column)
    if room is None or max(map(columns, whole)) <= room:
        return whole
    if room < max(_LEAST, columns(column.title)):
        return None
    cells = [_fitting(each, room) for each in column.cells]
    return None if None in cells else [column.title, *(each for each in cells if each is not None)]


def _whole(column: Column) -> list[str]:
    return [column.title, *(_cell(each) for each in column.cells)]


def _cell(names: Cell) -> str:
    return ", ".join(map(escape, names)) or NOTHING


def _fitting(names: Cell, room: int) -> str | None:
    """Return as many of the names as there is room for, and the number of the others; None if none fits."""
    for count in range(len(names), 0, -1):
        rest = len(names) - count
        text = _cell(names[:count]) + (f" +{rest}" if rest else "")
        if columns(text) <= room:
            return text
    return None if names else NOTHING


def _aligned(drawn: Sequence[Sequence[str]]) -> list[list[str]]:
    widths = [max(map(columns, cells)) for cells in drawn]
    return [
        [text + " " * (width - columns(text)) for text, width in zip(line, widths, strict=True)]
        for line in zip(*drawn, strict=True)
    ]
