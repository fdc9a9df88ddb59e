"""What a notification can say of a run that failed: put into the context before a notifier renders its text.

Airflow gives a callback of a DAG the context of one task, the last that failed, without its exception; and
in texts a name that is not in the context is an error, which costs the notification.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from dag_factory import versions
from dag_factory.operators import results


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedTask:
    """A task that failed, and its connection's page in Airbyte if it is known; as text, both."""

    task_id: str
    airbyte_url: str | None = None

    def __str__(self) -> str:
        return self.task_id if self.airbyte_url is None else f"{self.task_id} ({self.airbyte_url})"


def describe_failures(context: MutableMapping[str, Any]) -> None:
    """A callback that comes before notifiers: Airflow hands the same context to all of one event.

    Adds `failed_tasks`, a list of `FailedTask`, and what only some callbacks have: `exception` and `reason`.
    """
    is_of_run = "reason" in context
    describe_success(context)
    # The least that is known: if asking for more fails, Airflow logs it and goes on with the notifiers.
    names = [context["ti"].task_id] if "ti" in context else []
    context["failed_tasks"] = [FailedTask(task_id=name) for name in names]
    if versions.CALLBACKS_CAN_ASK:
        context["failed_tasks"] = list(_failed_tasks(context, None if is_of_run else names))


def describe_success(context: MutableMapping[str, Any]) -> None:
    """The same before notifiers of a task that has succeeded: nothing failed, and every name is there."""
    for key in ("exception", "reason"):
        if key not in context:
            context[key] = None
    context["failed_tasks"] = []


def _failed_tasks(context: MutableMapping[str, Any], names: list[str] | None) -> Iterator[FailedTask]:
    dag, run_id = context["dag"], context["run_id"]
    if names is None:
        names = versions.failed_task_ids(dag, run_id)
    for name in names:
        page = results.read_page(dag.dag_id, run_id, name)
        yield FailedTask(task_id=name, airbyte_url=page)
