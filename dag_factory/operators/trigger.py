"""The trigger of a deferred sync. It never blocks the event loop of the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from airflow.providers.airbyte.triggers.airbyte import AirbyteSyncTrigger
from airflow.triggers.base import TriggerEvent
from asgiref.sync import sync_to_async

from dag_factory import versions
from dag_factory.airbyte import clock
from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Connection, job_as_json, unknown_job
from dag_factory.airbyte.drivers import EffectHandlers, run_in_loop
from dag_factory.airbyte.effects import Effects, Log
from dag_factory.airbyte.http import shared_clients
from dag_factory.airbyte.state import SyncState, state_as_json, state_from_json
from dag_factory.airbyte.sync import lifecycle, polling
from dag_factory.airbyte.sync.errors import JobTimedOutError, SyncError
from dag_factory.airbyte.sync.policies import ON_KILL, ON_TIMEOUT, OnKill, OnTimeout
from dag_factory.airbyte.sync.polling import CANCEL_SECONDS
from dag_factory.airbyte.sync.retries import MAX_PAUSE_SECONDS
from dag_factory.airbyte.sync.types import SyncContext, SyncRequest, Target
from dag_factory.operators import airflow_connection, rescheduling

T = TypeVar("T")

# How many seconds Airflow may take to return the state of a task. The first such call makes a triggerer of
# Airflow 3 import the API that answers it, which took more than 10 s on a busy machine. From 3.3 on, a
# trigger has 30 s to react to a kill (`[triggerer] on_kill_timeout`).
STATE_SECONDS = 25.0

# Airflow cancels the task of a trigger again every second until it has ended, so a cancellation of a job runs
# in a task of its own; and an event loop holds only weak references to tasks.
_cancellations: set[asyncio.Task[None]] = set()


class AirbyteJobTrigger(AirbyteSyncTrigger):
    """Waits for the job of a `state` until `end_time`, in seconds since 1970, and reports how it ended.

    The event holds `job` if it has ended and `error` if waiting failed. By the policies `on_timeout` and
    `on_killed`, the job is cancelled at its end time and when a person ends the task, but never if this task
    did not start it. `sync_timeout` is the whole timeout, in seconds, for messages.
    """

    def __init__(  # noqa: PLR0913 (keywords, as operators have them)
        self,
        *,
        state: Mapping[str, Any],
        conn_id: str,
        connection_id: str,
        end_time: float,
        sync_timeout: float,
        poll_interval: float,
        connection_name: str | None = None,
        on_timeout: OnTimeout = ON_TIMEOUT,
        on_killed: OnKill = ON_KILL,
    ) -> None:
        self.state = dict(state)
        super().__init__(
            job_id=self.state["job_id"], conn_id=conn_id, end_time=end_time, poll_interval=poll_interval
        )
        self.connection_id = connection_id
        self.connection_name = connection_name
        self.sync_timeout = sync_timeout
        self.on_timeout = on_timeout
        self.on_killed = on_killed

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        names = ("state", "conn_id", "connection_id", "connection_name", "end_time", "sync_timeout")
        more = ("poll_interval", "on_timeout", "on_killed")
        arguments = {name: getattr(self, name) for name in (*names, *more)}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire one event."""
        begun = clock.SYSTEM_CLOCK.monotonic()
        try:
            event = await self._wait()
            await self._settle_deferral(begun)
        except asyncio.CancelledError:
            if not versions.TRIGGERS_ARE_KILLED:
                await self._cancel_unless_moved()
            raise
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Cancel the job because a person has ended the task; Airflow calls this from 3.3 on."""
        await self._cancel_unless_moved()

    async def _settle_deferral(self, begun: float) -> None:
        """Fire no sooner than the task may resume.

        Airflow fails a task that resumes before Airflow has recorded that it was deferred.
        """
        rest = begun + rescheduling.shortest_reschedule() - clock.SYSTEM_CLOCK.monotonic()
        if rest > 0:
            await clock.SYSTEM_CLOCK.sleep_in_loop(rest)

    async def _wait(self) -> dict[str, Any]:
        target = self._target
        saved: list[SyncState] = []
        try:
            job = await self._run(
                lambda sync: polling.wait(sync, self._request, target, self._seconds_left()), saved.append
            )
            outcome: dict[str, Any] = {"job": job_as_json(job)}
        except (SyncError, ApiError, JobTimedOutError) as error:
            outcome = {"error": str(error)}
        state = saved[-1] if saved else target.state
        return {**outcome, "state": state_as_json(state), "is_changed": bool(saved)}

    @property
    def _target(self) -> Target:
        job = unknown_job(self.job_id, self.connection_id)
        return Target(job=job, state=state_from_json(self.state))

    @property
    def _request(self) -> SyncRequest:
        return SyncRequest(
            connection_id=self.connection_id,
            wait_seconds=self.poll_interval,
            timeout=self.sync_timeout,
            on_timeout=self.on_timeout,
            on_kill=self.on_killed,
        )

    def _seconds_left(self) -> float:
        return self.end_time - clock.SYSTEM_CLOCK.now()

    async def _run(self, make: Callable[[SyncContext], Effects[T]], save: Callable[[SyncState], None]) -> T:
        access = await self._access()
        async with shared_clients.lease(access) as client:
            context = SyncContext(
                api=Api(access, client.tokens),
                clock=clock.SYSTEM_CLOCK.monotonic,
                jitter=clock.SYSTEM_CLOCK.jitter,
                first_pause=clock.SYSTEM_CLOCK.first_pause,
                connection=Connection(connection_id=self.connection_id, name=self.connection_name),
            )
            handlers = EffectHandlers(log=self._write, save_state=save)
            return await run_in_loop(make(context), client, handlers, clock.SYSTEM_CLOCK.sleep_in_loop)

    async def _access(self) -> Access:
        """Look up the Airflow connection, with retries until the timeout.

        If the job has to be cancelled at its timeout, retry for as long as a cancellation may take. Raises
        SyncError when the time is over.
        """
        cancels = polling.cancels_on_timeout(self._request, self._target)
        deadline = max(self.end_time, clock.SYSTEM_CLOCK.now() + (CANCEL_SECONDS if cancels else 0.0))
        pause = 1.0
        while True:
            try:
                return await airflow_connection.access_in_loop(self.conn_id)
            except Exception as error:  # noqa: BLE001 (a secrets backend may raise anything; the job is running)
                text = airflow_connection.unreadable_text(self.conn_id, error)
            if clock.SYSTEM_CLOCK.now() >= deadline:
                raise SyncError(text)
            self._write(Log(f"{text}; trying again in {pause:.0f} seconds"))
            await clock.SYSTEM_CLOCK.sleep_in_loop(clock.SYSTEM_CLOCK.jitter(pause))
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    def _write(self, line: Log) -> None:
        self.log.log(line.level, "%s", line.text)

    async def _cancel_unless_moved(self) -> None:
        state = self._target.state
        if self.on_killed == "leave" or not (state.may_cancel or state.is_submitting):
            return
        task = asyncio.create_task(self._cancel())
        _cancellations.add(task)
        task.add_done_callback(_cancellations.discard)
        await asyncio.shield(task)

    async def _cancel(self) -> None:
        if await self._is_deferred_still():
            self.log.info("Job %s continues: Airflow does not report that its task has ended", self.job_id)
            return
        try:
            await self._run(lambda sync: lifecycle.undo(sync, self._target.state), lambda _state: None)
        except (SyncError, ApiError) as error:
            self.log.error("%s", error)

    async def _is_deferred_still(self) -> bool:
        """Whether the task continues: its trigger was moved, or this triggerer stops.

        Airflow then cancels a trigger just as when a person ends its task (`jobs/triggerer_job_runner.py`).
        """
        try:
            asked = sync_to_async(versions.state_of_deferred)(self.task_instance)
            state = await asyncio.wait_for(asked, STATE_SECONDS)
        except TimeoutError:
            return True
        return state == "deferred"
