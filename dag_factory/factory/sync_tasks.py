"""The tasks of one sync: which operator and sensor, with which arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, BaseOperator, TaskGroup

from dag_factory.config.model.dag import Sync
from dag_factory.config.text.secret_patterns import shown
from dag_factory.factory.deferrable import default_deferrable
from dag_factory.operators.operator import AirbyteSyncOperator
from dag_factory.operators.sensor import AirbyteSyncSensor
from dag_factory.versions import make_asset


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncTasks:
    """The first and the last task of a sync, for dependencies before and after it."""

    first: BaseOperator
    last: BaseOperator


def make_sync_tasks(sync: Sync, dag: DAG, group: TaskGroup | None) -> SyncTasks:
    """Create the tasks of a sync in a DAG, and in a task group if one is given."""
    if sync.mode == "sync":
        task = _submit_and_wait(sync, dag, group)
        return SyncTasks(first=task, last=task)
    inside = TaskGroup(group_id=sync.name, dag=dag, parent_group=group, tooltip=shown(sync.description or ""))
    trigger = _submit(sync, dag, inside)
    wait = _wait(sync, dag, inside, trigger)
    trigger >> wait
    return SyncTasks(first=trigger, last=wait)


def _submit_and_wait(sync: Sync, dag: DAG, group: TaskGroup | None) -> BaseOperator:
    return AirbyteSyncOperator(
        task_id=sync.name,
        asynchronous=False,
        deferrable=_is_deferred(sync),
        wait_seconds=sync.wait_seconds,
        timeout=sync.timeout,
        trigger_rule=sync.trigger_rule,
        outlets=_outlets(sync),
        dag=dag,
        task_group=group,
        **_sync_arguments(sync),
        **_common_arguments(sync),
    )


def _submit(sync: Sync, dag: DAG, group: TaskGroup) -> BaseOperator:
    return AirbyteSyncOperator(
        task_id="trigger",
        wait_task_id=f"{group.group_id}.wait",
        # Override a host DAG's `default_args`: the two tasks pass the job on as an XCom.
        do_xcom_push=True,
        multiple_outputs=False,
        asynchronous=True,
        deferrable=False,
        wait_seconds=sync.wait_seconds,
        timeout=sync.timeout,
        trigger_rule=sync.trigger_rule,
        dag=dag,
        task_group=group,
        **_sync_arguments(sync),
        **_common_arguments(sync),
    )


def _wait(sync: Sync, dag: DAG, group: TaskGroup, trigger: BaseOperator) -> BaseOperator:
    return AirbyteSyncSensor(
        task_id="wait",
        # Override a host DAG's `default_args`: without a job there is nothing to wait for.
        trigger_rule="all_success",
        do_xcom_push=True,
        multiple_outputs=False,
        soft_fail=False,
        silent_fail=False,
        never_fail=False,
        airbyte_job_id=trigger.output,
        trigger_task_id=trigger.task_id,
        deferrable=_is_deferred(sync),
        mode="reschedule",
        poke_interval=sync.wait_seconds,
        sync_timeout=sync.timeout,
        outlets=_outlets(sync),
        dag=dag,
        task_group=group,
        **_sync_arguments(sync),
        **_common_arguments(sync),
    )


def _sync_arguments(sync: Sync) -> dict[str, Any]:
    """Return the arguments of operator and sensor; `on_killed`, because operators have a method `on_kill`."""
    return {
        "connection_id": sync.connection_id,
        "airbyte_conn_id": sync.airbyte_conn_id,
        "on_running": sync.on_running,
        "on_timeout": sync.on_timeout,
        "on_killed": sync.on_kill,
        "min_rows": sync.min_rows,
    }


def _is_deferred(sync: Sync) -> bool:
    """Whether a triggerer waits: by the sync, else by Airflow's configuration, else by the sync's mode."""
    if sync.deferrable is None:
        wanted = default_deferrable()
        return sync.is_deferred if wanted is None else wanted
    return sync.deferrable


def _outlets(sync: Sync) -> list[Any]:
    return [make_asset(text) for text in sync.assets]


def _common_arguments(sync: Sync) -> dict[str, Any]:
    """Return the arguments of every task of a sync, without those that are left to Airflow's defaults."""
    arguments = {
        "retries": sync.retries,
        "retry_delay": _delta(sync.retry_delay),
        "retry_exponential_backoff": sync.retry_exponential_backoff or None,
        "max_retry_delay": _delta(sync.max_retry_delay),
        "pool": sync.pool,
        "pool_slots": sync.pool_slots,
        "priority_weight": sync.priority_weight,
        "queue": sync.queue,
        "executor": sync.executor,
        "doc_md": "\n\n".join(shown(text) for text in (sync.description, sync.doc_md) if text) or None,
    }
    return {key: value for key, value in arguments.items() if value is not None}


def _delta(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
