"""Run the tasks of one sync in any mode as Airflow does, without its database, on an in-memory Airbyte.

Airflow's part is what matters to a sync: tries, deferrals, reschedules, clears, and which XComs are wiped
when. The Airbyte is called over real HTTP on the loopback; its time is that of the tasks.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import yaml
from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, TaskDeferred

from dag_factory import versions
from dag_factory.airbyte import clock
from dag_factory.airbyte.clock import Clock
from dag_factory.factory.load import load_dags
from dag_factory.operators import task_state
from tests.airbyte.fake_airbyte import UUID, FakeAirbyte

MODES = ("sync", "sync deferrable", "async", "async deferrable")
CLIENT_ID, SECRET = "the-client-id", "the-client-secret-of-the-runs"
# No test starts tasks more often than this; beyond it they are in a loop.
MOST_STARTS = 500
# Options of a run, not of its sync.
_OF_RUNS = ("has_state_store", "has_trigger_kill", "away_seconds")
_DAWN = 1_800_000_000.0


class Crash(SystemExit):
    """The end of a worker's process, as closely as one process can simulate it."""


class ClearedByPersonError(Exception):
    """A person clears the tasks while one of them waits."""


def crash() -> None:
    """End the try without running any more of its code."""
    raise Crash(1)


def clear_by_person() -> None:
    """Clear the waiting task."""
    raise ClearedByPersonError


@dataclass
class _Task:
    """Airflow's state of a task of the run."""

    task_id: str
    retries: int
    max_tries: int
    try_number: int = 0
    state: str | None = None


@dataclass
class TaskRun:
    """One DAG run. `has_state_store`, and `has_trigger_kill` for `on_kill` of triggers, are Airflow 3.3's.

    For `away_seconds`, there is no triggerer or no scheduler before a task resumes.
    """

    airbyte: FakeAirbyte
    mode: str
    dag: Any
    has_state_store: bool = True
    has_trigger_kill: bool = True
    xcoms: dict[tuple[str, str], Any] = field(default_factory=dict)
    stores: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    variables: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    tasks: dict[str, _Task] = field(default_factory=dict)
    task_state: str = "deferred"
    away_seconds: float = 0.0
    _starts: int = 0

    def __post_init__(self) -> None:
        ids = ["money.trigger", "money.wait"] if self.mode.startswith("async") else ["money"]
        for task_id in ids:
            retries = self.dag.get_task(task_id).retries
            self.tasks[task_id] = _Task(task_id, retries, retries)

    @property
    def last(self) -> _Task:
        """Return the task that ends the sync."""
        return list(self.tasks.values())[-1]

    @property
    def result(self) -> Any:
        """Return the job id in the last task's result."""
        return self.xcoms.get((self.last.task_id, "return_value"))

    def finish(self) -> str:
        """Run the tasks to their end. Return the state of the last one."""
        while True:
            try:
                for task in self.tasks.values():
                    if task.state is None:
                        self._run_task(task)
                    if task.state != "success":
                        self.last.state = task.state
                        break
            except ClearedByPersonError:
                self.clear()
                continue
            return str(self.last.state)

    def clear(self, *task_ids: str) -> None:
        """Clear some tasks, or all, as a person does while they do not run."""
        for task in self.tasks.values():
            if not task_ids or task.task_id in task_ids:
                task.state = None
                task.max_tries = task.try_number + task.retries

    def mark_success(self, task_id: str) -> None:
        """Mark a task that has not run as successful, as a person does."""
        self.tasks[task_id].state = "success"

    # Replaces Airflow's XComs and Variables.

    def keep_with_task(self, _ti: Any, task_id: str, key: str, value: object) -> None:
        self.xcoms[task_id, key] = json.loads(json.dumps(value))

    def _wipe(self, task_id: str) -> None:
        self.xcoms = {key: value for key, value in self.xcoms.items() if key[0] != task_id}

    def _run_task(self, task: _Task) -> None:
        """Start a task, and again for each deferral, reschedule and retry, until it has ended."""
        task.try_number += 1
        step: TaskDeferred | None = None
        pause = 0.0
        while task.state is None:
            try:
                self.airbyte.sleep(pause)
                pause = 0.0
                step = self._start(task, step)
                pause = 0.0 if step is None else self.away_seconds
            except AirflowRescheduleException:
                pause = self._operator.poke_interval + self.away_seconds
            except AirflowSkipException as skipped:
                self._end(task, "skipped", skipped)
            except AirflowFailException as failed:
                self._end(task, "failed", failed)
            except (ClearedByPersonError, AssertionError):
                raise
            except (Crash, Exception) as error:  # noqa: BLE001 (any exception fails the try)
                step, pause = None, 0.0
                self._retry(task, error)

    def _retry(self, task: _Task, error: BaseException) -> None:
        if task.try_number > task.max_tries:
            self._end(task, "failed", error)
            return
        self.errors.append(_text(error))
        self.airbyte.sleep(300)
        task.try_number += 1

    def _end(self, task: _Task, state: str, error: BaseException) -> None:
        task.state = state
        self.errors.append(_text(error))

    def _start(self, task: _Task, deferred: TaskDeferred | None) -> TaskDeferred | None:
        """Run a task's process once, after the trigger of a deferred task."""
        self._starts += 1
        assert self._starts < MOST_STARTS
        if deferred is None:
            self._wipe(task.task_id)
        event = None if deferred is None else self._event_of(deferred.trigger)
        operator = self._operator = self._rendered(task)
        context = self._context(task)
        try:
            if deferred is None:
                result = operator.execute(context)
            else:
                method = getattr(operator, deferred.method_name)
                result = method(context, event=event, **(deferred.kwargs or {}))
        except TaskDeferred as deferral:
            return deferral
        except ClearedByPersonError:
            operator.on_kill()
            raise
        self.xcoms[task.task_id, "return_value"] = result
        task.state = "success"
        for callback in operator.on_success_callback or ():
            callback(context)
        return None

    def _event_of(self, trigger: Any) -> Any:
        """Run a trigger from its row in the database."""
        _, arguments = trigger.serialize()
        copied = type(trigger)(**json.loads(json.dumps(arguments)))
        copied.task_instance = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1)
        self.task_state = "deferred"
        return json.loads(json.dumps(asyncio.run(self._fired(copied))))

    async def _fired(self, trigger: Any) -> Any:
        try:
            return (await anext(trigger.run())).payload
        except ClearedByPersonError:
            self.task_state = "scheduled"
            if self.has_trigger_kill:
                await trigger.on_kill()
            raise

    def _rendered(self, task: _Task) -> Any:
        operator = copy.copy(self.dag.get_task(task.task_id))
        if hasattr(operator, "airbyte_job_id"):
            operator.airbyte_job_id = self.xcoms.get(("money.trigger", "return_value"))
        return operator

    def _context(self, task: _Task) -> dict[str, Any]:
        ti = SimpleNamespace(
            dag_id="d",
            run_id="r",
            task_id=task.task_id,
            map_index=-1,
            try_number=task.try_number,
            max_tries=task.max_tries,
            xcom_push=lambda key, value: self.keep_with_task(None, task.task_id, key, value),
            xcom_pull=lambda task_ids, key: self.xcoms.get((task_ids, key)),
            get_first_reschedule_date=lambda _context: None,
        )
        store = self.stores[task.task_id]
        kept = SimpleNamespace(get=store.get, set=lambda key, value: store.update({key: value}))
        outlets = defaultdict(lambda: _Outlet(self.events))
        return {
            "ti": ti,
            "task": self._operator,
            "outlet_events": outlets,
            "dag_run": SimpleNamespace(start_date=None),
            "task_state_store": kept if self.has_state_store else None,
        }


