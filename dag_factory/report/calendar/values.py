"""A calendar as values that JSON can hold, for programs; docs/commands.md describes them."""

from __future__ import annotations

from typing import Any

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.report.calendar.busy import Busy
from dag_factory.report.calendar.following import Follower
from dag_factory.report.calendar.load import Load
from dag_factory.report.calendar.summary import Calendar
from dag_factory.report.calendar.week import DAYS, HOURS, Cell, Week


def as_json(calendar: Calendar) -> dict[str, Any]:
    """Convert a calendar; moments are in its time zone, and hours are lists of 24 for each of the 7 days."""
    week = calendar.week
    return {
        "environment": calendar.environment,
        "timezone": week.timezone,
        "days": [day.isoformat() for day in week.days],
        "minutes": _table(week.lengths),
        "dags": calendar.dags,
        **_load(calendar.total),
        "airbytes": [{"name": redacted(load.name), **_load(load)} for load in calendar.airbytes],
        "pools": [{"name": redacted(load.name), **_load(load)} for load in calendar.pools],
        "busiest": [_busy(busy, week) for busy in calendar.busy],
        "hash": {
            "dags": calendar.effect.dags,
            "busiest_now": calendar.effect.now,
            "busiest_then": calendar.effect.then,
        },
        "followers": [_follower(follower, calendar) for follower in calendar.followers],
        "unknown": [
            {"dag_id": each.dag_id, "syncs": each.syncs, "reason": each.reason} for each in calendar.unknown
        ],
        "files_with_errors": calendar.broken,
        "notes": list(calendar.notes),
    }


def _load(load: Load) -> dict[str, Any]:
    return {"syncs": load.total, "later": load.later, "hours": _table(dict(load.starts))}


def _table(counts: dict[Cell, int]) -> list[list[int]]:
    return [[counts.get(Cell(day=day, hour=hour), 0) for hour in range(HOURS)] for day in range(DAYS)]


def _busy(busy: Busy, week: Week) -> dict[str, Any]:
    return {
        "time": week.local(busy.minute).isoformat(),
        "syncs": busy.syncs,
        "others": [{"time": week.local(minute).isoformat(), "syncs": syncs} for minute, syncs in busy.others],
        "dags": [
            {"dag_id": dag.dag_id, "syncs": dag.syncs, "schedule": dag.schedule, "with_hash": dag.hashed}
            for dag in busy.dags
        ],
        "syncs_with_hash": busy.spread,
    }


def _follower(follower: Follower, calendar: Calendar) -> dict[str, Any]:
    after = [{"dag_id": dag_id, "starts": calendar.starts.get(dag_id)} for dag_id in follower.after]
    return {
        "dag_id": follower.dag_id,
        "syncs": follower.syncs,
        "condition": redacted(follower.condition),
        "after": after,
        "elsewhere": [redacted(asset) for asset in follower.elsewhere],
        "is_timed": follower.is_timed,
    }
