"""One sync on the real Airflow: its DAG, its run, and its jobs on the local Airbyte."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import yaml

from dag_factory.local_airbyte.model.job import ACTIVE_STATUSES, Job
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.server import LocalAirbyte
from tests.airflow_processes.airflow import Airflow, Api, kill_together
from tests.airflow_processes.database import Task

# The keys of each mode, by its name in the fault matrix.
MODES: Mapping[str, Mapping[str, object]] = {
    "sync": {"mode": "sync"},
    "sync deferrable": {"mode": "sync", "deferrable": True},
    "async": {"mode": "async", "deferrable": False},
    "async deferrable": {"mode": "async", "deferrable": True},
}
# The state in which a task waits for its job, by mode.
WAITING = {
    "sync": "running",
    "sync deferrable": "deferred",
    "async": "up_for_reschedule",
    "async deferrable": "deferred",
}
WAIT_SECONDS = 5
TIMEOUT_SECONDS = 150.0
FINAL_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result to compare: all jobs of the connection, oldest first, and the state of the task."""

    jobs: tuple[str, ...]
    state: str | None

    def __str__(self) -> str:
        return f"jobs {', '.join(self.jobs)}; task {self.state or 'gone'}"


class Lab:
    """A real Airflow, a local Airbyte, and the folder where Airflow reads configurations."""

    def __init__(self, airflow: Airflow, airbyte: LocalAirbyte, configs: Path) -> None:
        self.airflow = airflow
        self.airbyte = airbyte
        self.configs = configs
        self._http = httpx.Client(base_url=airbyte.root_url, timeout=30)

    def close(self) -> None:
        self._http.close()

    @property
    def api(self) -> Api:
        return self.airflow.api

    def admin(self, method: str, path: str, body: object = None) -> dict[str, object]:
        response = self._http.request(method, f"/local-admin{path}", json=body).raise_for_status()
        return response.json() if response.content else {}

    def fault(self, route: str, kind: str, connection: str, **more: object) -> None:
        self.admin("POST", "/faults", {"route": route, "kind": kind, "connection_id": connection, **more})

    def jobs(self, *connections: str) -> list[Job]:
        """Return all jobs of some connections, oldest first."""
        return self.airbyte.platform.store.jobs(JobQuery(connection_ids=connections, limit=10_000))

    def make_connection(self, name: str) -> str:
        """Make a connection in Airbyte and return its id."""
        connection = str(uuid.uuid4())
        self.admin("PUT", f"/connections/{connection}", {"name": name.replace("_", "-")})
        return connection

    def script(self, connection: str, *, seconds: float = 0.1, end: str = "succeed") -> None:
        """Set how long the jobs of a connection run from now on, and how they end."""
        script = {"steps": [{"run": seconds}], "end": end, "times": None}
        self.admin("PATCH", f"/connections/{connection}", {"scripts": [script]})

    def write(self, dag_id: str, syncs: Mapping[str, Mapping[str, object]], **dag: object) -> None:
        """Write the configuration of a DAG atomically."""
        common = {"wait_seconds": WAIT_SECONDS, "retry_delay": 1}
        document = {
            "schedule": None,
            **dag,
            "syncs": {name: {**common, **sync} for name, sync in syncs.items()},
        }
        unfinished = self.configs / f"{dag_id}.unfinished"
        unfinished.write_text(yaml.safe_dump(document))
        unfinished.rename(self.configs / f"{dag_id}.yaml")

    def wait_for_dags(self, dag_ids: Iterable[str]) -> None:
        missing = set(dag_ids)

        def are_there() -> bool:
            missing.difference_update([dag_id for dag_id in missing if self.api.has_dag(dag_id)])
            return not missing

        wait_for(are_there, "Airflow has read the DAGs", lambda: f"missing: {missing}")


