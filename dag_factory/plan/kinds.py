"""The kinds of consequences, from the most dangerous to the least; `docs/plan.md` explains each."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How much a reviewer has to care."""

    DANGER = "danger"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of consequence: its name, how many DAGs it happens to in words, and what Airflow does."""

    name: str
    severity: Severity
    one: str
    many: str
    meaning: str


def _danger(name: str, one: str, many: str, meaning: str) -> Kind:
    return Kind(name=name, severity=Severity.DANGER, one=one, many=many, meaning=meaning)


def _warning(name: str, one: str, many: str, meaning: str) -> Kind:
    return Kind(name=name, severity=Severity.WARNING, one=one, many=many, meaning=meaning)


def _note(name: str, one: str, many: str, meaning: str = "") -> Kind:
    return Kind(name=name, severity=Severity.NOTE, one=one, many=many, meaning=meaning)


_ALL = (
    _danger(
        "unreached",
        "never runs again",
        "never run again",
        "Airflow starts a DAG that waits for an asset only when a task updates it, and one without a "
        "schedule only when it is triggered.",
    ),
    _danger(
        "backfill",
        "makes up for past runs",
        "make up for past runs",
        "With 'catchup: true' Airflow makes all runs since the last one, or since start_date for a new DAG.",
    ),
    _danger(
        "history",
        "loses its history",
        "lose their history",
        "To Airflow, another dag_id is another DAG, which has no runs and usually is paused.",
    ),
    _danger(
        "tasks-fail",
        "fails tasks under way",
        "fail tasks under way",
        "Within a minute Airflow marks an asset that no DAG updates or waits for as inactive. Runs that "
        "keep their revision, as with a git bundle, fail at tasks that update it; merge when these syncs "
        "are not running.",
    ),
    _danger(
        "trigger-fails",
        "triggers a DAG that is gone",
        "trigger a DAG that is gone",
        "A task that triggers a DAG that Airflow does not have fails.",
    ),
    _danger(
        "broken",
        "has errors",
        "have errors",
        "Airflow loses a DAG whose configuration has errors, as if it were removed.",
    ),
    _danger(
        "environment-gone",
        "environment is gone",
        "environments are gone",
        "An Airflow whose DAG_FACTORY_ENV names an environment that no file declares makes no DAG.",
    ),
    _warning(
        "runs-now",
        "runs at once",
        "run at once",
        "Without catchup, Airflow makes one run at once if the newest time of the schedule is later than the "
        "last run.",
    ),
    _warning(
        "stops",
        "no longer runs by itself",
        "no longer run by themselves",
        "Only people, other DAGs or the API start a DAG without a schedule.",
    ),
    _warning(
        "ends",
        "gets an end",
        "get an end",
        "Airflow makes no run after end_date.",
    ),
    _warning(
        "tasks-removed",
        "loses tasks",
        "lose tasks",
        "In a run under way they become 'removed' and their Airbyte jobs are cancelled, unless the run keeps "
        "its revision, as with a git bundle. Old runs keep them in the grid, but clearing one runs the new "
        "tasks.",
    ),
    _warning(
        "connection",
        "syncs another connection",
        "sync another connection",
        "A retry, or a clear of an older run, does not find the job of the old connection.",
    ),
    _warning(
        "removed",
        "is removed",
        "are removed",
        "Airflow's lists no longer show it; its runs stay in the database.",
    ),
    _warning(
        "disabled",
        "is disabled",
        "are disabled",
        "To Airflow it is removed, until it is enabled again.",
    ),
    _warning(
        "runs-hang",
        "leaves runs under way hanging",
        "leave runs under way hanging",
        "A run under way of a DAG that is gone stays 'running' in Airflow until the DAG is back or a person "
        "marks the run: merge when it is not running.",
    ),
    _warning(
        "needs",
        "name that Airflow needs",
        "names that Airflow needs",
        "A task whose connection, pool, queue or executor does not exist does not run: create it before the "
        "merge.",
    ),
    _warning(
        "catchup",
        "catches up from now on",
        "catch up from now on",
        "Airflow makes every run that it has missed since the last one, such as while the DAG was paused.",
    ),
    _note("added", "is added", "are added"),
    _note("enabled", "is enabled", "are enabled"),
    _note("schedule", "changes its schedule", "change their schedule"),
    _note(
        "minute-moved",
        "moves its minute",
        "move their minute",
        "'H' in a cron expression stands for a value that belongs to the dag_id.",
    ),
    _note("sync-added", "gets a sync", "get syncs", "It runs with the next run."),
    _note("load", "busier minute", "busier minutes"),
    _note("environment-added", "environment is new", "environments are new"),
    _note("settings", "changes settings", "change settings"),
)

KINDS = {kind.name: kind for kind in _ALL}
RANKS = {kind.name: rank for rank, kind in enumerate(_ALL)}
