"""The components of a real Airflow for a benchmark, with Airflow's default settings, and its DAGs."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from processes import REPOSITORY

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow.home import AirflowHome, components, connections, environment, migration
from dag_factory.sandbox.loopback import free_port
from dag_factory.sandbox.processes.child import Command, run_to_end

START_SECONDS = 180.0
# Airflow's own defaults where the sandbox differs, since the figures are about production.
DEFAULTS = {
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "300",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
}


def make_home(folder: Path) -> AirflowHome:
    """Create the folders of an Airflow whose DAGs this package loads from `configs`."""
    home = AirflowHome(
        folder=folder / "airflow",
        dags=folder / "dags",
        logs=folder / "logs",
        port=free_port(),
        paused_at_creation=False,
    )
    for each in (home.folder, home.dags, home.logs, folder / "configs"):
        each.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dags" / "airbyte_syncs.py", home.dags)
    return home


def write_dag(home: AirflowHome, dag_id: str, connection_ids: Sequence[str], **sync: object) -> None:
    """Write the configuration of a DAG with one sync per connection."""
    syncs = {
        f"load_{number}": {"connection_id": connection_id, **sync}
        for number, connection_id in enumerate(connection_ids)
    }
    document = {"schedule": None, "syncs": syncs}
    (home.dags.parent / "configs" / f"{dag_id}.yaml").write_text(yaml.safe_dump(document), "utf-8")


def connection_id(number: int) -> str:
    """Return the id of the connection with this number."""
    return str(uuid.UUID(int=number << 32, version=4))


def variables(home: AirflowHome, database: str, airbyte_url: str, **settings: str) -> dict[str, str]:
    """Return the environment of Airflow's processes; `settings` are variables of it."""
    access = AirbyteAccess(url=airbyte_url, client_id="benchmark", client_secret="made-up")  # noqa: S106
    return {
        **environment(home, os.environ),
        **connections(access, ["airbyte_default"]),
        **DEFAULTS,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        **settings,
    }


def migrate(home: AirflowHome, environment: Mapping[str, str]) -> None:
    """Create Airflow's tables."""
    run_to_end(migration(home, environment), timeout_seconds=START_SECONDS)


def component(home: AirflowHome, environment: Mapping[str, str], name: str) -> Command:
    """Return the command that starts a component."""
    return next(each for each in components(home, environment) if each.name == f"Airflow's {name}")