class Scene:
    """One DAG with one sync, `load`, whose jobs run until a test ends them, and one run of the DAG."""

    def __init__(
        self, lab: Lab, name: str, mode: str, sync: Mapping[str, object], dag: Mapping[str, object]
    ) -> None:
        self.lab = lab
        self.mode = mode
        self.dag_id = f"{name} {mode}".replace(" ", "_")
        self.run_id = ""
        self.task_id = "load" if mode.startswith("sync") else "load.wait"
        self.submitting_task_id = "load" if mode.startswith("sync") else "load.trigger"
        self.connection = lab.make_connection(self.dag_id)
        lab.script(self.connection, end="hang")
        lab.write(self.dag_id, {"load": {"connection_id": self.connection, **MODES[mode], **sync}}, **dag)

    def begin(self) -> None:
        """Start a run."""
        self.run_id = self.lab.api.start_run(self.dag_id)

    def begin_waiting(self) -> None:
        """Start a run and wait until its task waits for a job."""
        self.begin()
        self.wait_for_jobs(1)
        self.wait_for_waiting()

    def task(self, task_id: str | None = None) -> Task | None:
        return self.lab.airflow.database.task(self.dag_id, self.run_id, task_id or self.task_id)

    def state(self) -> str | None:
        task = self.task()
        return None if task is None else task.state

    def wait_for_state(self, *states: str | None) -> None:
        self._wait_for(lambda: self.state() in states, f"is {' or '.join(map(str, states))}")

    def wait_for_waiting(self, try_number: int = 1) -> None:
        """Wait until a try with at least this number waits for its job."""
        self._wait_for(lambda: self._is_waiting(try_number), f"waits in try {try_number}")

    def wait_for_next_try(self, task_id: str, number: int = 2) -> None:
        def has_come() -> bool:
            task = self.task(task_id)
            return task is not None and task.try_number >= number and task.state in {"running", "success"}

        self._wait_for(has_come, f"has a try {number} of {task_id}")

    def wait_for_end(self) -> None:
        self.wait_for_state(*FINAL_STATES)

    def wait_for_end_of_run(self) -> None:
        """Wait for the end of the task and of the run: Airflow loses a clear between the two."""
        self.wait_for_end()
        database = self.lab.airflow.database
        self._wait_for(
            lambda: database.run_state(self.dag_id, self.run_id) in FINAL_STATES,
            "has come to the end of its run",
        )

    def statuses(self) -> tuple[str, ...]:
        return tuple(job.status for job in self.lab.jobs(self.connection))

    def wait_for_jobs(self, number: int) -> None:
        self._wait_for(lambda: len(self.statuses()) >= number, f"has {number} jobs")

    def wait_for_statuses(self, *statuses: str) -> None:
        self._wait_for(lambda: self.statuses() == statuses, f"has jobs {statuses}")

    def wait_for_fault(self) -> None:
        """Wait until a call has met the fault of the connection."""

        def is_met() -> bool:
            faults = self.lab.airbyte.platform.faults.faults()
            return all(fault.met for fault in faults if fault.connection_id == self.connection)

        self._wait_for(is_met, "has met its fault")

    def end_job(self, status: str = "succeeded") -> None:
        """End the newest job, as if its work were done."""
        newest = self.lab.jobs(self.connection)[-1]
        self.lab.admin("POST", f"/jobs/{newest.job_id}/end", {"status": status})

    def let_succeed(self) -> None:
        """Let the running job and any later ones succeed, and wait for the end of the task."""
        self.lab.script(self.connection)
        if any(status in ACTIVE_STATUSES for status in self.statuses()):
            self.end_job()
        self.wait_for_end()

    def kill_process(self, task_id: str, *, with_worker: bool = False) -> None:
        """Kill the task's process like the OOM killer; with its worker, like the loss of a machine."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            task = self.task(task_id)
            if task is not None and task.state == "running" and task.pid:
                found.append(psutil.Process(task.pid))
            return bool(found)

        self._wait_for(is_there, "has a process")
        parent = found[0].parent()
        kill_together([parent, *found] if with_worker and parent is not None else found)

    def mark_failed(self) -> None:
        self.lab.api.mark_task(self.dag_id, self.run_id, self.task_id, "failed")

    def clear(self, *task_ids: str) -> None:
        self.lab.api.clear(self.dag_id, self.run_id, list(task_ids or [self.task_id]))

    def outcome(self) -> Outcome:
        return Outcome(self.statuses(), self.state())

    def _is_waiting(self, try_number: int) -> bool:
        task = self.task()
        if task is None or task.try_number < try_number or task.state != WAITING[self.mode]:
            return False
        return {"running": task.is_known, "deferred": task.is_watched}.get(task.state, True)

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        wait_for(condition, f"{self.dag_id} {what}", self._describe)

    def _describe(self) -> str:
        """Describe the current state for failure messages."""
        return f"{self.task(self.submitting_task_id)}, {self.task()}, jobs {self.statuses()}"


def run_concurrently(actions: Iterable[Callable[[], object]], *, at_once: int) -> list[Exception | None]:
    """Run all actions, `at_once` at a time. Return the exception of each, or None."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return [future.exception() for future in [pool.submit(action) for action in actions]]


def wait_for(
    condition: Callable[[], bool],
    what: str,
    describe: Callable[[], str] = lambda: "",
    seconds: float = TIMEOUT_SECONDS,
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s; {describe()}"
        time.sleep(0.3)
