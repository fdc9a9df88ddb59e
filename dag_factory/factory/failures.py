"""What a notification can say about a failed run, added to the context before a notifier renders its text.

Airflow calls a DAG's callback with the context of one task, the last that failed, without its exception. And
a template with a missing name raises, so without these defaults the notification would not be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from dag_factory import versions
from dag_factory.operators import results


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedTask:
    """A failed task, and the page of its connection in Airbyte if known; `str` shows both."""

    task_id: str
    airbyte_url: str | None = None

    def __str__(self) -> str:
        return self.task_id if self.airbyte_url is None else f"{self.task_id} ({self.airbyte_url})"


def describe_failures(context: MutableMapping[str, Any]) -> None:
    """Describe failed tasks for the notifiers that follow: a callback itself, called with the same context.

    Adds `failed_tasks`, a list of `FailedTask`, and `exception` and `reason`, which only some callbacks have.
    """
    is_of_run = "reason" in context
    describe_success(context)
    # Set first: if the lookup below raises, Airflow logs that and continues with the notifiers.
    names = [context["ti"].task_id] if "ti" in context else []
    context["failed_tasks"] = [FailedTask(task_id=name) for name in names]
    if versions.CALLBACKS_CAN_ASK:
        context["failed_tasks"] = list(_failed_tasks(context, None if is_of_run else names))


def describe_success(context: MutableMapping[str, Any]) -> None:
    """Add the same names for notifiers of a task that succeeded, without failed tasks."""
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
