"""Build Airflow's DAG from the model. Each task gets `dag=` instead of a `with` block.

Leaving a `with DAG` block registers the DAG, even on an exception, so half a DAG could go live.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import DAG, BaseNotifier, TaskGroup

from dag_factory import versions
from dag_factory.config.model.dag import Dag, Schedule, TriggeredDag
from dag_factory.config.model.task_ids import trigger_task_id
from dag_factory.config.secrets import shown_text
from dag_factory.config.text.secret_patterns import shown
from dag_factory.factory.failures import describe_failures, describe_success
from dag_factory.factory.notifiers import Callbacks
from dag_factory.factory.sync_tasks import SyncTasks, make_sync_tasks
from dag_factory.report.escapes import escape


def build_dag(model: Dag, callbacks: Callbacks, defaults: Mapping[str, Any] | None = None) -> DAG:
    """Build a whole DAG with its notifiers; raises whatever Airflow raises for a value.

    `defaults` are arguments for what the model leaves open, such as `versions.dag_defaults()`.
    """
    dag = versions.make_dag(**{**(defaults or {}), **_dag_arguments(model, callbacks)})
    if callbacks.on_retry:
        # Tasks have a callback for retries, DAGs do not. It is set here because Airflow 2 deep-copies the
        # `default_args` of the constructor, and not every notifier can be copied.
        dag.default_args["on_retry_callback"] = [describe_failures, *callbacks.on_retry]
    _build_tasks(model, dag, None)
    return dag


def build_group(model: Dag, callbacks: Callbacks, group_id: str) -> TaskGroup:
    """Build a model's tasks as a group of the DAG in whose `with` block this is called.

    The run belongs to the surrounding DAG, so notifiers are called for each sync, in addition to the
    callbacks that the DAG gives its tasks.
    """
    owner: dict[str, Any] = {} if model.owner is None else {"default_args": {"owner": model.owner}}
    group = TaskGroup(group_id=group_id, tooltip=shown(model.description or ""), **owner)
    syncs = _build_tasks(model, group.dag, group)
    for task in group.iter_tasks():
        _add_callbacks(task, "on_failure_callback", describe_failures, callbacks.on_failure)
        _add_callbacks(task, "on_retry_callback", describe_failures, callbacks.on_retry)
    for sync in syncs.values():
        _add_callbacks(sync.last, "on_success_callback", describe_success, callbacks.on_success)
    return group


def _add_callbacks(
    task: Any,  # noqa: ANN401 (its class depends on the version)
    name: str,
    describe: Callable[[MutableMapping[str, Any]], None],
    notifiers: Sequence[BaseNotifier],
) -> None:
    if notifiers:
        given = getattr(task, name) or ()
        before = list(given) if isinstance(given, Sequence) else [given]
        setattr(task, name, [*before, describe, *notifiers])


def _build_tasks(model: Dag, dag: DAG, group: TaskGroup | None) -> Mapping[str, SyncTasks]:
    """Build the tasks of a model inside a DAG, and inside a task group if one is given."""
    syncs = {sync.name: make_sync_tasks(sync, dag, group) for sync in model.syncs}
    for sync in model.syncs:
        for name in sync.depends_on:
            syncs[name].last >> syncs[sync.name].first
    for number, triggered in enumerate(model.trigger_dags, start=1):
        _trigger_dag(triggered, number, syncs, dag, group)
    return syncs


def _trigger_dag(
    triggered: TriggeredDag, number: int, syncs: Mapping[str, SyncTasks], dag: DAG, group: TaskGroup | None
) -> None:
    task = versions.trigger_dag_run_operator()(
        task_id=trigger_task_id(triggered.dag_id, number),
        trigger_dag_id=triggered.dag_id,
        conf=None if triggered.conf is None else dict(triggered.conf),
        wait_for_completion=triggered.wait_for_completion,
        # While the other DAG runs, waiting in the triggerer takes no worker slot.
        deferrable=triggered.wait_for_completion,
        trigger_rule=triggered.trigger_rule,
        dag=dag,
        task_group=group,
    )
    for name in triggered.after or syncs:
        syncs[name].last >> task


def _dag_arguments(model: Dag, callbacks: Callbacks) -> dict[str, Any]:
    arguments = {
        "dag_id": model.dag_id,
        "description": None if model.description is None else shown(model.description),
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
        "default_args": None if model.owner is None else {"owner": model.owner},
        "on_failure_callback": _of_run(callbacks.on_failure),
        "on_success_callback": _of_run(callbacks.on_success),
    }
    given = {key: value for key, value in arguments.items() if value is not None}
    # None has to be passed: without `schedule`, Airflow 2 runs the DAG every day.
    return {**given, "schedule": _schedule(model.schedule)}


def _of_run(notifiers: Sequence[BaseNotifier]) -> list[Any] | None:
    return [describe_failures, *notifiers] if notifiers else None


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


def _connections(model: Dag) -> Iterator[str]:
    """List the connections that syncs name, each with the id that Airflow's task shows."""
    named = [(sync.connection, sync.connection_id) for sync in model.syncs if sync.connection is not None]
    if named:
        yield "Connections:\n\n" + "\n".join(f"* {_code(name)} (`{each}`)" for name, each in named)


def _code(text: str) -> str:
    """Write a name as Markdown's code on one line, with a fence that it does not contain."""
    line = " ".join(escape(shown(text)).split())
    fence = "`" * max((len(run) + 1 for run in re.findall("`+", line)), default=1)
    return f"{fence} {line} {fence}" if len(fence) > 1 else f"`{line}`"


def _docs(model: Dag) -> str:
    """Return the DAG's docs with its file and YAML, because Airflow's Code tab shows the loader."""
    document = model.location.document
    yaml = shown_text(document)
    # A fence longer than any in the YAML.
    fence = "`" * max((len(run) + 1 for run in re.findall("`{3,}", yaml)), default=3)
    written = None if model.doc_md is None else shown(model.doc_md)
    source = [f"Generated from `{document.file.name}`:", f"{fence}yaml\n{yaml}\n{fence}"]
    parts = [written, *_connections(model), *source]
    if model.defaults_files:
        parts.append(f"with the defaults of {', '.join(f'`{name}`' for name in model.defaults_files)}.")
    return "\n\n".join(part for part in parts if part)
