"""Model to DAG. A DAG is built with `dag=` at each task, never in a `with` block.

Leaving a `with DAG` block registers the DAG, also when an exception leaves it: half a DAG would go live.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import DAG, BaseNotifier, TaskGroup

from dag_factory import versions
from dag_factory.config.model import Dag, Notifier, Schedule, TriggeredDag
from dag_factory.factory.sync_tasks import SyncTasks, make_sync_tasks


def build_dag(model: Dag) -> DAG:
    """Build a whole DAG; raises what Airflow or a notifier raises if they refuse a value."""
    dag = versions.make_dag(**_dag_arguments(model))
    build_tasks(model, dag, None)
    return dag


def build_tasks(model: Dag, dag: DAG, group: TaskGroup | None) -> None:
    """Build the tasks of a model inside a DAG, and inside a task group if one is given."""
    syncs = {sync.name: make_sync_tasks(sync, dag, group) for sync in model.syncs}
    for sync in model.syncs:
        for name in sync.depends_on:
            syncs[name].last >> syncs[sync.name].first
    for number, triggered in enumerate(model.trigger_dags, start=1):
        _trigger_dag(triggered, number, syncs, dag, group)


def _trigger_dag(
    triggered: TriggeredDag, number: int, syncs: Mapping[str, SyncTasks], dag: DAG, group: TaskGroup | None
) -> None:
    is_template = "{{" in triggered.dag_id
    task = versions.trigger_dag_run_operator()(
        task_id=f"trigger_dag_{number}" if is_template else f"trigger_{triggered.dag_id}",
        trigger_dag_id=triggered.dag_id,
        conf=None if triggered.conf is None else dict(triggered.conf),
        wait_for_completion=triggered.wait_for_completion,
        # Waiting in the triggerer holds no worker slot while the other DAG runs.
        deferrable=triggered.wait_for_completion,
        trigger_rule=triggered.trigger_rule,
        dag=dag,
        task_group=group,
    )
    for name in triggered.after or syncs:
        syncs[name].last >> task


def _dag_arguments(model: Dag) -> dict[str, Any]:
    arguments = {
        "dag_id": model.dag_id,
        "description": model.description,
        "doc_md": _docs(model),
        "start_date": _moment(model.start_date),
        "end_date": None if model.end_date is None else _moment(model.end_date),
        "catchup": model.catchup,
        "max_active_runs": model.max_active_runs,
        "max_active_tasks": model.max_active_tasks,
        "dagrun_timeout": None if model.dagrun_timeout is None else timedelta(seconds=model.dagrun_timeout),
        "is_paused_upon_creation": model.is_paused_upon_creation,
        "fail_fast": model.fail_fast or None,
        "tags": list(model.tags),
        "default_args": _default_arguments(model),
        "on_failure_callback": [_notifier(each) for each in model.notify.on_failure] or None,
        "on_success_callback": [_notifier(each) for each in model.notify.on_success] or None,
    }
    given = {key: value for key, value in arguments.items() if value is not None}
    # No schedule has to be said: left out, Airflow 2 would run the DAG every day.
    return {**given, "schedule": _schedule(model.schedule)}


def _default_arguments(model: Dag) -> dict[str, Any]:
    arguments: dict[str, Any] = {} if model.owner is None else {"owner": model.owner}
    if model.notify.on_retry:
        # Airflow's DAG has no callback for retries; its tasks have.
        arguments["on_retry_callback"] = [_notifier(each) for each in model.notify.on_retry]
    return arguments


def _schedule(schedule: Schedule) -> Any:  # noqa: ANN401 (text, timetable, assets or None)
    if schedule.every is not None:
        return versions.every_timetable(timedelta(seconds=schedule.every))
    times = _times(schedule)
    if schedule.assets is None:
        return times
    assets = versions.make_asset_condition(schedule.assets)
    return assets if times is None else versions.assets_or_time(assets, times)


def _times(schedule: Schedule) -> Any:  # noqa: ANN401 (text, timetable or None)
    if schedule.cron is None or schedule.cron.startswith("@"):
        return schedule.cron
    return versions.cron_timetable(schedule.cron, schedule.timezone)


def _moment(moment: datetime) -> datetime:
    return pendulum.instance(moment)


def _notifier(notifier: Notifier) -> BaseNotifier:
    """Make a notifier of a DAG's own: Airflow renders its templates in place."""
    module, _, name = notifier.notifier.rpartition(".")
    made = getattr(import_module(module), name)(**notifier.arguments)
    if not isinstance(made, BaseNotifier):
        message = f"'{notifier.notifier}' is no subclass of Airflow's BaseNotifier"
        raise TypeError(message)
    return made


def _docs(model: Dag) -> str:
    """Show where the DAG comes from, since Airflow's Code tab shows the loader."""
    document = model.place.document
    yaml = document.text
    # A fence longer than any that the YAML holds.
    fence = "`" * max((len(run) + 1 for run in re.findall("`{3,}", yaml)), default=3)
    parts = [model.doc_md, f"Made from `{document.file.name}`:", f"{fence}yaml\n{yaml}\n{fence}"]
    if model.defaults_files:
        parts.append(f"with the defaults of {', '.join(f'`{name}`' for name in model.defaults_files)}.")
    return "\n\n".join(part for part in parts if part)
