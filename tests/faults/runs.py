"""Runs of a DAG on the real Airflow within this process: its database, task runner, API and triggers.

`dag.test()` is not enough: it waits in real time, and forgets what a task was deferred with.
"""

from __future__ import annotations

from datetime import datetime

from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.models.trigger import Trigger
from airflow.sdk import DAG
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.api.datamodels._generated import TaskInstance as Workload
from airflow.sdk.execution_time.comms import RescheduleTask
from airflow.sdk.execution_time.supervisor import (
    InProcessTestSupervisor,
    TaskRunResult,
    run_task_in_process,
)
from airflow.serialization.decoders import smart_decode_trigger_kwargs
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.faults.lab import Lab

BUNDLE = "faults"
ENDED = ("success", "failed", "skipped")
# More often no task starts in any case; beyond that something goes round in circles.
MOST_STARTS = 400


def make_database() -> None:
    """Make the database of this process's Airflow home, and a bundle that the DAGs belong to."""
    initdb()
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))


class Run:
    """One run of a DAG, whose waits are those of a lab."""

    def __init__(self, dag: DAG, lab: Lab) -> None:
        self.dag = dag
        self._lab = lab
        self._scheduler_dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        self._starts = 0
        now = datetime.now().astimezone()
        with create_session() as session:
            SerializedDAG.bulk_write_to_db(BUNDLE, None, [dag], session=session)
            SerializedDagModel.write_dag(
                LazyDeserializedDAG.from_dag(dag), bundle_name=BUNDLE, session=session
            )
            session.flush()
            self._scheduler_dag.create_dagrun(
                run_id="run",
                logical_date=now,
                data_interval=(now, now),
                run_after=now,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                start_date=now,
                session=session,
            )

    def finish(self) -> None:
        """Do what the scheduler does until nothing is left to be done."""
        while ready := self._schedule():
            for task_id in ready:
                self._run_to_end(task_id)

    def clear(self) -> None:
        """Clear all tasks as a person does."""
        with create_session() as session:
            clear_task_instances(self._task_instances(session), session, DagRunState.RUNNING)

    def states(self) -> dict[str, tuple[str, int]]:
        """The state of each task and how many tries it took."""
        with create_session() as session:
            found = self._task_instances(session)
            return {each.task_id: (str(each.state), each.try_number) for each in found}

    def _schedule(self) -> list[str]:
        with create_session() as session:
            run = session.scalar(select(DagRun).where(DagRun.dag_id == self.dag.dag_id))
            run.dag = self._scheduler_dag
            ready, _ = run.update_state(session=session)
            for each in ready:
                each.try_number += 1
            return [each.task_id for each in ready]

    def _run_to_end(self, task_id: str) -> None:
        """Start a task, and start it again after each deferral, each reschedule and for each retry."""
        while True:
            workload = self._queue(task_id)
            result = run_task_in_process(ti=workload, task=self.dag.task_dict[workload.task_id])
            if result.state in ENDED:
                return
            if result.state == "deferred":
                self._run_trigger(task_id, workload)
            else:
                self._wait_for_next_start(task_id, result)

    def _queue(self, task_id: str) -> Workload:
        self._starts += 1
        assert self._starts < MOST_STARTS
        with create_session() as session:
            task_instance = self._task_instance(session, task_id)
            task_instance.state = "queued"
            names = ("id", "task_id", "dag_id", "run_id", "try_number", "map_index", "dag_version_id")
            return Workload(**{name: getattr(task_instance, name) for name in names})

    def _wait_for_next_start(self, task_id: str, result: TaskRunResult) -> None:
        if isinstance(result.msg, RescheduleTask):
            self._lab.wait(result.msg.reschedule_date.timestamp() - self._lab.hours.now())
            return
        assert result.state == "up_for_retry"
        self._lab.wait(result.ti.task.retry_delay.total_seconds())
        with create_session() as session:
            self._task_instance(session, task_id).try_number += 1

    def _run_trigger(self, task_id: str, workload: Workload) -> None:
        """Do what a triggerer does."""
        with create_session() as session:
            row = session.get(Trigger, self._task_instance(session, task_id).trigger_id)
            arguments = Trigger._decrypt_kwargs(row.encrypted_kwargs)
        made = import_string(row.classpath)(
            **{name: smart_decode_trigger_kwargs(value) for name, value in arguments.items()}
        )
        made.task_instance = workload
        try:
            event = InProcessTestSupervisor.run_trigger_in_process(trigger=made, ti=workload)
        except Exception as error:  # noqa: BLE001 (a trigger that raises fails its task)
            Trigger.submit_failure(row.id, error)
        else:
            Trigger.submit_event(row.id, event)

    def _task_instance(self, session: Session, task_id: str) -> TaskInstance:
        """Each try has an id of its own."""
        return next(each for each in self._task_instances(session) if each.task_id == task_id)

    def _task_instances(self, session: Session) -> list[TaskInstance]:
        return list(session.scalars(select(TaskInstance).where(TaskInstance.dag_id == self.dag.dag_id)))
