"""A table of hours by days as inline SVG; its colours are classes, which the page's style defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dag_factory.report.calendar.markup import element, empty
from dag_factory.report.calendar.week import DAYS, HOURS, Cell, Week, day_name

# From no start to the most starts.
LEVELS = 5
# Pixels of the large picture, before the page scales it.
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP_ABOVE = 92, 22, 52, 24, 8
# And of a small one, where hours are columns.
_SMALL, _GAP = 12, 1


def large(name: str, title: str, summary: str, week: Week, counts: Mapping[Cell, int]) -> str:
    """Draw hours as rows and days as columns, with numbers; no other picture of the page has its name."""
    size = (_LEFT + DAYS * _WIDTH, _TOP + (HOURS + 1) * _HEIGHT + _GAP_ABOVE)
    parts = [*_labels(week), *_large_cells(week, counts), *_legend(max(counts.values(), default=0))]
    return _svg(name, title, summary, size, parts, "large")


def small(name: str, title: str, summary: str, week: Week, counts: Mapping[Cell, int]) -> str:
    """Draw days as rows and hours as columns, without numbers but in titles."""
    most = max(counts.values(), default=0)
    parts = [
        element(
            "rect",
            element("title", tooltip(cell, week, counts)),
            is_text=False,
            x=str(cell.hour * _SMALL),
            y=str(cell.day * _SMALL),
            width=str(_SMALL - _GAP),
            height=str(_SMALL - _GAP),
            class_=level(cell, week, counts, most),
        )
        for cell in week.lengths
    ]
    return _svg(name, title, summary, (HOURS * _SMALL, DAYS * _SMALL), parts, "small")


def level(cell: Cell, week: Week, counts: Mapping[Cell, int], most: int) -> str:
    """Return the class of a cell: `none` for an hour that does not exist, l0 without starts, and up to l5."""
    if not week.lengths[cell]:
        return "none"
    count = counts.get(cell, 0)
    return f"l{-(-count * LEVELS // most) if count else 0}"


def tooltip(cell: Cell, week: Week, counts: Mapping[Cell, int]) -> str:
    """Say what a cell holds."""
    when = f"{day_name(week.days[cell.day])} {cell.hour:02}:00"
    return f"{when}: {counts.get(cell, 0):,}" if week.lengths[cell] else f"{when}: this hour does not exist"


def _svg(name: str, title: str, summary: str, size: tuple[int, int], parts: list[str], kind: str) -> str:
    head = element("title", title, id=f"{name}-title") + element("desc", summary, id=f"{name}-desc")
    return element(
        "svg",
        head + "".join(parts),
        is_text=False,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {size[0]} {size[1]}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_=kind,
    )


def _labels(week: Week) -> Iterator[str]:
    for index, day in enumerate(week.days):
        x = str(_LEFT + index * _WIDTH + _WIDTH // 2)
        yield element("text", f"{day_name(day)[:3]} {day:%m-%d}", x=x, y=str(_TOP - 8), class_="label middle")
    for hour in range(HOURS):
        y = str(_TOP + hour * _HEIGHT + 15)
        yield element("text", f"{hour:02}:00", x="0", y=y, class_="label")


def _legend(most: int) -> Iterator[str]:
    """Draw each colour with the numbers that it stands for; colours without a number are left out."""
    y = _TOP + HOURS * _HEIGHT + _GAP_ABOVE
    yield element("text", "starts", x="0", y=str(y + 15), class_="label")
    for index, (shade, numbers) in enumerate(_scale(most)):
        x = _LEFT + index * _WIDTH
        yield from _box(x, y, f"l{shade}", numbers)


def _scale(most: int) -> Iterator[tuple[int, str]]:
    yield 0, "0"
    for shade in range(1, LEVELS + 1):
        low, high = most * (shade - 1) // LEVELS + 1, most * shade // LEVELS
        if low <= high:
            yield shade, f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _box(x: int, y: int, shade: str, shown: str) -> Iterator[str]:
    size = {"width": str(_WIDTH - 2), "height": str(_HEIGHT - 2), "rx": "2"}
    yield empty("rect", x=str(x), y=str(y), **size, class_=shade)
    if shown:
        middle = str(x + _WIDTH // 2)
        yield element("text", shown, x=middle, y=str(y + 15), class_=f"{shade} middle")


def _large_cells(week: Week, counts: Mapping[Cell, int]) -> Iterator[str]:
    most = max(counts.values(), default=0)
    for cell in week.lengths:
        x, y = _LEFT + cell.day * _WIDTH, _TOP + cell.hour * _HEIGHT
        count = counts.get(cell, 0)
        number = f"{count:,}" if count else ("" if week.lengths[cell] else "-")
        tip = element("title", tooltip(cell, week, counts))
        box = "".join(_box(x, y, level(cell, week, counts, most), number))
        yield element("g", tip + box, is_text=False)
