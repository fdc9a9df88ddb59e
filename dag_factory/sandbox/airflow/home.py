"""An Airflow of our own: the environment of its processes, and the commands that start them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.loopback import LOOPBACK
from dag_factory.sandbox.processes.child import Command

# Components in the order of their start. `airflow standalone` starts the same four, but with log servers that
# listen on every interface; here the API server reads the log files from the disk.
COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": (),
    "dag-processor": (),
    "scheduler": ("--skip-serve-logs",),
    "triggerer": ("--skip-serve-logs",),
}
# Idle components end within 2 s; a scheduler would wait for its running tasks, however long they take.
GRACE_SECONDS = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AirflowHome:
    """Folders, port and settings of an Airflow of our own."""

    folder: Path
    dags: Path
    logs: Path
    port: int
    paused_at_creation: bool

    @property
    def url(self) -> str:
        """The URL of the UI and of the API."""
        return f"http://{LOOPBACK}:{self.port}"


def environment(home: AirflowHome, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Airflow's processes, without settings of the user's own Airflow."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AIRFLOW")}
    settings = {
        f"AIRFLOW__{section}__{key}".upper(): value
        for section, options in _settings(home).items()
        for key, value in options.items()
    }
    return {
        **kept,
        **settings,
        "AIRFLOW_HOME": str(home.folder),
        # Requests to this machine must not go through a proxy from the environment.
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
        "NO_COLOR": "1",
    }


def connections(airbyte: AirbyteAccess, conn_ids: Iterable[str]) -> dict[str, str]:
    """Return the environment variables that define, for each id, an Airflow connection to Airbyte."""
    value = json.dumps(
        {
            "conn_type": "airbyte",
            "host": airbyte.url,
            "login": airbyte.client_id,
            "password": airbyte.client_secret,
            "extra": {"timeout": 120},
        }
    )
    return {f"AIRFLOW_CONN_{conn_id.upper()}": value for conn_id in conn_ids}


def migration(home: AirflowHome, environment: Mapping[str, str]) -> Command:
    """Return the command that creates the database; it also writes `airflow.cfg` with new keys, once."""
    return _command(home, environment, "db", ("migrate",))


def components(home: AirflowHome, environment: Mapping[str, str]) -> list[Command]:
    """Return the commands of Airflow's long-running processes."""
    return [_command(home, environment, name, options) for name, options in COMPONENTS.items()]


def _command(
    home: AirflowHome, environment: Mapping[str, str], name: str, options: tuple[str, ...]
) -> Command:
    return Command(
        name=f"Airflow's {name}",
        argv=(sys.executable, "-m", "airflow", name, *options),
        environment=environment,
        log=home.logs / f"airflow-{name}.log",
        grace_seconds=GRACE_SECONDS,
    )


def _settings(home: AirflowHome) -> dict[str, dict[str, str]]:
    """Return Airflow's options by section. Source: Airflow 3's configuration reference."""
    return {
        "core": {
            "dags_folder": str(home.dags),
            "executor": "LocalExecutor",
            "parallelism": "8",  # worker processes, all forked at the start
            "load_examples": "False",
            "dags_are_paused_at_creation": str(home.paused_at_creation),
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_all_admins": "True",  # no login: everyone on the loopback is admin
            "execution_api_server_url": f"{home.url}/execution/",  # for the workers' reports
            "hostname_callable": "socket.gethostname",  # the default may wait for a name server
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{home.folder / 'airflow.db'}"},
        "logging": {
            "base_log_folder": str(home.folder / "logs"),
            "colored_console_log": "False",
        },
        "api": {
            "host": LOOPBACK,
            "port": str(home.port),
            "base_url": home.url,
            "workers": "1",
        },
        # The delay with which a supervisor notices that its task has ended. With the default of 5 s, a
        # sensor that pokes again after 5 s is queued before its last poke is reported, and Airflow fails it.
        "workers": {"min_heartbeat_interval": "1"},
        "dag_processor": {
            "refresh_interval": "5",
            "bundle_refresh_check_interval": "5",
            "min_file_process_interval": "5",
        },
        "usage_data_collection": {"enabled": "False"},
    }
