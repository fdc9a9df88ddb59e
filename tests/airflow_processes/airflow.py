"""The components of a real Airflow, which a test can stop, kill and restart."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import psutil

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow.api import AirflowApi
from dag_factory.sandbox.airflow.home import AirflowHome, components, connections, environment, migration
from dag_factory.sandbox.loopback import free_port
from dag_factory.sandbox.processes.child import Child, Command, run_to_end, stop_all, wait_until
from tests.airflow_processes.database import Database

START_SECONDS = 120.0
# Intervals that a deployment would leave at minutes, shortened for the tests.
SHORT_INTERVALS = {
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__WORKERS__MISSING_DAG_RETRY_DELAY": "5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "2",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
}
SLOTS = 16


class Airflow:
    """Scheduler, DAG processor, triggerer and API server as processes; `api` is logged in."""

    names: tuple[str, ...] = ("api-server", "dag-processor", "scheduler", "triggerer")

    def __init__(
        self, folder: Path, dags: Path, database: str, airbyte: AirbyteAccess, **settings: str
    ) -> None:
        self.home = AirflowHome(
            folder=folder / "airflow",
            dags=dags,
            logs=folder / "logs",
            port=free_port(),
            paused_at_creation=False,
        )
        self._environment = {
            **environment(self.home, os.environ),
            **connections(airbyte, ["airbyte_default"]),
            **SHORT_INTERVALS,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__CORE__PARALLELISM": str(SLOTS),
            **settings,
        }
        self.api = Api(self.home.url)
        self.database = Database(database)
        self._components: dict[str, Child] = {}
        # What remains of stopped components, such as tasks that lost their worker.
        self._remains: list[Child] = []

    @contextlib.contextmanager
    def started(self) -> Iterator[Airflow]:
        """Make the database, start all components, and stop them when the block ends."""
        self.home.folder.mkdir(parents=True)
        run_to_end(migration(self.home, self._environment), timeout_seconds=START_SECONDS)
        try:
            for name in self.names:
                self.start(name)
            self.wait_until_healthy()
            self.api.log_in()
            with self.api, self.database:
                yield self
        finally:
            stop_all([*self._components.values(), *self._remains])

    def start(self, name: str, **more: str) -> None:
        """Start a component, with `more` in its environment."""
        command = self.command(name, {**self._environment, **more})
        self._components[name] = Child(_detached(command, number=len(self._remains)))

    def command(self, name: str, environment: Mapping[str, str]) -> Command:
        """Return the command that starts a component."""
        commands = components(self.home, environment)
        return next(command for command in commands if command.name == f"Airflow's {name}")

    def wait_until_healthy(self) -> None:
        """Wait until all components are healthy."""
        assert wait_until(self.api.is_healthy, list(self._components.values()), timeout_seconds=START_SECONDS)

    def process(self, name: str) -> psutil.Process:
        """Return the main process of a component."""
        kept = psutil.Process(self._components[name].pid).children()
        [process] = min(kept, key=psutil.Process.create_time).children()
        return process

    def end(self, name: str, seconds: float = 60.0) -> None:
        """Send SIGTERM to a component and wait until it has ended."""
        process = self.process(name)
        process.send_signal(signal.SIGTERM)
        process.wait(seconds)
        self._remains.append(self._components.pop(name))

    def ask_to_end(self, name: str) -> None:
        """Send SIGTERM to a component without waiting."""
        self.process(name).send_signal(signal.SIGTERM)
        self._remains.append(self._components.pop(name))

    def kill(self, name: str, *, with_children: bool = True) -> None:
        """Kill a component: all its processes at once, like a killed container, or only the main one."""
        process = self.process(name)
        children = process.children(recursive=True) if with_children else []
        kill_together([process, *children])
        self._remains.append(self._components.pop(name))


class Api(AirflowApi):
    """The sandbox's API client, extended by what people do with tasks and runs."""

    def has_dag(self, dag_id: str) -> bool:
        return self._http.get(f"/api/v2/dags/{dag_id}").is_success

    def unpause(self, dag_id: str) -> None:
        self._send("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def start_date(self, dag_id: str) -> datetime:
        answer = self._http.get(f"/api/v2/dags/{dag_id}/details").raise_for_status().json()
        return datetime.fromisoformat(answer["start_date"])

    def start_run(self, dag_id: str) -> str:
        answer = self._http.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})
        return str(answer.raise_for_status().json()["dag_run_id"])

    def mark_task(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        self._send("PATCH", f"{self._run(dag_id, run_id)}/taskInstances/{task_id}", {"new_state": state})

    def clear(self, dag_id: str, run_id: str, task_ids: list[str]) -> None:
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": task_ids}
        self._send("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def fail_run(self, dag_id: str, run_id: str) -> None:
        self._send("PATCH", self._run(dag_id, run_id), {"state": "failed"})

    def delete_run(self, dag_id: str, run_id: str) -> int:
        """Delete a run and return the HTTP status."""
        return self._http.delete(self._run(dag_id, run_id)).status_code

    def make_pool(self, name: str, slots: int, *, include_deferred: bool) -> None:
        body = {"name": name, "slots": slots, "include_deferred": include_deferred}
        self._send("POST", "/api/v2/pools", body)

    def _run(self, dag_id: str, run_id: str) -> str:
        return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}"


def kill_together(processes: list[psutil.Process]) -> None:
    """Kill processes so that none can react to the death of another."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _detached(command: Command, number: int) -> Command:
    """Wrap a command in a shell, since a supervisor kills everything that its own child leaves behind."""
    log = command.log.with_stem(f"{command.log.stem}-{number}")
    return replace(command, argv=("sh", "-c", '"$@"; exec sleep 86400', "sh", *command.argv), log=log)
