"""The trigger of a deferred sync, in a triggerer's event loop, which no call of it blocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from airflow.providers.airbyte.triggers.airbyte import AirbyteSyncTrigger
from airflow.triggers.base import TriggerEvent
from asgiref.sync import sync_to_async

from dag_factory import versions
from dag_factory.airbyte import jobs, pace
from dag_factory.airbyte.api import Api
from dag_factory.airbyte.connection import access_in_loop
from dag_factory.airbyte.drivers import Surroundings, run_in_loop
from dag_factory.airbyte.errors import ApiError, SyncError
from dag_factory.airbyte.exchange import Protocol
from dag_factory.airbyte.model import Job, job_as_json, unseen_job
from dag_factory.airbyte.terms import Means, Started, Wanted

# How long Airflow may take to tell the state of a task, in seconds. The first question makes a triggerer of
# Airflow 3 import the API that answers it, which has taken more than 10 s on a busy machine; and from 3.3 on
# a trigger has 30 s to act on a kill (`[triggerer] on_kill_timeout`).
STATE_SECONDS = 25.0

# Airflow cancels what it runs for a trigger again every second until it has ended; and the event loop itself
# keeps no hold of its tasks.
_cancellations: set[asyncio.Task[None]] = set()


class AirbyteJobTrigger(AirbyteSyncTrigger):
    """Waits for one job until `end_time`, seconds since 1970, and tells how it ended.

    The event holds `job` where it has ended and `error` where it cannot be waited for. At its end time the
    job is cancelled if `on_timeout` says so, and when a person ends the task if `on_killed` does; never one
    that is not ours.
    """

    def __init__(  # noqa: PLR0913 (keywords, as operators have them)
        self,
        *,
        job_id: int,
        conn_id: str,
        connection_id: str,
        end_time: float,
        poll_interval: float,
        is_ours: bool,
        on_timeout: Literal["cancel", "leave"] = "cancel",
        on_killed: Literal["cancel", "leave"] = "cancel",
    ) -> None:
        super().__init__(job_id=job_id, conn_id=conn_id, end_time=end_time, poll_interval=poll_interval)
        self.connection_id = connection_id
        self.is_ours = is_ours
        self.on_timeout = on_timeout
        self.on_killed = on_killed

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give the class and its arguments."""
        names = ("job_id", "conn_id", "connection_id", "end_time", "poll_interval", "is_ours")
        arguments = {name: getattr(self, name) for name in (*names, "on_timeout", "on_killed")}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire one event."""
        begun = pace.REAL.clock()
        try:
            event = await self._wait()
            await self._let_airflow_hear(begun)
        except asyncio.CancelledError:
            if not versions.TRIGGERS_ARE_KILLED:
                await self._cancel_unless_moved()
            raise
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Cancel the job, since a person has ended the task; Airflow calls this from 3.3 on."""
        await self._cancel_unless_moved()

    async def _let_airflow_hear(self, begun: float) -> None:
        """Fire no sooner than a task may run again: one that goes on before Airflow has heard of its deferral
        is failed by it."""
        rest = begun + versions.shortest_reschedule() - pace.REAL.clock()
        if rest > 0:
            await pace.REAL.sleep_in_loop(rest)

    async def _wait(self) -> dict[str, Any]:
        started = Started(job=unseen_job(self.job_id, self.connection_id), is_ours=self.is_ours)
        facts: dict[str, int] = {}
        told = {"job_id": self.job_id, "is_ours": self.is_ours, "facts": facts}
        try:
            job = await self._run(lambda means: jobs.wait(means, self._wanted(), started), facts)
        except (SyncError, ApiError) as error:
            return {**told, "error": str(error)}
        return {**told, "job": job_as_json(job)}

    def _wanted(self) -> Wanted:
        return Wanted(
            connection_id=self.connection_id,
            wait_seconds=self.poll_interval,
            timeout=self.end_time - pace.REAL.now(),
            on_timeout=self.on_timeout,
        )

    async def _run(self, protocol: Callable[[Means], Protocol[Job]], facts: dict[str, int]) -> Job:
        access = await access_in_loop(self.conn_id)
        clock = pace.REAL.clock
        means = Means(api=Api(access, clock), clock=clock, spread=pace.REAL.spread)
        surroundings = Surroundings(say=self.log.info, remember=lambda effect: facts.update(effect.facts))
        return await run_in_loop(protocol(means), access, surroundings, pace.REAL.sleep_in_loop)

    async def _cancel_unless_moved(self) -> None:
        if self.on_killed == "leave" or not self.is_ours:
            return
        task = asyncio.create_task(self._cancel())
        _cancellations.add(task)
        task.add_done_callback(_cancellations.discard)
        await asyncio.shield(task)

    async def _cancel(self) -> None:
        if await self._is_deferred_still():
            self.log.info("Job %s goes on: its task waits for it elsewhere", self.job_id)
            return
        try:
            await self._run(lambda means: jobs.cancel(means, self.job_id), {})
        except (SyncError, ApiError) as error:
            self.log.error("%s", error)

    async def _is_deferred_still(self) -> bool:
        """Whether the task goes on: its trigger was moved, or this triggerer stops.

        Airflow cancels a trigger then just as when a person ends its task (`jobs/triggerer_job_runner.py`).
        """
        try:
            asked = sync_to_async(versions.state_of_deferred)(self.task_instance)
            state = await asyncio.wait_for(asked, STATE_SECONDS)
        except TimeoutError:
            return True
        return state == "deferred"
