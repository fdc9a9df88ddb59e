"""Runs of a DAG on the real Airflow in this process: its database, task runner, API and triggers.

`dag.test()` does not suffice: it waits in real time, and drops the arguments of a deferral. The differences
between Airflow's versions are in `airflow_2` and `airflow_3`.
"""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import import_module
from typing import Any

import psutil
from airflow import settings
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.models.taskreschedule import TaskReschedule
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import DAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from dag_factory import versions
from tests.faults.interruptions import Killed
from tests.faults.lab import Lab
from tests.faults.triggerer import Triggerer

RUN_ID = "run"
# No case needs more steps than this; beyond it the run is in a loop.
MAX_STEPS = 1600
# In real seconds.
CHILD_SECONDS = 120.0
# Airflow starts no task before its logical date, and a case may set its clock a day back.
AGE = timedelta(days=3)

AIRFLOW = import_module("tests.faults.airflow_2" if versions.VERSION < (3, 0) else "tests.faults.airflow_3")


def make_database() -> None:
    """Make the database of this process's Airflow home, which need not survive a crash of the machine."""

    @event.listens_for(settings.engine, "connect")
    def never_sync(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    AIRFLOW.make_database()


class Run:
    """One run of a DAG that waits in a lab's virtual time.

    The lab can change it while it is active, through `lab.run`.
    """

    def __init__(self, dag: DAG, lab: Lab) -> None:
        self.dag = dag
        self._lab = lab
        lab.run = self
        self._steps = 0
        self._working: TaskInstance | None = None
        self._is_killed = False
        self._triggerer: Triggerer | None = None
        start = lab.clock.today()
        with create_session() as session:
            self._scheduler_dag = AIRFLOW.store(dag, session)
            AIRFLOW.create_run(self._scheduler_dag, RUN_ID, start - AGE, start, session)

    def finish(self) -> None:
        """Act as the scheduler, the workers and the triggerer until nothing is left to do."""
        self._schedule()
        while self._step():
            self._steps += 1
            assert self._steps < MAX_STEPS
            self._schedule()

    def clear(self, task_ids: Collection[str] | None = None) -> None:
        """Clear tasks as a person does, all by default, also while the run is active.

        This kills a running task, in which case the call does not return to the task, and cancels the trigger
        of a deferred one.
        """
        with create_session() as session:
            wanted = [
                each for each in self._task_instances(session) if task_ids is None or each.task_id in task_ids
            ]
            clear_task_instances(wanted, session)
        self._interrupt()

    def mark(self, task_id: str, state: str) -> None:
        """Mark a task as `success` or `failed` as a person does, which ends it as `clear` does."""
        with create_session() as session:
            self._scheduler_dag.set_task_instance_state(
                task_id=task_id, run_id=RUN_ID, state=TaskInstanceState(state), session=session
            )
        self._interrupt()

    def states(self) -> dict[str, tuple[str, int]]:
        """Return the state of each task and its number of tries."""
        with create_session() as session:
            found = self._task_instances(session)
            return {each.task_id: (str(each.state), each.try_number) for each in found}

    async def settle(self) -> None:
        """Let a trigger be cancelled at this point; awaited by every wait in a trigger."""
        if self._triggerer is not None:
            await self._triggerer.settle()

    def _schedule(self) -> None:
        with create_session() as session:
            run = session.scalar(select(DagRun).where(DagRun.dag_id == self.dag.dag_id))
            if run.state == DagRunState.QUEUED:
                run.state = DagRunState.RUNNING
                run.start_date = self._lab.clock.today()
            if run.state == DagRunState.RUNNING:
                run.dag = self._scheduler_dag
                ready, _ = run.update_state(session=session)
                run.schedule_tis(ready, session=session)

    def _step(self) -> bool:
        """Do the next due step. Return whether there was one."""
        by_state: dict[str, TaskInstance] = {}
        with create_session() as session:
            for each in self._task_instances(session):
                by_state.setdefault(str(each.state), each)
                each.task = self._scheduler_dag.get_task(each.task_id)
            session.expunge_all()
        steps = {
            "scheduled": self._work,
            "deferred": self._run_trigger,
            "running": self._fail_orphan,
            "restarting": self._fail_orphan,
            "up_for_reschedule": self._wait_until_due,
            "up_for_retry": self._wait_until_due,
        }
        state = next(filter(by_state.__contains__, steps), None)
        if state is not None:
            steps[state](by_state[state])
        return state is not None

    def _work(self, task_instance: TaskInstance) -> None:
        """Act as an executor and its worker."""
        with create_session() as session:
            queued = self._task_instance(session, task_instance.task_id)
            queued.state = TaskInstanceState.QUEUED
            session.flush()
            session.expunge_all()
        self._working, self._is_killed = queued, False
        with _signals_kept(), suppress(Killed):
            AIRFLOW.work(self.dag, queued, lambda: self._is_killed)
        self._working = None
        # A killed task leaves a process that cancels its job.
        psutil.wait_procs(psutil.Process().children(), timeout=CHILD_SECONDS)

    def _run_trigger(self, task_instance: TaskInstance) -> None:
        with create_session() as session:
            row = session.get(Trigger, task_instance.trigger_id)
            made = AIRFLOW.trigger_of(row, task_instance)
        context = AIRFLOW.trigger_context(made)
        self._triggerer = Triggerer(task_instance.trigger_id, made, context)
        self._working = task_instance
        try:
            self._triggerer.run()
        finally:
            self._triggerer = self._working = None

    def _fail_orphan(self, task_instance: TaskInstance) -> None:
        """Act as the scheduler when a worker has ended and its task has not."""
        with create_session() as session:
            found = self._task_instance(session, task_instance.task_id)
            found.task = self._scheduler_dag.get_task(found.task_id)
            found.handle_failure(error="the worker has died", session=session)

    def _wait_until_due(self, task_instance: TaskInstance) -> None:
        """Wait until a task may start again, unless an act changes it as the wait begins."""
        before = _version_of(task_instance)
        self._lab.wait(0)
        with create_session() as session:
            found = self._task_instance(session, task_instance.task_id)
            found.task = self._scheduler_dag.get_task(found.task_id)
            if _version_of(found) != before:
                return
            due = _due(found, session)
        self._lab.wait(due - self._lab.clock.now() + 0.001)

    def _interrupt(self) -> None:
        """End the code of a task that somebody has changed."""
        before = self._working
        if before is None:
            return
        with create_session() as session:
            after = self._task_instance(session, before.task_id)
            if self._triggerer is not None:
                is_same = after.state == TaskInstanceState.DEFERRED and after.trigger_id == before.trigger_id
            else:
                is_same = after.state == TaskInstanceState.RUNNING
        if is_same:
            return
        if self._triggerer is not None:
            self._triggerer.cancel()
            return
        # On Airflow 2 the handler raises; on Airflow 3 it returns, and SIGKILL follows within 5 seconds.
        assert callable(signal.getsignal(signal.SIGTERM))
        signal.raise_signal(signal.SIGTERM)
        self._is_killed = True
        raise Killed

    def _task_instance(self, session: Session, task_id: str) -> TaskInstance:
        """Load a task instance by task id, since each try has another instance id."""
        return next(each for each in self._task_instances(session) if each.task_id == task_id)

    def _task_instances(self, session: Session) -> list[TaskInstance]:
        return list(session.scalars(select(TaskInstance).where(TaskInstance.dag_id == self.dag.dag_id)))


def _version_of(task_instance: TaskInstance) -> tuple[str, int]:
    return str(task_instance.state), task_instance.try_number


def _due(task_instance: TaskInstance, session: Session) -> float:
    """Return when a task may start again, in seconds since 1970."""
    if task_instance.state == TaskInstanceState.UP_FOR_RETRY:
        return float(task_instance.next_retry_datetime().timestamp())
    latest = TaskReschedule.stmt_for_task_instance(task_instance, descending=True)
    return float(session.scalars(latest).first().reschedule_date.timestamp())


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Restore the SIGTERM handler, which Airflow's task runner replaces for good."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
