"""Schedules as the public API shows and takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dag_factory.workspace.handover.airbyte_slots import verbatim

MANUAL: Mapping[str, str] = {"scheduleType": "manual"}


def schedule_in(connection: Mapping[str, Any]) -> dict[str, str]:
    """Return the schedule of a connection of the API, with text alone, as snapshots hold it."""
    schedule = connection.get("schedule") or {}
    return {key: str(value) for key, value in schedule.items() if value is not None}


def is_manual(schedule: Mapping[str, str]) -> bool:
    """Whether Airbyte starts nothing by itself."""
    return schedule.get("scheduleType", "manual") == "manual"


def same_schedule(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two schedules are the same; without a zone in its text, Airbyte's is UTC."""
    return _normal(one) == _normal(other)


def cannot_put_back(schedule: Mapping[str, str]) -> str | None:
    """Say why the public API cannot set a schedule: it knows cron in UTC alone, hourly at most."""
    if schedule.get("scheduleType") != "cron":
        return "the public API cannot set an interval"
    fields = schedule.get("cronExpression", "").split()
    if len(fields) not in (6, 7) or (len(fields) == 7 and fields[6] != "UTC"):
        return "the public API sets no other time zone than UTC"
    is_hourly = all(text.isdecimal() for text in fields[:2])
    return None if is_hourly else "the public API sets nothing more often than hourly"


def _normal(schedule: Mapping[str, str]) -> tuple[str, str]:
    if is_manual(schedule):
        return ("manual", "")
    text = " ".join(verbatim(schedule).split())
    return (schedule["scheduleType"], text.removesuffix(" UTC"))
