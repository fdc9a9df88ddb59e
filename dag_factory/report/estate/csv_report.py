"""The list and the requirements as CSV, which spreadsheets can open without harm.

A spreadsheet takes a cell for a formula if it begins with certain characters, and a formula can run programs
or send what is in other cells. Such a cell gets an apostrophe before it, which makes it text. One whose list
separator is a semicolon splits cells there, so a part after a semicolon gets it too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from dag_factory.report.escapes import escape, escape_start
from dag_factory.report.estate.requirements import Requirement
from dag_factory.report.estate.rows import Environment, Listed
from dag_factory.report.estate.text import connection_text, environments_cell

# Also the full-width forms, which spreadsheets in East Asian languages accept.
_FORMULA = r"(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"


def list_csv(rows: Sequence[Listed], environments: Sequence[Environment]) -> str:
    """Render a line for each row; the values of a list are separated by commas."""
    titles = (
        "dag_id",
        "environments",
        "file",
        "enabled",
        "owner",
        "tags",
        "schedule",
        "timezone",
        "next_run",
        "syncs",
        "connections",
        "airbyte_conn_ids",
        "pools",
        "notifiers",
        "errors",
    )
    return _csv(titles, (_list_cells(each, environments) for each in rows))


def _list_cells(listed: Listed, environments: Sequence[Environment]) -> tuple[str, ...]:
    row = listed.row
    return (
        row.dag_id or "",
        _named(listed.environments, environments),
        row.file,
        "" if row.is_broken else str(row.enabled).lower(),
        row.owner or "",
        _joined(row.tags),
        row.schedule,
        row.timezone or "",
        "" if row.next_run is None else row.next_run.isoformat(),
        _joined(sync.name for sync in row.syncs),
        _joined(map(connection_text, row.syncs)),
        _joined(dict.fromkeys(sync.airbyte_conn_id for sync in row.syncs)),
        _joined(row.pools),
        _joined(row.notifiers),
        _joined(row.errors),
    )


def requirements_csv(found: Sequence[Requirement], environments: Sequence[Environment]) -> str:
    """Render a line for each requirement and each place that sets it."""
    titles = ("kind", "name", "environments", "file", "line", "dag_ids")
    return _csv(
        titles,
        (
            (
                each.kind,
                each.name,
                _named(each.environments, environments),
                place.file or "",
                "" if place.line is None else str(place.line),
                _joined(dag_ids),
            )
            for each in found
            for place, dag_ids in each.by_place.items()
        ),
    )


def _named(own: Sequence[Environment] | None, whole: Sequence[Environment]) -> str:
    return _joined(environments_cell(whole if own is None else own))


def _joined(values: Iterable[str]) -> str:
    return ", ".join(values)


def _csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(titles)
    for first, *others in rows:
        writer.writerow([escape_start(harmless(first)), *map(harmless, others)])
    return written.getvalue()


def harmless(cell: str) -> str:
    """Escape control characters, so that a row stays a line, and keep a cell from being a formula."""
    return re.sub(_FORMULA, r"\1'", escape(cell))