class _Outlet:
    def __init__(self, events: list[dict[str, Any]]) -> None:
        super().__setattr__("events", events)

    def __setattr__(self, name: str, value: Any) -> None:
        self.events.append(value)


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


class Stage:
    """Makes runs with the waits, XComs and Variables of a test."""

    def __init__(self, airbyte: FakeAirbyte, url: str, configs: Any, monkeypatch: Any) -> None:
        self.airbyte = airbyte
        self.url = url
        self._configs = configs
        self._monkeypatch = monkeypatch
        self.set_connection()
        fast = {
            "monotonic": lambda: airbyte.now,
            "now": lambda: _DAWN + airbyte.now,
            "sleep": airbyte.sleep,
            "sleep_in_loop": self._sleep_in_loop,
            "jitter": lambda seconds: seconds,
            "first_pause": lambda seconds: seconds,
        }
        known = {name: value for name, value in fast.items() if name in Clock.__slots__}
        monkeypatch.setattr(clock, "SYSTEM_CLOCK", Clock(**known))

    def set_connection(self, **connection: Any) -> None:
        """Set the Airflow connection to the Airbyte; None removes a field."""
        fields = {
            "conn_type": "airbyte",
            "host": self.url,
            "login": CLIENT_ID,
            "password": SECRET,
            "extra": {"timeout": 5},
            **connection,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        self._monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps(known))

    def run(self, mode: str, **sync: Any) -> TaskRun:
        """Make a run of one sync, `money`, which has two retries and is polled every two minutes."""
        options = {name: sync.pop(name) for name in _OF_RUNS if name in sync}
        keys = {
            "connection_id": UUID,
            "mode": mode.split(maxsplit=1)[0],
            "deferrable": "deferrable" in mode,
            "wait_seconds": 120,
            "timeout": "6h",
            "retries": 2,
            **sync,
        }
        document = {"schedule": None, "syncs": {"money": keys}}
        dags = load_dags(self._configs({"bank.yaml": yaml.safe_dump(document)}))
        run = TaskRun(self.airbyte, mode, dags["bank"], **options)
        self._patch(run)
        return run

    def _patch(self, run: TaskRun) -> None:
        patched = {
            "read_variable": run.variables.get,
            "write_variable": lambda key, value, _description: run.variables.update({key: value}),
            "delete_variable": lambda key: run.variables.pop(key, None),
            "delete_variable_after_success": lambda key: run.variables.pop(key, None),
            "state_of_deferred": lambda _task_instance: run.task_state,
        }
        self._monkeypatch.setattr(task_state, "keep_with_task", run.keep_with_task)
        for name, function in patched.items():
            self._monkeypatch.setattr(versions, name, function, raising=False)

    async def _sleep_in_loop(self, seconds: float) -> None:
        self.airbyte.sleep(seconds)
