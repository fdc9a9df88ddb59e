"""Consequences of DAGs that appear, disappear or change their id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from dag_factory.plan.consequences import Consequence
from dag_factory.plan.sides import Member, Side
from dag_factory.plan.tasks import task_ids
from dag_factory.plan.timing import is_started, of_first_times, of_moved_minute, of_schedule

_HANG = "a run under way stays 'running', while its Airbyte job goes on"
_UNLESS_KNOWN = ", if Airflow has not had it before"


def of_added(new: Member, now: datetime, *, is_known: bool = False) -> Iterator[Consequence]:
    """Yield what happens with a DAG that is new to Airflow; `is_known`: Airflow may have had it before."""
    if not new.dag.enabled:
        return
    place = new.place
    runs = list(of_first_times(new, now, _UNLESS_KNOWN if is_known else ""))
    if new.dag.is_paused_upon_creation is False:
        yield from runs
        text = "appears unpaused"
    else:
        yield from (each for each in runs if each.kind == "backfill")
        text = "appears paused"
        if new.dag.is_paused_upon_creation is None:
            text += ", unless 'dags_are_paused_at_creation' is off in Airflow"
        if is_known:
            text += ", or as before if Airflow has had it before"
        if runs and runs[0].kind == "runs-now":
            how = "again and again" if new.dag.schedule.cron == "@continuous" else "once"
            text += f"; it runs {how} when it is unpaused"
    yield Consequence(kind="added", dag_id=new.dag.dag_id, text=text, place=place)


def of_removed(old: Member, side: Side) -> Iterator[Consequence]:
    """Yield what happens with a DAG that the new revision does not have, or not without errors."""
    if not old.dag.enabled:
        return
    dag_id = old.dag.dag_id
    reason = side.error_of(old)
    if reason is not None:
        text = "has errors, so Airflow loses it; see 'dag-factory validate'"
        yield Consequence(
            kind="broken",
            dag_id=dag_id,
            text=text,
            details=(reason,),
            place=replace(old.place, is_old=False),
        )
    else:
        text = "leaves Airflow's lists; its runs stay in the database"
        yield Consequence(kind="removed", dag_id=dag_id, text=text, place=old.place)
    yield Consequence(kind="runs-hang", dag_id=dag_id, text=_HANG, place=old.place)


def of_renamed(old: Member, new: Member, now: datetime) -> Iterator[Consequence]:
    """Yield what happens when a DAG has another id."""
    before, dag_id = old.dag.dag_id, new.dag.dag_id
    if not old.dag.enabled or not new.dag.enabled:
        yield from of_added(new, now)
        return
    paused = "" if new.dag.is_paused_upon_creation is False else ", paused and"
    text = f"was '{before}': to Airflow a new DAG{paused} without runs, whose old runs stay with '{before}'"
    yield Consequence(kind="history", dag_id=dag_id, text=text, place=new.place)
    hang = _HANG.replace("a run under way", f"a run of '{before}' under way")
    yield Consequence(kind="runs-hang", dag_id=dag_id, text=hang, place=new.place)
    yield from of_first_times(new, now)
    yield from of_moved_minute(old, new)
    if is_started(old.dag) and not is_started(new.dag):
        stops = "no longer runs by itself: it has no schedule"
        yield Consequence(kind="stops", dag_id=dag_id, text=stops, place=new.place_of("schedule"))
    elif _is_written_anew(old, new):
        yield from of_schedule(old, new)


def _is_written_anew(old: Member, new: Member) -> bool:
    """Whether the schedules differ, and not only by what `H` stands for."""
    written = [each.draft.schedule.cron.value for each in (old, new)]
    cron = old.dag.schedule.cron if written[0] == written[1] else new.dag.schedule.cron
    return replace(new.dag.schedule, cron=cron) != old.dag.schedule


def of_enabled(old: Member, new: Member, now: datetime) -> Iterator[Consequence]:
    """Yield what happens when `enabled` of a DAG changes."""
    dag_id, place = new.dag.dag_id, new.place_of("enabled")
    if old.dag.enabled:
        text = "leaves Airflow's lists until it is enabled again"
        yield Consequence(kind="disabled", dag_id=dag_id, text=text, place=place)
        yield Consequence(kind="runs-hang", dag_id=dag_id, text=_HANG, place=place)
        return
    yield from of_first_times(new, now, _UNLESS_KNOWN)
    otherwise = "unpaused" if new.dag.is_paused_upon_creation is False else "paused"
    when = f"paused or not as before, if Airflow had it once; else {otherwise}"
    count = len(task_ids(new.dag))
    text = f"appears with {count} {'task' if count == 1 else 'tasks'}: {when}"
    if not is_started(new.dag):
        text = f"{text}; it has no schedule"
    yield Consequence(kind="enabled", dag_id=dag_id, text=text, place=place)
