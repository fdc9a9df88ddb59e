"""The common part of the operator and the sensor."""

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
from dag_factory.airbyte.sync.policies import OnKill, OnRunning, OnTimeout
from dag_factory.airbyte.sync.types import SyncRequest, Target
from dag_factory.operators import airflow_connection
from dag_factory.operators.task_state import Store, TaskState
from dag_factory.operators.task_try import TaskTry
from dag_factory.operators.trigger import AirbyteJobTrigger

P = ParamSpec("P")
R = TypeVar("R")

# Airflow's own timeout of a deferred task cancels no job, and a triggerer may be down: ours comes first.
BEYOND_TIMEOUT = timedelta(days=1)
# Pauses in seconds between two lookups of the Airflow connection while a job is running.
_LOOKUP_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0)


def short_traceback(method: Callable[P, R]) -> Callable[P, R]:
    """Cut the traceback of an error for users of the task: the frames below do not help them."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except AirflowException as error:
            raise error.with_traceback(None) from None

    return call


class SyncTask:
    """A mixin for a task that is responsible for a job: in a worker, deferred, and when it is killed."""

    airbyte_conn_id: str
    connection_id: str
    wait_seconds: float
    on_running: OnRunning
    on_timeout: OnTimeout
    on_killed: OnKill
    min_rows: int | None
    log: Any
    _task_try: TaskTry | None = None

    @property
    def job_timeout(self) -> float:
        """How long the job may take, in seconds. `timeout` differs between the provider's classes."""
        raise NotImplementedError

    @property
    def request(self) -> SyncRequest:
        """The sync that the configuration asks for; raises AirflowFailException if its id is not a UUID."""
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
        """Cancel the job that the task has started, unless `on_kill` is `leave`."""
        if self._task_try is not None:
            self._task_try.undo(cancels=self.on_killed == "cancel")

    def _store(self, context: Mapping[str, Any]) -> Store:
        """Return the store of the task's record."""
        raise NotImplementedError

    def _open_try(self, context: Mapping[str, Any], *, is_resumed: bool = False) -> TaskTry:
        """Create what runs the protocols of this try, with the state that earlier ones saved."""
        task_state = TaskState(context["ti"], self._store(context))
        find_access = self._access_with_retries if is_resumed else self._access
        self._task_try = TaskTry(find_access, self._connection_uuid(), self.log, task_state)
        return self._task_try

    def _access(self) -> Access:
        try:
            return airflow_connection.access(self.airbyte_conn_id)
        except SyncError as error:
            raise AirflowException(str(error)) from None

    def _access_with_retries(self) -> Access:
        """Look up the Airflow connection while a job is running: it existed before the deferral.

        Raises what `_access` raises, after about five minutes.
        """
        for pause in _LOOKUP_PAUSES:
            try:
                return airflow_connection.access(self.airbyte_conn_id)
            except SyncError:
                break
            except Exception as error:  # noqa: BLE001 (a secrets backend may raise anything; the job is running)
                text = airflow_connection.unreadable_text(self.airbyte_conn_id, error)
            self.log.info("%s; trying again in %.0f seconds", text, pause)
            clock.SYSTEM_CLOCK.sleep(pause)
        return self._access()

    def _connection_uuid(self) -> str:
        """Return the id as Airbyte spells it; this also checks what a template has rendered to."""
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
        """Defer the wait to a triggerer; does not return. `end_time` is in seconds since 1970."""
        request = self.request
        record = task_try.task_state.record
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
        """Return the job of a trigger's event as the result; defers again for a job that follows it.

        `kept` may be empty: `airflow dags test` drops what a task was deferred with (3.3).
        """
        task_try = self._open_try(context, is_resumed=True)
        task_try.task_state.note_connection(name=kept.get("name"), page=kept.get("page"))
        state = state_from_json(event["state"])
        if event.get("is_changed"):
            task_try.task_state.update(state=state)
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
        """Whether an event is of an earlier try: Airflow 3.0 starts a retry where the last try deferred."""
        number = context["ti"].try_number
        return bool(kept.get("try_number", number) != number)


def finished(task_try: TaskTry, request: SyncRequest, ended: Target) -> Job:
    """Return an ended job as the result, with its rows if `min_rows` needs them."""
    if lifecycle.lacks_rows(request, ended.job):
        job = task_try.run(lambda sync: lifecycle.count_rows(sync, request, ended.job))
        ended = Target(job=job, state=ended.state)
    job = task_try.finish(request, ended)
    task_try.task_state.finish()
    return job
