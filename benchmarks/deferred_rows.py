"""Insert deferred tasks into Airflow's tables, as if workers had deferred them; `triggers` runs it.

    python benchmarks/deferred_rows.py --tasks 1000 --interval 30

Run it in the environment of an Airflow that has parsed the DAGs. Every sync of every DAG gets a task that
waits for the job with the number of the sync, counted from 1. All previous runs are deleted.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.triggers.base import BaseTrigger
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType
from airflow_parts import connection_id
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dag_factory.airbyte.state import Role, SyncState, state_as_json
from dag_factory.operators.trigger import AirbyteJobTrigger

# The timeout of the jobs, in seconds: much longer than a benchmark.
TIMEOUT = 24 * 3600.0


def make_trigger(job_id: int, interval: float) -> BaseTrigger:
    """Create the trigger of a running job. Nothing else here depends on its arguments."""
    return AirbyteJobTrigger(
        state=state_as_json(SyncState(seen=0, job_id=job_id, role=Role.OWN)),
        conn_id="airbyte_default",
        connection_id=connection_id(job_id),
        end_time=time.time() + TIMEOUT,
        sync_timeout=TIMEOUT,
        poll_interval=interval,
    )


def main() -> None:
    """Replace all runs."""
    parser = argparse.ArgumentParser(description="defer a task for each sync of each DAG")
    parser.add_argument("--interval", type=float, required=True, help="seconds between two polls of a job")
    parser.add_argument("--tasks", type=int, required=True, help="how many tasks there have to be")
    arguments = parser.parse_args()
    with create_session() as session:
        session.execute(delete(DagRun))
        session.execute(delete(Trigger))
        dag_ids = session.scalars(select(DagModel.dag_id).order_by(DagModel.dag_id)).all()
    for dag_id in dag_ids:
        trigger_dag(dag_id, run_id="benchmark", triggered_by=DagRunTriggeredByType.TEST)
    with create_session() as session:
        deferred = _defer_all(session, arguments.interval)
    if deferred != arguments.tasks:
        sys.exit(f"Airflow has {deferred} syncs, not {arguments.tasks}: see what it says of the DAGs")


def _defer_all(session: Session, interval: float) -> int:
    """Defer all task instances; return how many there are."""
    for run in session.scalars(select(DagRun)):
        run.state = DagRunState.RUNNING
    tasks = session.scalars(select(TaskInstance)).all()
    for number, task in enumerate(sorted(tasks, key=_place), start=1):
        _defer(session, task, make_trigger(number, interval))
    return len(tasks)


def _place(task: TaskInstance) -> tuple[str, int]:
    return task.dag_id, int(task.task_id.rpartition("_")[2])


def _defer(session: Session, task: TaskInstance, trigger: BaseTrigger) -> None:
    row = Trigger.from_object(trigger)
    session.add(row)
    session.flush()
    task.state = TaskInstanceState.DEFERRED
    task.try_number = 1
    task.trigger_id = row.id
    task.trigger_timeout = row.created_date + timedelta(seconds=2 * TIMEOUT)
    task.next_method = "execute_complete"
    task.next_kwargs = {}


if __name__ == "__main__":
    main()
