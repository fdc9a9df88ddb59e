"""The sensor of `mode: async`: waits for the job that the task before it started.

`factory.sync_tasks` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NoReturn, cast

from airflow.providers.airbyte.sensors.airbyte import AirbyteJobSensor
from airflow.providers.common.compat.sdk import AirflowException, BaseSensorOperator, PokeReturnValue

from dag_factory import versions
from dag_factory.airbyte import jobs, pace
from dag_factory.airbyte.attempts import Attempt
from dag_factory.airbyte.links import AirbyteConnectionLink
from dag_factory.airbyte.memory import earlier_from
from dag_factory.airbyte.model import Job, unseen_job
from dag_factory.airbyte.results import publish
from dag_factory.airbyte.tasks import SyncTask
from dag_factory.airbyte.terms import Started, Unanswered
from dag_factory.airbyte.waiting import Waiting, WaitingStore

# Airflow's own limit for a sensor cancels no job and forbids retries, so ours has to come before it.
NEVER = 10 * 365 * 24 * 3600.0


class AirbyteSyncSensor(SyncTask, AirbyteJobSensor):
    """Wait for a job without a worker slot: between two looks the task is rescheduled, or it is deferred.

    What it knows is kept as an XCom of the task that started the job, `trigger_task_id`. A retry after a
    failed job starts a new one; a retry after a crash goes on with the one that runs. `sync_timeout` and
    `poke_interval` are seconds; the other arguments are those of `AirbyteSyncOperator`.
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
        on_running: Literal["adopt", "fail", "skip"] = "adopt",
        on_timeout: Literal["cancel", "leave"] = "cancel",
        on_killed: Literal["cancel", "leave"] = "cancel",
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

    def execute(self, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the job's id, or nothing yet)
        """Wait for the job; gives its id."""
        if self.deferrable:
            self._defer(context)
        # Not the provider's, which drops the result.
        return BaseSensorOperator.execute(self, cast("Any", context))

    def _defer(self, context: Mapping[str, Any]) -> NoReturn:
        store = self._store(context)
        attempt = self._begin(store.keep_facts, store.waiting.facts, store.waiting.page)
        started = self._current(attempt, store) or self._start(attempt, store)
        number = context["ti"].try_number
        self._wait_deferred(attempt, started, store.waiting.end_time, try_number=number)
        raise AssertionError  # a deferral does not return

    def execute_complete(  # type: ignore[override]
        self,
        context: Mapping[str, Any],
        event: Any = None,  # noqa: ANN401 (as the provider has it)
        **kept: Any,  # noqa: ANN401 (what was deferred with)
    ) -> int:
        """Go on after the trigger's event; `kept` is what was known when the task was deferred."""
        if self._is_of_earlier_try(context, kept):
            self._defer(context)
        store = self._store(context)
        attempt = self._begin(store.keep_facts, store.waiting.facts, kept.get("page"))
        job = self._ended(attempt, event, kept)
        return publish(context, job, attempt.page)

    # The provider knows no result.
    def poke(self, context: Mapping[str, Any]) -> bool | PokeReturnValue:  # type: ignore[override]
        """Look at the job once; an ended one that a try has judged before is followed by a new one."""
        store = self._store(context)
        attempt = self._begin(store.keep_facts, store.waiting.facts, store.waiting.page)
        self.poke_interval = self._pause(attempt)
        started = self._current(attempt, store)
        if started is None:
            self._start(attempt, store)
            return False
        job = self._look(attempt, store, started)
        if job is None or self._replaced(attempt, store, replace(started, job=job)):
            return False
        attempt.run(jobs.judge(self.wanted, job))
        return PokeReturnValue(is_done=True, xcom_value=publish(context, job, attempt.page))

    def _store(self, context: Mapping[str, Any]) -> WaitingStore:
        start = Waiting(facts={"job": int(self.airbyte_job_id)})
        store = WaitingStore(context["ti"], self.trigger_task_id, start)
        store.begin_try(context["ti"].try_number, pace.REAL.now() + self.sync_timeout)
        return store

    def _current(self, attempt: Attempt, store: WaitingStore) -> Started | None:
        """The job to wait for; None if it was judged, or if a try died while it started one."""
        facts = attempt.facts
        job_id = facts.get("job", facts.get("adopted"))
        if job_id is None or job_id == facts.get("judged"):
            return None
        job = unseen_job(job_id, self.connection_id)
        return Started(job=job, is_ours="job" in facts, is_inherited=store.waiting.is_inherited)

    def _start(self, attempt: Attempt, store: WaitingStore) -> Started:
        is_under_way = "judged" not in attempt.facts
        earlier = earlier_from(attempt.facts) if is_under_way else None
        started = attempt.run(jobs.begin(attempt.means, self.wanted, earlier))
        store.change(is_inherited=started.is_inherited)
        return started

    def _pause(self, attempt: Attempt) -> float:
        """Seconds until the next look."""
        pause = attempt.means.spread(self.wait_seconds)
        return max(pause, versions.shortest_reschedule()) if self.reschedule else pause

    def _look(self, attempt: Attempt, store: WaitingStore, started: Started) -> Job | None:
        """Ask for the job; None while it is active or cannot be asked for."""
        seen = attempt.run(jobs.look(attempt.means, started.job.job_id, store.waiting.failures))
        if isinstance(seen, Unanswered):
            self._note_failure(store, seen)
        elif store.waiting.failures:
            store.change(failures=0, stubborn=0)
        if isinstance(seen, Job) and not seen.is_active:
            return seen
        if pace.REAL.now() >= store.waiting.end_time:
            return attempt.run(jobs.time_out(attempt.means, self.wanted, started))
        return None

    def _note_failure(self, store: WaitingStore, seen: Unanswered) -> None:
        waiting = store.waiting
        store.change(failures=waiting.failures + 1, stubborn=waiting.stubborn + seen.is_stubborn)
        if store.waiting.stubborn >= jobs.STUBBORN_ANSWERS:
            raise AirflowException(seen.text)
        self.poke_interval = max(self.poke_interval, seen.pause)
        self.log.info("%s; asking again in %.0f seconds", seen.text, self.poke_interval)

    def _replaced(self, attempt: Attempt, store: WaitingStore, ended: Started) -> bool:
        if store.waiting.is_replaced:
            return False
        instead = attempt.run(jobs.replace_adopted(attempt.means, self.wanted, ended, ended.job))
        if instead is not None:
            store.change(is_replaced=True)
        return instead is not None
