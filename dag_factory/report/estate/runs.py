"""When a DAG runs first in a window of time, as far as that can be known without Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dag_factory.config.model.dag import Dag
from dag_factory.report.starts import starts
from dag_factory.report.upcoming import next_runs

# Most DAGs run within it, and it is searched for thousands of them at once.
_NEAR = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """From a moment on, before another; without the other, for ever. Both are aware."""

    first: datetime
    end: datetime | None = None


def first_run(dag: Dag, window: Window) -> datetime | None:
    """Return the first scheduled run in a window, in the schedule's zone; None if it is not known.

    It belongs to a DAG that has caught up. Runs that assets, people or other DAGs start cannot be predicted.
    """
    run = None if _is_counted_by_airflow(dag, window) else _first_moment(dag, window)
    if run is None or (window.end is not None and run >= window.end):
        return None
    return run.astimezone(ZoneInfo(dag.schedule.timezone))


def may_run(dag: Dag, window: Window) -> bool:
    """Whether the schedule starts a run in a window; also if it may, since only Airflow knows."""
    if first_run(dag, window) is not None:
        return True
    is_over = dag.end_date is not None and dag.end_date < window.first
    has_begun = window.end is None or dag.start_date < window.end
    is_unknown = _is_counted_by_airflow(dag, window) or dag.schedule.cron == "@continuous"
    return dag.enabled and has_begun and not is_over and is_unknown


def _is_counted_by_airflow(dag: Dag, window: Window) -> bool:
    """Whether `every` counts from a first run of which only Airflow knows."""
    return dag.schedule.every is not None and not dag.catchup and dag.start_date < window.first


def _first_moment(dag: Dag, window: Window) -> datetime | None:
    first = window.first
    if dag.schedule.cron == "@once":
        is_coming = dag.enabled and dag.start_date >= first
        return dag.start_date if is_coming else None
    near = first + _NEAR if window.end is None else min(window.end, first + _NEAR)
    soon = next(starts(dag, first, near), None)
    if soon is not None or near == window.end:
        return soon
    return next(iter(next_runs(dag, first, 1)), None)
