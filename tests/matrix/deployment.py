"""A real Airflow of any supported version on SQLite: its components as processes, and its tables."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from dag_factory import versions
from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow import home as airflow_home
from dag_factory.sandbox.airflow.home import AirflowHome
from dag_factory.sandbox.loopback import LOOPBACK, free_port
from dag_factory.sandbox.processes.child import Child, Command, run_to_end, running, wait_until
from tests.matrix.conftest import WITH_SQLITE

START_SECONDS = 180.0
RUN_ID = "run"
KEY = "only-for-these-tests-and-long-enough"
IS_2 = versions.VERSION < (3, 0)
# Airflow 2 reads DAG files in its scheduler and has no API that tasks need.
COMPONENTS = ("scheduler", "triggerer") if IS_2 else tuple(airflow_home.COMPONENTS)
ASSET_EVENTS = "dataset_event" if IS_2 else "asset_event"

SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "5",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}
SETTINGS_3 = {
    "AIRFLOW__API_AUTH__JWT_SECRET": KEY * 2,
    "AIRFLOW__API__SECRET_KEY": KEY,
    # Without an issuer, Airflow 3.0 puts an empty list into its tokens, which newer versions of PyJWT reject.
    "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
}

TRIGGER = """
import sys
from airflow.api.common.trigger_dag import trigger_dag
more = {}
if sys.argv[1] == "3":
    from airflow.utils.types import DagRunTriggeredByType
    more = {"triggered_by": DagRunTriggeredByType.TEST}
for dag_id in sys.argv[3:]:
    trigger_dag(dag_id, run_id=sys.argv[2], **more)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task instance and its number of tries."""

    state: str | None
    tries: int


class Deployment:
    """Airflow's components, which read `dags`; use it with `started`."""

    def __init__(self, folder: Path, dags: Path, airbyte: AirbyteAccess) -> None:
        self._home = AirflowHome(
            folder=folder / "airflow",
            dags=dags,
            logs=folder / "logs",
            port=free_port(),
            paused_at_creation=False,
        )
        self._environment = {
            **_environment(self._home),
            **airflow_home.connections(airbyte, ["airbyte_default"]),
        }
        self._children: list[Child] = []

    @contextmanager
    def started(self) -> Iterator[Deployment]:
        """Make the database, start all components, and stop them when the block ends."""
        self._home.folder.mkdir(parents=True)
        run_to_end(self._command("db", "migrate"), timeout_seconds=START_SECONDS)
        # Airflow 2's scheduler and triggerer accept the same options as Airflow 3's.
        commands = [self._command(name, *airflow_home.COMPONENTS[name]) for name in COMPONENTS]
        with running(commands) as children:
            self._children = list(children)
            yield self

    def wait_until(self, ready: Any, what: str, seconds: float = START_SECONDS) -> None:
        """Wait for a condition, or fail with `what`."""
        assert wait_until(ready, self._children, timeout_seconds=seconds), what

    def trigger(self, dag_ids: Iterable[str]) -> None:
        """Start one run of each DAG as soon as Airflow has read all of them."""
        wanted = sorted(dag_ids)

        def are_there() -> bool:
            return set(wanted) <= {row[0] for row in self._rows("SELECT dag_id FROM serialized_dag")}

        self.wait_until(are_there, "Airflow has not read all DAGs")
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", TRIGGER, "2" if IS_2 else "3", RUN_ID, *wanted],
            env=self._environment,
            check=True,
            capture_output=True,
        )

    def run_state(self, dag_id: str) -> str:
        """Return the state of a DAG's run."""
        [(state,)] = self._rows("SELECT state FROM dag_run WHERE dag_id = ?", dag_id)
        return str(state)

    def task(self, dag_id: str, task_id: str) -> Task:
        """Return a task instance."""
        query = "SELECT state, try_number FROM task_instance WHERE dag_id = ? AND task_id = ?"
        [(state, tries)] = self._rows(query, dag_id, task_id)
        return Task(state=state, tries=tries)

    def is_watched(self, dag_id: str) -> bool:
        """Whether a triggerer has the trigger of a DAG's deferred task."""
        query = """
            SELECT count(*) FROM task_instance i JOIN trigger t ON t.id = i.trigger_id
            WHERE i.dag_id = ? AND i.state = 'deferred' AND t.triggerer_id IS NOT NULL"""
        return bool(self._rows(query, dag_id)[0][0])

    def xcoms(self, dag_id: str, task_id: str) -> dict[str, Any]:
        """Return the XComs of a task, by key."""
        found = self._rows("SELECT key, value FROM xcom WHERE dag_id = ? AND task_id = ?", dag_id, task_id)
        # SQLite converts numeric JSON text to a number.
        return {key: json.loads(value) if isinstance(value, str | bytes) else value for key, value in found}

    def asset_events(self, dag_id: str) -> list[tuple[str, Any]]:
        """Return the asset events of a DAG's tasks: the task and its extra."""
        query = f"SELECT source_task_id, extra FROM {ASSET_EVENTS} WHERE source_dag_id = ?"
        return [(task_id, json.loads(extra)) for task_id, extra in self._rows(query, dag_id)]

    def variables(self, dag_ids: Iterable[str]) -> list[str]:
        """Return what is said of the Variables that the tasks of these DAGs have left."""
        beginnings = tuple(f"sync under way: {dag_id} " for dag_id in dag_ids)
        texts = [str(text) for (text,) in self._rows("SELECT description FROM variable")]
        return [text for text in texts if text.startswith(beginnings)]

    def mark_failed(self, dag_id: str, task_id: str) -> None:
        """Mark a deferred task as failed, as the UI does."""
        with closing(self._connection()) as connection, connection:
            change = "UPDATE task_instance SET state = 'failed' WHERE dag_id = ? AND task_id = ?"
            connection.execute(change, (dag_id, task_id))

    def end_triggerer(self) -> None:
        """Send SIGTERM to the triggerer and wait until it has ended."""
        child = self._children.pop(COMPONENTS.index("triggerer"))
        [process] = psutil.Process(child.pid).children()
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    def _command(self, name: str, *options: str) -> Command:
        return Command(
            name=f"Airflow's {name}",
            argv=(sys.executable, "-m", "airflow", name, *options),
            environment=self._environment,
            log=self._home.logs / f"{name}.log",
            grace_seconds=airflow_home.GRACE_SECONDS,
        )

    def _rows(self, query: str, *arguments: str) -> list[Any]:
        with closing(self._connection()) as connection:
            return connection.execute(query, arguments).fetchall()

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(self._home.folder / "airflow.db", timeout=30)


def _environment(home: AirflowHome) -> Mapping[str, str]:
    database = f"sqlite:///{home.folder / 'airflow.db'}"
    if not IS_2:
        return {**airflow_home.environment(home, os.environ), **SETTINGS, **SETTINGS_3}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    return {
        **kept,
        **SETTINGS,
        **WITH_SQLITE,
        # Without row locks, scheduling by a task and by the scheduler would count one try twice.
        "AIRFLOW__SCHEDULER__SCHEDULE_AFTER_TASK_EXECUTION": "False",
        "AIRFLOW_HOME": str(home.folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home.dags),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.folder / "logs"),
        "NO_PROXY": LOOPBACK,
    }
