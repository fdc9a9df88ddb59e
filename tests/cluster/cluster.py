"""Airflow as on several machines: CeleryExecutor, two workers, two triggerers and a git bundle.

Each component that runs DAG code has its own bundle folder, as on a separate machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.processes.child import Command, wait_until
from tests.airflow_processes.airflow import START_SECONDS, Airflow
from tests.cluster import machine
from tests.cluster.estate import BRANCH, Estate

# Concurrent tasks per worker.
CONCURRENCY = 5
WORKERS = ("worker-1", "worker-2")
TRIGGERERS = ("triggerer-1", "triggerer-2")
SLOTS = CONCURRENCY * len(WORKERS)


def settings(broker: str, database: str, estate: Estate) -> dict[str, str]:
    """Return the options that turn Airflow into a cluster."""
    bundle = {
        "name": "estate",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": {"tracking_ref": BRANCH, "subdir": "dags", "refresh_interval": 3},
    }
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{machine.__name__}.{machine.name.__name__}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "AIRFLOW__CORE__PARALLELISM": str(SLOTS),
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(CONCURRENCY),
        # A worker prefetches tasks from Redis: if it dies, they stay `queued`.
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
        # A new commit is parsed immediately all the same.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW_CONN_GIT_DEFAULT": json.dumps({"conn_type": "git", "host": str(estate.origin)}),
    }


class Cluster(Airflow):
    """Two workers and two triggerers, with one scheduler, DAG processor and API server."""

    names = ("api-server", "dag-processor", "scheduler", *TRIGGERERS, *WORKERS)

    def __init__(
        self, folder: Path, broker: str, database: str, estate: Estate, airbyte: AirbyteAccess
    ) -> None:
        super().__init__(folder, estate.configs, database, airbyte, **settings(broker, database, estate))
        self._folder = folder

    def command(self, name: str, environment: Mapping[str, str]) -> Command:
        """Return the command that starts a component."""
        own = {
            **environment,
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(self._folder / "bundles" / name),
            machine.VARIABLE: name,
        }
        if name in WORKERS:
            return self._worker(name, own)
        command = super().command("triggerer" if name in TRIGGERERS else name, own)
        return replace(command, log=self._log(name))

    def wait_until_healthy(self) -> None:
        """Wait until all components are healthy and the workers accept tasks."""
        super().wait_until_healthy()
        children = [self._components[name] for name in WORKERS if name in self._components]

        def are_ready() -> bool:
            return all(" ready." in child.command.log.read_text() for child in children)

        assert wait_until(are_ready, children, timeout_seconds=START_SECONDS)

    def tasks(self, worker: str) -> int:
        """Return how many tasks a worker runs."""
        query = "SELECT count(*) FROM task_instance WHERE state = 'running' AND hostname = %s"
        return int(self.database.value(query, worker))

    def triggers(self, triggerer: str) -> int:
        """Return how many triggers a triggerer has."""
        query = "SELECT count(*) FROM trigger JOIN job ON job.id = triggerer_id WHERE hostname = %s"
        return int(self.database.value(query, triggerer))

    def is_busy(self, worker: str, triggerer: str) -> bool:
        """Whether both run more than one task or trigger."""
        return self.tasks(worker) > 1 and self.triggers(triggerer) > 1

    def _worker(self, name: str, environment: Mapping[str, str]) -> Command:
        options = ("--celery-hostname", name, "--pid", str(self._folder / f"{name}.pid"), "--skip-serve-logs")
        return Command(
            name=f"Airflow's {name}",
            argv=(sys.executable, "-m", "airflow", "celery", "worker", *options),
            environment=environment,
            log=self._log(name),
            grace_seconds=4.0,
        )

    def _log(self, name: str) -> Path:
        return self.home.logs / f"airflow-{name}.log"
