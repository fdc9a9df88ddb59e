"""The operator: starts a sync, or runs all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator

from dag_factory.airbyte import clock
from dag_factory.airbyte.state import Role
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.policies import ON_KILL, ON_RUNNING, ON_TIMEOUT, OnKill, OnRunning, OnTimeout
from dag_factory.operators.links import AirbyteConnectionLink
from dag_factory.operators.results import publish, publish_page
from dag_factory.operators.sync_task import SyncTask, short_traceback
from dag_factory.operators.task_state import (
    KEY,
    Store,
    XComStore,
    delete_variable,
    record_as_json,
    store_of_task,
)


class AirbyteSyncOperator(SyncTask, AirbyteTriggerSyncOperator):
    """Run one sync of an Airbyte connection, at most one new job a try, and wait for its end.

    With `asynchronous`, it ends when the job has started, and `AirbyteSyncSensor` in the task `wait_task_id`
    waits for the job. Times are in seconds. `on_running` is the policy for a connection that is busy,
    `on_timeout` and `on_killed` are the policies for the job; `min_rows` is how many rows it has to move.
    """

    operator_extra_links = (AirbyteConnectionLink(),)

    def __init__(
        self,
        *,
        wait_task_id: str | None = None,
        on_running: OnRunning = ON_RUNNING,
        on_timeout: OnTimeout = ON_TIMEOUT,
        on_killed: OnKill = ON_KILL,
        min_rows: int | None = None,
        **kwargs: Any,  # noqa: ANN401 (what the provider's operator takes)
    ) -> None:
        if wait_task_id is None:
            kwargs["on_success_callback"] = [*_as_list(kwargs.get("on_success_callback")), delete_variable]
        super().__init__(**kwargs)
        self.wait_task_id = wait_task_id
        self.on_running = on_running
        self.on_timeout = on_timeout
        self.on_killed = on_killed
        self.min_rows = min_rows

    @property
    def job_timeout(self) -> float:
        """How long the job may take, in seconds."""
        return self.timeout

    # The provider's methods are declared to return nothing.
    @short_traceback
    def execute(self, context: Mapping[str, Any]) -> int | None:  # type: ignore[override]
        """Start a sync or resume the one of an earlier try. Returns the job's id.

        Returns None if the connection is busy with a clear, reset or refresh: `AirbyteSyncSensor` then starts
        the sync when that has ended.
        """
        return self._sync(context)

    def _sync(self, context: Mapping[str, Any]) -> int | None:
        task_try = self._open_try(context)
        request, previous = self.request, task_try.task_state.previous()
        target = task_try.run(lambda sync: lifecycle.begin(sync, request, previous))
        publish_page(context, task_try.page)
        if self.asynchronous:
            context["ti"].xcom_push(key=KEY, value=record_as_json(task_try.task_state.record))
            return target.job.job_id if target.role in (Role.OWN, Role.ADOPTED) else None
        if self.deferrable:
            self._defer_until_end(task_try, target, clock.SYSTEM_CLOCK.now() + self.timeout)
        job = task_try.run(lambda sync: lifecycle.complete(sync, request, target))
        task_try.task_state.finish()
        return publish(context, job, task_try.page)

    @short_traceback
    def execute_complete(  # type: ignore[override]
        self,
        context: Mapping[str, Any],
        event: Any = None,  # noqa: ANN401 (as the provider has it)
        **kept: Any,  # noqa: ANN401 (as the task was deferred with)
    ) -> int | None:
        """Continue after the trigger's event; `kept` is what the task saved when it was deferred."""
        if self._is_of_earlier_try(context, kept):
            return self._sync(context)
        job = self._after_event(context, event, kept)
        return publish(context, job, self.page)

    def _store(self, context: Mapping[str, Any]) -> Store:
        if self.wait_task_id is None:
            return store_of_task(context)
        return XComStore(context["ti"], read=self.wait_task_id, written=(self.wait_task_id,))


def _as_list(callbacks: Any) -> list[Any]:  # noqa: ANN401 (none, one or several)
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, Collection) else [callbacks]
