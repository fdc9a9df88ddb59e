"""What a task knows of its earlier tries, and where that is kept; the operator imports this.

Three stores would come to mind; each loses something else, as tried on the real Airflow:

* A task's own XCom is wiped when its next try starts. That of *another* task stays: the sensor of
  `mode: async` keeps its facts with the task before it, which wipes them when it is cleared itself.
* The task state store (Airflow 3.3) outlives tries, and clears as well: so a try has to know whether it is a
  retry, which goes on with what the last one left, or was cleared by a person, who wants it to run again.
* Before 3.3 nothing of a single task outlives its try. Then the jobs that Airbyte lists decide: one made
  since the run began was made by this task, or by a person in the same minutes.

A retry is told from a clear by Airflow's own arithmetic: a clear raises `max_tries` by as many retries as the
task has (`airflow/sdk/execution_time/task_runner.py`). One try can also begin twice: where the DAG cannot be
read just when a deferred task shall go on, Airflow 3.3 forgets the deferral and starts the same try anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dag_factory.airbyte.terms import Earlier

KEY = "airbyte_sync"
# Among what is kept: the try that has kept it. No fact of a start.
_TRY = "try_number"


class TaskMemory:
    """The memory of one task, given the context of its present try."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._context = context
        self._store = context.get("task_state_store")

    def keep(self, facts: Mapping[str, int]) -> None:
        """Keep facts for the next try, where Airflow can."""
        if self._store is not None:
            self._store.set(KEY, {**facts, _TRY: self._context["ti"].try_number})

    def facts(self) -> dict[str, int]:
        """What was kept last, by this try or one before."""
        return {name: value for name, value in self._kept().items() if name != _TRY}

    def earlier(self) -> Earlier | None:
        """What the tries before this one have left; None where this one shall begin anew."""
        ti = self._context["ti"]
        if not is_retry(ti, self._context["task"]) and self._kept().get(_TRY) != ti.try_number:
            return None
        if self._store is not None:
            return earlier_from(self.facts())
        began = self._context["dag_run"].start_date
        return None if began is None else Earlier(age=(datetime.now(UTC) - began).total_seconds())

    def _kept(self) -> Mapping[str, int]:
        kept: Mapping[str, int] | None = None if self._store is None else self._store.get(KEY)
        return kept or {}


def earlier_from(facts: Mapping[str, int]) -> Earlier:
    """Read the facts of a memory."""
    return Earlier(seen=facts.get("seen"), adopted=facts.get("adopted"), judged=facts.get("judged"))


def is_retry(ti: Any, task: Any) -> bool:  # noqa: ANN401 (other classes on each version)
    """Whether a try follows one that failed or crashed, and not a person's clear."""
    return bool(ti.try_number > ti.max_tries - task.retries + 1)
