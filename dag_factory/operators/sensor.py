"""The sensor of `mode: async`: waits for the job that the task before it started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn, cast

from airflow.providers.airbyte.sensors.airbyte import AirbyteJobSensor
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    BaseSensorOperator,
    PokeReturnValue,
)

from dag_factory.airbyte import clock
from dag_factory.airbyte.api.model import UNKNOWN, Job, unknown_job
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync import lifecycle, polling
from dag_factory.airbyte.sync.formatting import duration_text
from dag_factory.airbyte.sync.policies import ON_KILL, ON_RUNNING, ON_TIMEOUT, OnKill, OnRunning, OnTimeout
from dag_factory.airbyte.sync.polling import CANCEL_SECONDS, Reported
from dag_factory.airbyte.sync.types import PollFailure, Target
from dag_factory.operators import airflow_connection, rescheduling
from dag_factory.operators.links import AirbyteConnectionLink
from dag_factory.operators.results import publish, publish_page
from dag_factory.operators.sync_task import SyncTask, finished, short_traceback
from dag_factory.operators.task_state import Record, Store, XComStore
from dag_factory.operators.task_try import TaskTry

# Airflow's own timeout of a sensor cancels no job and forbids retries, so ours has to come first.
NEVER = 10 * 365 * 24 * 3600.0


class AirbyteSyncSensor(SyncTask, AirbyteJobSensor):
    """Wait for a job without a worker slot: deferred, or rescheduled between two polls.

    The task that started the job is `trigger_task_id`; the record of the sync is an XCom of that task. A
    retry after a failed job starts a new job; a retry after a crash resumes the one that is running.
    `sync_timeout` and `poke_interval` are in seconds; the other arguments are those of `AirbyteSyncOperator`.
    """

    template_fields = (*AirbyteJobSensor.template_fields, "connection_id")
    operator_extra_links = (AirbyteConnectionLink(),)

    def __init__(  # noqa: PLR0913 (keywords, as operators have them)
        self,
        *,
        connection_id: str,
        trigger_task_id: str,
        sync_timeout: float,
        poke_interval: float,
        on_running: OnRunning = ON_RUNNING,
        on_timeout: OnTimeout = ON_TIMEOUT,
        on_killed: OnKill = ON_KILL,
        min_rows: int | None = None,
        **kwargs: Any,  # noqa: ANN401 (what the provider's sensor takes)
    ) -> None:
        super().__init__(poke_interval=poke_interval, timeout=NEVER, **kwargs)
        self.connection_id = connection_id
        self.trigger_task_id = trigger_task_id
        self.sync_timeout = sync_timeout
        self.wait_seconds = poke_interval
        self.on_running = on_running
        self.on_timeout = on_timeout
        self.on_killed = on_killed
        self.min_rows = min_rows

    @property
    def job_timeout(self) -> float:
        """How long the job may take, in seconds."""
        return self.sync_timeout

    @short_traceback
    def execute(self, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the job's id, or nothing yet)
        """Wait for the job. Returns its id."""
        if self.deferrable:
            self._defer(context)
        # Not the provider's, which drops the result.
        return BaseSensorOperator.execute(self, cast("Any", context))

    def _defer(self, context: Mapping[str, Any]) -> NoReturn:
        task_try = self._open_try(context)
        target = self._begin(context, task_try)
        self._defer_until_end(task_try, target, task_try.task_state.record.end_time)

    @short_traceback
    def execute_complete(  # type: ignore[override]
        self,
        context: Mapping[str, Any],
        event: Any = None,  # noqa: ANN401 (as the provider has it)
        **kept: Any,  # noqa: ANN401 (as the task was deferred with)
    ) -> int:
        """Continue after the trigger's event; `kept` is what the task saved when it was deferred."""
        if self._is_of_earlier_try(context, kept) or self._has_new_job(context, event):
            self._defer(context)
        job = self._after_event(context, event, kept)
        return publish(context, job, self.page)

    def _has_new_job(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
        """Whether the first task was cleared alone and has started another job than the one of an event."""
        found = self._store(context).load()
        return (
            found is not None
            and found.task_id == self.trigger_task_id
            and found.state.job_id not in (None, event["state"]["job_id"])
        )

    # The provider's method returns no result.
    def poke(self, context: Mapping[str, Any]) -> bool | PokeReturnValue:  # type: ignore[override]
        """Poll the job once; start one if this try has to, or if one has to follow."""
        task_try = self._open_try(context)
        self.poke_interval = self._pause()
        # A job that was polled or started just now is polled the next time.
        if not self._knows_job(task_try) and self._begin(context, task_try).job.status != UNKNOWN:
            return False
        # Airflow 2 wipes the link at each poke.
        publish_page(context, task_try.page)
        ended = self._poll(task_try)
        if ended is None:
            return False
        request = self.request
        if lifecycle.is_followed(ended):
            left = task_try.task_state.record.end_time - clock.SYSTEM_CLOCK.now()
            task_try.run(lambda sync: lifecycle.follow(sync, request, ended, left))
            task_try.task_state.update(cancelling_since=None, reported_status="")
            return False
        job = finished(task_try, request, ended)
        return PokeReturnValue(is_done=True, xcom_value=publish(context, job, task_try.page))

    def _store(self, context: Mapping[str, Any]) -> Store:
        # An XCom of this task too, for the first task after a clear of both.
        return XComStore(context["ti"], self.trigger_task_id, (self.trigger_task_id, self.task_id))

    def _knows_job(self, task_try: TaskTry) -> bool:
        """Whether this try resumes after a poke. Saves the record again, since a poke wipes a part of it."""
        task_state = task_try.task_state
        if not task_state.is_same_try:
            return False
        task_state.resume()
        task_state.update()
        return task_state.record.state.job_id is not None

    def _begin(self, context: Mapping[str, Any], task_try: TaskTry) -> Target:
        """Take over the job that the first task started, or resume an earlier try of this one."""
        task_state, request = task_try.task_state, self.request
        began = task_state.found.end_time if task_state.found is not None and task_state.is_same_try else 0.0
        task_state.record = replace(
            task_state.record, end_time=began or clock.SYSTEM_CLOCK.now() + self.sync_timeout
        )
        state = self._handed_over(task_state.found)
        if state is not None:
            task_state.update(state=state)
            target = Target(job=unknown_job(state.job_id or 0, request.connection_id), state=state)
        else:
            previous = task_state.previous()
            target = task_try.run(lambda sync: lifecycle.begin(sync, request, previous))
            task_state.update(state=target.state)
        publish_page(context, task_try.page)
        return target

    def _handed_over(self, found: Record | None) -> SyncState | None:
        """Return the state that the first task has left; None if this task has continued from it already.

        Raises AirflowFailException if there is none, as after a person marked the first task successful.
        """
        if found is not None:
            return found.state if found.task_id == self.trigger_task_id and found.state.job_id else None
        text = str(self.airbyte_job_id)
        if text.isdecimal():
            return SyncState(job_id=int(text), role=Role.OWN)
        message = (
            f"task '{self.trigger_task_id}' has left no job to wait for: did a person mark it successful? "
            "Clear it to sync, or mark this task too"
        )
        raise AirflowFailException(message)

    def _pause(self) -> float:
        """Return the seconds until the next poll."""
        pause = clock.SYSTEM_CLOCK.jitter(self.wait_seconds)
        return max(pause, rescheduling.shortest_reschedule()) if self.reschedule else pause

    def _poll(self, task_try: TaskTry) -> Target | None:
        """Poll once. Returns the job when it has ended, and cancels it when its time is over.

        Raises AirflowException if it took too long or cannot be polled.
        """
        record = task_try.task_state.record
        job = unknown_job(record.state.job_id or 0, self.request.connection_id)
        target = Target(job=job, state=record.state)
        polled = self._polled(task_try, target)
        if isinstance(polled, PollFailure):
            self._note_failure(task_try, polled)
        else:
            self._note_success(task_try, polled)
            if not polled.is_active:
                return self._ended(task_try, replace(target, job=polled))
        if clock.SYSTEM_CLOCK.now() >= record.end_time:
            return self._time_out(task_try, target)
        return None

    def _polled(self, task_try: TaskTry, target: Target) -> Job | PollFailure:
        """Poll the job. If the Airflow connection cannot be read just now, that is a failed poll."""
        record, request = task_try.task_state.record, self.request
        error = self._access_error(task_try)
        if error is not None:
            return PollFailure(text=error, pause=self.wait_seconds, is_retryable=True)
        return task_try.run(lambda sync: polling.poll(sync, request, target, record.failures))

    def _access_error(self, task_try: TaskTry) -> str | None:
        """Explain why the Airflow connection cannot be read just now; None if it can."""
        try:
            _ = task_try.access
        except Exception as error:  # noqa: BLE001 (a secrets backend may raise anything; the job is running)
            return airflow_connection.unreadable_text(self.airbyte_conn_id, error)
        return None

    def _note_failure(self, task_try: TaskTry, failure: PollFailure) -> None:
        record, now = task_try.task_state.record, clock.SYSTEM_CLOCK.now()
        since = None if failure.is_retryable else record.permanent_since or now
        if since is not None and now - since >= task_try.access.give_up_after:
            raise AirflowException(task_try.with_page(failure.text))
        task_try.task_state.update(failures=record.failures + 1, permanent_since=since)
        self.poke_interval = max(self.poke_interval, failure.pause)
        self.log.info("%s; polling again in %s", failure.text, duration_text(self.poke_interval))

    def _note_success(self, task_try: TaskTry, job: Job) -> None:
        record, now = task_try.task_state.record, clock.SYSTEM_CLOCK.now()
        changes: dict[str, Any] = {}
        if record.failures:
            changes = {"failures": 0, "permanent_since": None}
        if Reported(status=record.reported_status, at=record.reported_at).is_due(job, now):
            self.log.info("%s", polling.progress_text(job))
            changes = {**changes, "reported_status": job.status, "reported_at": now}
        if changes:
            task_try.task_state.update(**changes)

    def _ended(self, task_try: TaskTry, ended: Target) -> Target:
        """Return a job that has ended; raises AirflowException if it was cancelled at its timeout."""
        if task_try.task_state.record.cancelling_since is None:
            return ended
        request = self.request
        job = task_try.run(lambda sync: polling.timed_out(sync, request, ended, ended.job))
        return replace(ended, job=job)

    def _time_out(self, task_try: TaskTry, target: Target) -> Target | None:
        """Cancel a job whose time is over, once a poke until it has ended, so that it holds no slot."""
        request, task_state, now = self.request, task_try.task_state, clock.SYSTEM_CLOCK.now()
        if not polling.cancels_on_timeout(request, target):
            task_try.run(lambda sync: polling.time_out(sync, request, target))
        since = task_state.record.cancelling_since
        if since is None:
            task_state.update(cancelling_since=now)
        elif now - since >= CANCEL_SECONDS:
            text = polling.cancel_failed_text(target.job.job_id, CANCEL_SECONDS)
            raise AirflowException(task_try.with_page(text))
        if self._access_error(task_try) is not None:  # which the poll has logged
            return None
        cancelled = task_try.run(lambda sync: polling.try_to_cancel(sync, request, target))
        return None if cancelled is None else self._ended(task_try, replace(target, job=cancelled))
