"""Airflow 2.11 in this process: its database, task runner and triggerer; only `runs` imports this."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from airflow.exceptions import AirflowTaskTerminated
from airflow.models.dag import DAG
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.serialization.serialized_objects import SerializedDAG
from airflow.utils.db import initdb
from airflow.utils.module_loading import import_string
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType
from sqlalchemy.orm import Session

# Airflow only checks that a task has one before it restarts a task that is cleared while it runs.
JOB_ID = "1"


def make_database() -> None:
    """Make the database of this process's Airflow home."""
    initdb()


def store(dag: DAG, session: Session) -> DAG:
    """Store a DAG as the DAG processor does, and return it as the scheduler reads it."""
    DAG.bulk_write_to_db([dag], session=session)
    SerializedDagModel.write_dag(dag, session=session)
    session.flush()
    return SerializedDAG.deserialize_dag(SerializedDAG.serialize_dag(dag))


def create_run(scheduler_dag: DAG, run_id: str, date: datetime, start: datetime, session: Session) -> None:
    """Create a run of a stored DAG."""
    scheduler_dag.create_dagrun(
        run_id=run_id,
        execution_date=date,
        data_interval=(date, date),
        run_type=DagRunType.MANUAL,
        external_trigger=True,
        state=DagRunState.RUNNING,
        start_date=start,
        session=session,
    )


def work(dag: DAG, found: TaskInstance, _is_killed: Callable[[], bool]) -> None:
    """Run a queued task as a worker does.

    SIGTERM raises in the task, which reports its own end, so a killed task needs no further handling.
    """
    with create_session() as session:
        task_instance = session.merge(found)
        task_instance.task = dag.get_task(task_instance.task_id)
        task_instance.init_run_context()
        assert task_instance.check_and_change_state_before_execution(job_id=JOB_ID, session=session)
        try:
            task_instance._run_raw_task(job_id=JOB_ID, session=session)
        except (AirflowTaskTerminated, Exception) as error:  # noqa: BLE001 (it has failed the task already)
            task_instance.log.info("The worker ends with %r", error)


def run_with_dag_test(dag: DAG) -> Any:
    """Run a DAG by `dag.test`."""
    return dag.test()


def trigger_of(row: Trigger, task_instance: TaskInstance) -> Any:
    """Make a trigger from its row."""
    made = import_string(row.classpath)(**row.kwargs)
    made.task_instance = task_instance
    made.trigger_id = row.id
    made.triggerer_job_id = 1
    return made


def trigger_context(_trigger: object) -> AbstractContextManager[None]:
    """Return an empty context, since a triggerer of Airflow 2 reads the database itself."""
    return nullcontext()
