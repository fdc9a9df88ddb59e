"""What the operator and the sensor have in common."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NoReturn, ParamSpec, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from dag_factory.airbyte import clock
from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.model import Job, job_from_json
from dag_factory.airbyte.state import state_as_json, state_from_json
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.errors import SyncError
from dag_factory.airbyte.sync.types import OnEnd, OnRunning, SyncRequest, Target
from dag_factory.operators import airflow_connection
from dag_factory.operators.task_state import Store, TaskMemory
from dag_factory.operators.task_try import TaskTry
from dag_factory.operators.trigger import AirbyteJobTrigger

P = ParamSpec("P")
R = TypeVar("R")

# Airflow's own limit for a deferred task cancels no job, and a triggerer may be away: ours comes long before.
BEYOND_TIMEOUT = timedelta(days=1)
# Pauses in seconds between two looks for the Airflow connection of a job that is under way.
_LOOKUP_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0)


def short_traceback(method: Callable[P, R]) -> Callable[P, R]:
    """Cut the traceback of an error for people at the task: the frames below say nothing to them."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except AirflowException as error:
            raise error.with_traceback(None) from None

    return call


class SyncTask:
    """A task that answers for a job: in a worker, deferred, and when it is killed. To be mixed in."""

    airbyte_conn_id: str
    connection_id: str
    wait_seconds: float
    on_running: OnRunning
    on_timeout: OnEnd
    on_killed: OnEnd
    min_rows: int | None
    log: Any
    _task_try: TaskTry | None = None

    @property
    def job_timeout(self) -> float:
        """How long the job may take, in seconds: each of the provider's classes has another `timeout`."""
        raise NotImplementedError

    @property
    def request(self) -> SyncRequest:
        """What the configuration asks for; raises AirflowFailException where a template gave no UUID."""
        return SyncRequest(
            connection_id=self._connection_uuid(),
            wait_seconds=self.wait_seconds,
            timeout=self.job_timeout,
            on_running=self.on_running,
            on_timeout=self.on_timeout,
            on_kill=self.on_killed,
            min_rows=self.min_rows,
        )

    @property
    def page(self) -> str | None:
        """The connection's page in Airbyte, once it is known."""
        return None if self._task_try is None else self._task_try.page

    def on_kill(self) -> None:
        """Cancel the job that the task has started, unless `on_kill: leave` says not to."""
        if self._task_try is not None:
            self._task_try.undo(cancels=self.on_killed == "cancel")

    def _store(self, context: Mapping[str, Any]) -> Store:
        """Where the task keeps its record."""
        raise NotImplementedError

    def _open_try(self, context: Mapping[str, Any], *, is_resumed: bool = False) -> TaskTry:
        """Make what runs the protocols of this try, with what earlier ones kept."""
        memory = TaskMemory(context["ti"], self._store(context))
        find_access = self._access_patiently if is_resumed else self._access
        self._task_try = TaskTry(find_access, self._connection_uuid(), self.log, memory)
        return self._task_try

    def _access(self) -> Access:
        try:
            return airflow_connection.access(self.airbyte_conn_id)
        except SyncError as error:
            raise AirflowException(str(error)) from None

    def _access_patiently(self) -> Access:
        """Look up the Airflow connection of a job that is under way: it was there before the deferral.

        Raises what `_access` does, after about five minutes.
        """
        for pause in _LOOKUP_PAUSES:
            try:
                return airflow_connection.access(self.airbyte_conn_id)
            except SyncError:
                break
            except Exception as error:  # noqa: BLE001 (a secrets backend may raise anything; the job goes on)
                # Its text may hold what a secrets backend was asked with, so only its name is shown.
                text = f"Airflow connection '{self.airbyte_conn_id}' cannot be read: {type(error).__name__}"
            self.log.info("%s; trying again in %.0f seconds", text, pause)
            clock.SYSTEM_CLOCK.sleep(pause)
        return self._access()

    def _connection_uuid(self) -> str:
        """The id in the one spelling that Airbyte uses; what a template rendered to is checked here."""
        text = self.connection_id.strip() if isinstance(self.connection_id, str) else ""
        try:
            return str(uuid.UUID(text))
        except ValueError:
            given = repr(self.connection_id)[:80] if self.connection_id else "empty"
            message = (
                f"connection_id is {given}, not the UUID of an Airbyte connection: "
                "check the Variable or the template that it comes from"
            )
            raise AirflowFailException(message) from None

    def _defer_until_end(self, task_try: TaskTry, target: Target, end_time: float) -> NoReturn:
        """Hand the waiting to a triggerer; does not return. `end_time` is seconds since 1970."""
        request = self.request
        record = task_try.memory.record
        trigger = AirbyteJobTrigger(
            state=state_as_json(target.state),
            conn_id=self.airbyte_conn_id,
            connection_id=request.connection_id,
            connection_name=record.name,
            end_time=end_time,
            sync_timeout=request.timeout,
            poll_interval=request.wait_seconds,
            on_timeout=request.on_timeout,
            on_killed=request.on_kill,
        )
        known = {"name": record.name, "page": record.page}
        kept = {"try_number": record.try_number, "end_time": end_time, **known}
        limit = timedelta(seconds=max(end_time - clock.SYSTEM_CLOCK.now(), 0.0)) + BEYOND_TIMEOUT
        self.defer(trigger=trigger, method_name="execute_complete", kwargs=kept, timeout=limit)  # type: ignore[attr-defined]
        raise AssertionError  # a deferral does not return

    def _after_event(
        self, context: Mapping[str, Any], event: Mapping[str, Any], kept: Mapping[str, Any]
    ) -> Job:
        """Give the job of a trigger's event as the result; defers again for one that follows it.

        Nothing may be `kept`: `airflow dags test` forgets what a task was deferred with (3.3).
        """
        task_try = self._open_try(context, is_resumed=True)
        task_try.memory.note(name=kept.get("name"), page=kept.get("page"))
        state = state_from_json(event["state"])
        if event.get("is_changed"):
            task_try.memory.change(state=state)
        if "error" in event:
            raise AirflowException(task_try.with_page(event["error"]))
        request = self.request
        ended = Target(job=job_from_json(event["job"]), state=state)
        if lifecycle.is_followed(ended):
            end_time = kept.get("end_time", clock.SYSTEM_CLOCK.now() + request.timeout)
            left = end_time - clock.SYSTEM_CLOCK.now()
            following = task_try.run(lambda sync: lifecycle.follow(sync, request, ended, left))
            self._defer_until_end(task_try, following, end_time)
        return finished(task_try, request, ended)

    @staticmethod
    def _is_of_earlier_try(context: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
        """Whether an event is of an earlier try: Airflow 3.0 starts a retry where the one before deferred."""
        number = context["ti"].try_number
        return bool(kept.get("try_number", number) != number)


def finished(task_try: TaskTry, request: SyncRequest, ended: Target) -> Job:
    """Give an ended job as the result, with its rows where `min_rows` needs them."""
    if lifecycle.lacks_rows(request, ended.job):
        job = task_try.run(lambda sync: lifecycle.count_rows(sync, request, ended.job))
        ended = Target(job=job, state=ended.state)
    job = task_try.finish(request, ended)
    task_try.memory.finish()
    return job
