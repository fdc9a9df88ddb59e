"""A script that ends a run of the DAG `ads` with two failed syncs, as the scheduler does."""

from __future__ import annotations

import pendulum
from airflow.models.dagrun import DagRun
from airflow.models.db_callback_request import DbCallbackRequest
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

FAILED = ("google", "meta.wait")


def begin(session) -> None:
    now = pendulum.now("UTC")
    dag = session.query(SerializedDagModel).filter_by(dag_id="ads").one().dag
    run = dag.create_dagrun(
        run_id="run",
        run_type=DagRunType.MANUAL,
        state=DagRunState.RUNNING,
        triggered_by=DagRunTriggeredByType.TEST,
        run_after=now,
        logical_date=now,
        data_interval=(now, now),
        session=session,
    )
    session.flush()
    for task in run.get_task_instances(session=session):
        task.state = "failed" if task.task_id in FAILED else "success"
        task.start_date = task.end_date = now
    session.flush()
    for task_id in FAILED:
        page = f"https://airbyte.example.com/{task_id}"
        XComModel.set(
            key="airbyte_url",
            value=page,
            dag_id="ads",
            task_id=task_id,
            run_id="run",
            serialize=False,
            session=session,
        )


def end(session) -> None:
    run = session.query(DagRun).filter_by(dag_id="ads").one()
    run.dag = session.query(SerializedDagModel).filter_by(dag_id="ads").one().dag
    _, callback = run.update_state(session=session, execute_callbacks=False)
    session.add(DbCallbackRequest(callback=callback, priority_weight=1))


if __name__ == "__main__":
    for step in (begin, end):
        with create_session() as session:
            step(session)
