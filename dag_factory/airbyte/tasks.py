"""What the operator and the sensor have in common; only those two import this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import AirflowException

from dag_factory.airbyte import jobs, pace
from dag_factory.airbyte.attempts import Attempt
from dag_factory.airbyte.connection import access
from dag_factory.airbyte.errors import SyncError
from dag_factory.airbyte.model import Job, job_of_json
from dag_factory.airbyte.terms import Started, Wanted
from dag_factory.airbyte.triggers import AirbyteJobTrigger

if TYPE_CHECKING:
    pass

# Airflow's own limit for a deferred task cancels no job, so the trigger's comes long before it.
BEYOND_TIMEOUT = timedelta(hours=1)


class SyncTask:
    """A task that answers for a job: in a worker, deferred, and when it is killed. To be mixed in."""

    airbyte_conn_id: str
    connection_id: str
    wait_seconds: float
    on_running: Literal["adopt", "fail", "skip"]
    on_timeout: Literal["cancel", "leave"]
    min_rows: int | None
    on_killed: Literal["cancel", "leave"]
    _attempt: Attempt | None = None

    @property
    def job_timeout(self) -> float:
        """How long the job may take, in seconds: each of the provider's classes has another `timeout`."""
        raise NotImplementedError

    @property
    def wanted(self) -> Wanted:
        """What the task was told."""
        return Wanted(
            connection_id=self.connection_id,
            wait_seconds=self.wait_seconds,
            timeout=self.job_timeout,
            on_running=self.on_running,
            on_timeout=self.on_timeout,
            min_rows=self.min_rows,
        )

    @property
    def page(self) -> str | None:
        """The connection's page in Airbyte, once it is known."""
        return None if self._attempt is None else self._attempt.page

    def on_kill(self) -> None:
        """Cancel the job that the task has started, unless it shall be left."""
        if self._attempt is not None and self.on_killed == "cancel":
            self._attempt.undo()

    def _begin(
        self: Any,
        keep: Callable[[Mapping[str, int]], None],
        facts: Mapping[str, int] | None = None,
        page: str | None = None,
    ) -> Attempt:
        try:
            found = access(self.airbyte_conn_id)
        except SyncError as error:
            raise AirflowException(str(error)) from None
        attempt = Attempt(found, self.connection_id, self.log, keep, facts)
        attempt.page = page
        self._attempt = attempt
        return attempt

    def _wait_deferred(self: Any, attempt: Attempt, started: Started, end_time: float, **kept: Any) -> None:  # noqa: ANN401
        """Hand the waiting to a triggerer. Does not return; `kept` reaches `execute_complete`."""
        trigger = AirbyteJobTrigger(
            job_id=started.job.job_id,
            conn_id=self.airbyte_conn_id,
            connection_id=self.connection_id,
            end_time=end_time,
            poll_interval=self.wanted.wait_seconds,
            is_ours=started.is_ours,
            on_timeout=self.wanted.on_timeout,
            on_killed=self.on_killed,
        )
        limit = timedelta(seconds=end_time - pace.REAL.now()) + BEYOND_TIMEOUT
        kept = {**kept, "page": attempt.page, "end_time": end_time, "is_inherited": started.is_inherited}
        self.defer(trigger=trigger, method_name="execute_complete", kwargs=kept, timeout=limit)

    @staticmethod
    def _is_of_earlier_try(context: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
        """Whether an event was met in an earlier try: Airflow 3.0 starts a retry where the deferral ended."""
        number = context["ti"].try_number
        return bool(kept.get("try_number", number) != number)

    def _ended(self, attempt: Attempt, event: Mapping[str, Any], kept: Mapping[str, Any]) -> Job:
        """Judge the job of a trigger's event; defers once more for one that takes its place.

        Nothing may be `kept`: `airflow dags test` forgets what a task was deferred with (3.3).
        """
        attempt.remember(event["facts"])
        if "error" in event:
            raise AirflowException(attempt.with_page(event["error"]))
        job = job_of_json(event["job"])
        if not kept.get("is_replaced"):
            is_inherited = bool(kept.get("is_inherited"))
            met = Started(job=job, is_ours=event["is_ours"], is_inherited=is_inherited)
            instead = attempt.run(jobs.replace_adopted(attempt.means, self.wanted, met, job))
            if instead is not None:
                end_time = kept.get("end_time", pace.REAL.now() + self.wanted.timeout)
                same = {name: kept[name] for name in kept if name == "try_number"}
                self._wait_deferred(attempt, instead, end_time, is_replaced=True, **same)
        return attempt.run(jobs.judge(self.wanted, job))
