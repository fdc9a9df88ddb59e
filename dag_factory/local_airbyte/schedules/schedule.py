"""Schedules as the public API shows them, and when they make the next sync due.

Source: Airbyte's ConnectionReadMapper and ConfigFetchActivityImpl, August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.schedules.quartz_cron import next_time, syntax_error

MANUAL: Json = {"scheduleType": "manual"}
TIMING = re.compile(r"Every ([1-9][0-9]{0,5}) (MINUTES|HOURS|DAYS|WEEKS|MONTHS)")
SECONDS_OF = {"MINUTES": 60, "HOURS": 3600, "DAYS": 86_400, "WEEKS": 604_800, "MONTHS": 2_592_000}
LEAST_SECONDS = 60  # between a sync and the next one of a cron schedule


class ScheduleError(ValueError):
    """The JSON is not a schedule; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """A Quartz expression in a time zone."""

    expression: str
    zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A basic schedule: a sync every so many seconds."""

    seconds: int


Schedule = Cron | Interval | None  # None: manual


def read_schedule(document: object) -> Schedule:
    """Read the `schedule` of a connection; raise ScheduleError."""
    fields = document if isinstance(document, dict) else {}
    kind = fields.get("scheduleType")
    if kind == "manual":
        return None
    if kind == "cron":
        return _cron(str(fields.get("cronExpression", "")))
    timing = TIMING.fullmatch(str(fields.get("basicTiming", "")))
    if kind != "basic" or timing is None:
        message = (
            "a schedule is manual, cron with a cronExpression, or basic with a basicTiming such as"
            f" 'Every 24 HOURS', not {document!r}"
        )
        raise ScheduleError(message)
    return Interval(seconds=int(timing[1]) * SECONDS_OF[timing[2]])


def shown_schedule(document: object) -> Json:
    """Return a schedule as the public API shows it: with the zone after a cron expression."""
    schedule = read_schedule(document)
    if isinstance(schedule, Cron):
        return {"scheduleType": "cron", "cronExpression": f"{schedule.expression} {schedule.zone}"}
    return dict(document) if isinstance(document, Mapping) else MANUAL


def due_at(schedule: Schedule, *, waiting_since: float, last_sync: float | None) -> float | None:
    """Return when the next sync is due, in seconds since the epoch; None for never.

    An interval counts from the creation of the last sync, and is over at once if there is none. A cron
    expression counts from `waiting_since`: what is due while a job runs is skipped.
    """
    if isinstance(schedule, Interval):
        return waiting_since if last_sync is None else last_sync + schedule.seconds
    if isinstance(schedule, Cron):
        earliest = waiting_since if last_sync is None else max(waiting_since, last_sync + LEAST_SECONDS)
        return next_time(schedule.expression, schedule.zone, int(earliest))
    return None


def _cron(text: str) -> Cron:
    fields = text.split()
    # The seventh field is a year or a zone.
    zone = fields.pop() if len(fields) > 6 and re.search("[A-Za-z]", fields[-1]) else "UTC"
    expression = " ".join(fields)
    if (error := syntax_error(expression)) is not None:
        raise ScheduleError(error)
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, LookupError) as error:
        message = f"unknown time zone {zone!r}"
        raise ScheduleError(message) from error
    return Cron(expression=expression, zone=zone)
