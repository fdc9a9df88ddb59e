"""A calendar as one HTML file: no scripts, nothing from elsewhere, light and dark, on screen and on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.report.calendar import words
from dag_factory.report.calendar.busy import Busy, BusyDag
from dag_factory.report.calendar.load import Load
from dag_factory.report.calendar.markup import element
from dag_factory.report.calendar.picture import large, small
from dag_factory.report.calendar.summary import Calendar, counted
from dag_factory.report.calendar.week import DAYS, HOURS, Cell, Week, day_name

# A page with more rows is hard to read and slow to open; JSON has all.
_ROWS, _PICTURES = 200, 24
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(calendar: Calendar) -> str:
    """Render the page, in ASCII: characters that it does not have are references."""
    style = files("dag_factory.report.calendar").joinpath("page.css").read_text("utf-8")
    title = f"Syncs from {words.title(calendar)}"
    head = (
        '<meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        '<meta name="color-scheme" content="light dark"/>'
        f"{element('title', title)}<style>\n{style}</style>"
    )
    body = element("main", "\n".join(_sections(calendar, title)), is_text=False)
    page = f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _sections(calendar: Calendar, title: str) -> Iterator[str]:
    yield element("h1", title)
    yield element("p", f"{_sentence(words.sum_of(calendar))}.", class_="sum")
    if calendar.total.starts:
        yield _picture(calendar)
        yield _section("Busiest minutes", *_busiest(calendar))
        yield _section("By Airbyte", _loads("airbyte", "airbyte_conn_id", calendar.airbytes, calendar.week))
        yield _section("By pool", _loads("pool", "pool", calendar.pools, calendar.week))
    if calendar.followers:
        rows = [
            (each.dag_id, f"{each.syncs:,}", words.follows(each, calendar)) for each in calendar.followers
        ]
        yield _section(
            "Start after others, at times that nobody knows", _table(("DAG", "syncs", "starts"), rows)
        )
    if calendar.unknown:
        unknown = [
            (reason, f"{len(dags):,}", f"{syncs:,}", ", ".join(dags[:_ROWS]) + _more(len(dags)))
            for reason, syncs, dags in words.unknown_of(calendar)
        ]
        yield _section("Not in the picture", _table(("starts", "DAGs", "syncs", "names"), unknown))
    notes = "".join(element("li", f"{_sentence(note)}.") for note in calendar.notes)
    yield _section("Notes", element("ul", notes, is_text=False))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _more(number: int) -> str:
    return f" and {number - _ROWS:,} more" if number > _ROWS else ""


def _section(title: str, *parts: str) -> str:
    return element("section", element("h2", title) + "\n" + "\n".join(parts), is_text=False)


def _picture(calendar: Calendar) -> str:
    title = "Starts of syncs: hours by days"
    drawn = large("total", title, words.sum_of(calendar), calendar.week, calendar.total.starts)
    summary = element("summary", "The same numbers as a table")
    table = element("details", summary + _numbers(calendar.total, calendar.week, title), is_text=False)
    return element("figure", drawn, is_text=False) + "\n" + table


def _numbers(load: Load, week: Week, caption: str) -> str:
    head = [element("th", "", scope="col"), *(element("th", day_name(day), scope="col") for day in week.days)]
    rows = [element("tr", "".join(head), is_text=False)]
    for hour in range(HOURS):
        cells = [Cell(day=day, hour=hour) for day in range(DAYS)]
        numbers = [
            f"{load.starts.get(cell, 0):,}" if week.lengths[cell] else "no such hour" for cell in cells
        ]
        row = element("th", f"{hour:02}:00", scope="row") + "".join(element("td", each) for each in numbers)
        rows.append(element("tr", row, is_text=False))
    inside = element("caption", caption) + "".join(rows)
    return element("table", inside, is_text=False, class_="numbers")


def _busiest(calendar: Calendar) -> Iterator[str]:
    effect = words.effect_of(calendar.effect)
    if effect is not None:
        yield element("p", f"{_sentence(effect)}.")
    if not calendar.busy:
        yield element("p", "No two syncs start in the same minute.")
    for busy in calendar.busy:
        yield _busy(busy, calendar.week)


def _busy(busy: Busy, week: Week) -> str:
    dags = sorted(busy.dags, key=lambda each: (-each.syncs, each.dag_id))
    spread = words.spread_of(busy)
    paragraphs = [words.dag_names(dags), *([f"{_sentence(spread)}."] if spread else [])]
    table = _table(("DAG", "syncs", "schedule", "with H"), [_busy_row(dag) for dag in dags])
    more = element("p", f"{_more(len(dags)).strip()}; --format json has all") if len(dags) > _ROWS else ""
    details = element("details", element("summary", "All DAGs of this minute") + table + more, is_text=False)
    return (
        element("h3", words.busy_of(busy, week))
        + "".join(element("p", each) for each in paragraphs)
        + details
    )


def _busy_row(dag: BusyDag) -> tuple[str, ...]:
    return dag.dag_id, f"{dag.syncs:,}", dag.schedule, dag.hashed or ""


def _loads(name: str, heading: str, loads: Sequence[Load], week: Week) -> str:
    has_pictures = len(loads) > 1  # else it would be the large one again
    names = (
        heading,
        "syncs",
        "busiest hour",
        *(["hours 00 to 23 by days; each has its own scale"] if has_pictures else []),
    )
    rows = []
    for index, load in enumerate(loads[:_ROWS]):
        own, hour = redacted(load.name), words.busiest_hour(load, week)
        summary = f"{counted(load.total, 'sync')}; busiest hour: {hour}"
        cells = "".join(element("td", each) for each in (own, f"{load.total:,}", hour))
        if has_pictures:
            is_drawn = index < _PICTURES and load.starts
            drawn = (
                small(f"{name}-{index}", f"Starts of syncs: {own}", summary, week, load.starts)
                if is_drawn
                else ""
            )
            cells += element("td", drawn, is_text=False)
        rows.append(element("tr", cells, is_text=False))
    return _of_rows(names, rows)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return _of_rows(
        names,
        [
            element("tr", "".join(element("td", value) for value in row), is_text=False)
            for row in rows[:_ROWS]
        ],
    )


def _of_rows(names: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(element("th", name, scope="col") for name in names)
    inside = element("thead", element("tr", head, is_text=False), is_text=False)
    return element("table", inside + element("tbody", "\n".join(rows), is_text=False), is_text=False)
