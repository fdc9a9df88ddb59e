"""`dag-factory calendar`: shows how many syncs start when, in one week."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TextIO
from zoneinfo import ZoneInfo

from dag_factory.cli.arguments import add_configs
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.show import check_environment
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.config.diagnostics import has_errors
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.project import Resolution, resolve_project
from dag_factory.config.text import suggestions
from dag_factory.config.text.dates import moment
from dag_factory.config.text.timezones import is_timezone, timezone_hint
from dag_factory.report.calendar import page, text, values
from dag_factory.report.calendar.summary import Calendar, calendar_of
from dag_factory.report.calendar.week import Week, iso_week, week_from
from dag_factory.report.json_report import json_text

_FORMATS: Mapping[str, Callable[[Calendar], str]] = MappingProxyType(
    {"html": page.render, "json": lambda calendar: json_text(values.as_json(calendar))}
)

_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument("--env", metavar="NAME", help="the environment (default: the one in DAG_FACTORY_ENV)")
    add_configs(parser)
    parser.add_argument(
        "--week",
        metavar="DATE",
        help="the week, Monday to Sunday, with this date, such as 2026-03-29 or 2026-W13 "
        "(default: seven days from today)",
    )
    parser.add_argument(
        "--timezone", metavar="ZONE", default="UTC", help="the time zone of days and hours (default: UTC)"
    )
    parser.add_argument(
        "--format", choices=("text", *_FORMATS), default="text", help="the output's format (default: text)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write into this file instead")
    parser.add_argument(
        "--at",
        metavar="MOMENT",
        help="take this moment as now, such as 2026-03-27T12:00 (default: the clock)",
    )
    parser.epilog = """\
examples:
  dag-factory calendar                                        # seven days from today
  dag-factory calendar --week 2026-W13 --timezone Asia/Tokyo  # a week, Monday to Sunday, in a time zone
  dag-factory calendar --format html --output calendar.html   # a page, to look at or to print"""


def run(arguments: argparse.Namespace) -> int:
    """Show the calendar. Exit status 0: it is whole, 1: files have errors, and their DAGs are missing."""
    zone = _checked_zone(arguments.timezone)
    now = datetime.now(UTC) if arguments.at is None else _moment(arguments.at, zone)
    environment = arguments.env or os.environ.get("DAG_FACTORY_ENV") or None
    resolution = resolve_project(checked_folder(arguments.configs, "calendar"), environment)
    check_environment(environment, resolution.project.environments)
    calendar = _calendar(resolution, _week(arguments.week, now, zone), now, environment)
    if arguments.output is None:
        _print(calendar, arguments.format)
    else:
        _write(calendar, arguments.format, arguments.output)
    return FINDINGS if calendar.broken else CLEAN


def _calendar(resolution: Resolution, week: Week, now: datetime, environment: str | None) -> Calendar:
    errors = {each.file for each in resolution.project.diagnostics if has_errors([each])}
    hashed = (each.dag_id.value for each in resolution.drafts if _has_hash(each))
    return calendar_of(
        resolution.project.dags,
        week,
        now,
        environment=environment,
        hashed=frozenset(hashed),
        broken=len(errors),
    )


def _has_hash(draft: DraftDag) -> bool:
    """Whether the minute is an `H` already, or a part of it."""
    return "H" in str(draft.schedule.cron.value).split(maxsplit=1)[0]


def _rendered(calendar: Calendar, style: str, stream: TextIO | None) -> str:
    """Return the output, as text in the width and the characters of the stream that it is for."""
    if style in _FORMATS:
        return _FORMATS[style](calendar)
    is_terminal = stream is not None and stream.isatty()
    # https://no-color.org
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text.render(
        calendar,
        width=shutil.get_terminal_size().columns,
        glyphs=text.glyphs_of("utf-8" if stream is None else stream.encoding),
        colour=is_terminal and not is_plain,
    )


def _print(calendar: Calendar, style: str) -> None:
    print(_rendered(calendar, style, sys.stdout), end="")


def _write(calendar: Calendar, style: str, path: Path) -> None:
    try:
        path.write_text(_rendered(calendar, style, None), "utf-8")
    except OSError as error:
        message = f"'{path}' cannot be written: {error.strerror}"
        raise UsageError(message) from error


def _checked_zone(name: str) -> ZoneInfo:
    if not is_timezone(name):
        message = f"unknown time zone '{name}'; {timezone_hint(name, suggestions.SearchLimit())}"
        raise UsageError(message)
    return ZoneInfo(name)


def _moment(written: str, zone: ZoneInfo) -> datetime:
    try:
        read = moment(written, zone.key)
    except ValueError as error:
        message = f"--at '{written}' is not a moment; write one such as 2026-03-27T12:00"
        raise UsageError(message) from error
    _check_year(f"--at '{written}'", read.date())
    return read


def _week(written: str | None, now: datetime, zone: ZoneInfo) -> Week:
    """Return the week that was asked for, or seven days from today."""
    if written is None:
        return week_from(now.astimezone(zone).date(), zone.key)
    try:
        day = date.fromisoformat(written)
    except ValueError as error:
        message = (
            f"--week '{written}' is not a date; write one such as 2026-03-29, or a week such as 2026-W13"
        )
        raise UsageError(message) from error
    _check_year(f"--week '{written}'", day)
    return week_from(iso_week(day), zone.key)


def _check_year(what: str, day: date) -> None:
    # Beyond them, weeks would leave the calendar of Python, or that of croniter.
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        message = f"{what} is not in the years {_FIRST_YEAR} to {_LAST_YEAR}"
        raise UsageError(message)
