"""The ids that tasks have in Airflow, and how long Airflow lets them be."""

from __future__ import annotations

from dag_factory.config.model.policies import Mode

# The length of a task's id in Airflow (airflow.sdk.definitions._internal.node.validate_key), its group's name
# included; and that of the name of a group.
MAX_TASK_ID, MAX_GROUP_ID = 250, 200


def sync_task_ids(name: str, mode: Mode) -> tuple[str, ...]:
    """Name the tasks of a sync in order; an async one is a group of two."""
    return (name,) if mode == "sync" else (f"{name}.trigger", f"{name}.wait")


def trigger_task_id(dag_id: str, number: int) -> str:
    """Name the task that triggers a DAG; `number` counts the entries of `trigger_dags` from 1."""
    return f"trigger_dag_{number}" if "{{" in dag_id else f"trigger_{dag_id}"
