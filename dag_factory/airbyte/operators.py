"""The operator: starts a sync, or does the whole of it; `factory.sync_tasks` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator

from dag_factory.airbyte import jobs, pace
from dag_factory.airbyte.links import AirbyteConnectionLink
from dag_factory.airbyte.memory import KEY, TaskMemory
from dag_factory.airbyte.results import publish, publish_page
from dag_factory.airbyte.tasks import SyncTask


class AirbyteSyncOperator(SyncTask, AirbyteTriggerSyncOperator):
    """Run one sync of an Airbyte connection, at most one new job a try, and wait for its end.

    With `asynchronous` it ends when the job has been started, for `AirbyteSyncSensor` to wait for it. Times
    are seconds. `on_running` says what to do where the connection is syncing already, `on_timeout` and
    `on_killed` what becomes of the job; `min_rows` is how many rows it has to move.
    """

    operator_extra_links = (AirbyteConnectionLink(),)

    def __init__(
        self,
        *,
        on_running: Literal["adopt", "fail", "skip"] = "adopt",
        on_timeout: Literal["cancel", "leave"] = "cancel",
        on_killed: Literal["cancel", "leave"] = "cancel",
        min_rows: int | None = None,
        **kwargs: Any,  # noqa: ANN401 (what the provider's operator takes)
    ) -> None:
        super().__init__(**kwargs)
        self.on_running = on_running
        self.on_timeout = on_timeout
        self.on_killed = on_killed
        self.min_rows = min_rows

    @property
    def job_timeout(self) -> float:
        """How long the job may take, in seconds."""
        return self.timeout

    # The provider declares that its methods give nothing.
    def execute(self, context: Mapping[str, Any]) -> int:  # type: ignore[override]
        """Start a sync or go on with the one of an earlier try; gives the job's id."""
        return self._sync(context)

    def _sync(self, context: Mapping[str, Any]) -> int:
        memory = TaskMemory(context)
        attempt = self._begin(memory.keep)
        started = attempt.run(jobs.begin(attempt.means, self.wanted, memory.earlier()))
        attempt.find_page()
        publish_page(context, attempt.page)
        if self.asynchronous:
            context["ti"].xcom_push(key=KEY, value={"facts": attempt.facts, "page": attempt.page})
            return started.job.job_id
        if self.deferrable:
            end_time = pace.REAL.now() + self.timeout
            self._wait_deferred(attempt, started, end_time, try_number=context["ti"].try_number)
        job = attempt.run(jobs.complete(attempt.means, self.wanted, started))
        return publish(context, job, attempt.page)

    def execute_complete(  # type: ignore[override]
        self,
        context: Mapping[str, Any],
        event: Any = None,  # noqa: ANN401 (as the provider has it)
        **kept: Any,  # noqa: ANN401 (what was deferred with)
    ) -> int:
        """Go on after the trigger's event; `kept` is what was known when the task was deferred."""
        if self._is_of_earlier_try(context, kept):
            return self._sync(context)
        memory = TaskMemory(context)
        attempt = self._begin(memory.keep, memory.facts(), kept.get("page"))
        job = self._ended(attempt, event, kept)
        return publish(context, job, attempt.page)
