from __future__ import annotations

import json
from pathlib import Path

import pytest

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow.home import AirflowHome, components, connections, environment, migration

HOME = AirflowHome(
    folder=Path("/sandbox/airflow"),
    dags=Path("/dags"),
    logs=Path("/sandbox/logs"),
    port=1234,
    paused_at_creation=True,
)


def test_settings_of_the_callers_airflow_are_dropped():
    inherited = {
        "PATH": "/bin",
        "AIRFLOW_HOME": "/home/me/airflow",
        "AIRFLOW__CORE__FERNET_KEY": "mine",
        "AIRFLOW_CONN_AIRBYTE_DEFAULT": "http://production",
        "AIRFLOW_VAR_X": "x",
        "DAG_FACTORY_ENV": "dev",
        "HTTP_PROXY": "http://proxy",
        "no_proxy": "example.org",
    }
    own = environment(HOME, inherited)
    assert own["AIRFLOW_HOME"] == "/sandbox/airflow"
    assert own["PATH"] == "/bin"
    assert own["DAG_FACTORY_ENV"] == "dev"
    assert own["no_proxy"] == own["NO_PROXY"] == "127.0.0.1"
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW_CONN_AIRBYTE_DEFAULT", "AIRFLOW_VAR_X"):
        assert name not in own


def test_everything_is_on_the_loopback():
    own = environment(HOME, {})
    assert own["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert own["AIRFLOW__API__PORT"] == "1234"
    assert own["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:1234"
    assert own["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:1234/execution/"
    assert own["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "sqlite:////sandbox/airflow/airflow.db"
    log_servers = {command.name: "--skip-serve-logs" in command.argv for command in components(HOME, own)}
    assert log_servers == {
        "Airflow's api-server": False,
        "Airflow's dag-processor": False,
        "Airflow's scheduler": True,
        "Airflow's triggerer": True,
    }


@pytest.mark.parametrize("is_paused", [True, False])
def test_new_dags_are_paused_or_not(is_paused):
    home = AirflowHome(
        folder=HOME.folder, dags=HOME.dags, logs=HOME.logs, port=1, paused_at_creation=is_paused
    )
    assert environment(home, {})["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == str(is_paused)


def test_all_connections_lead_to_the_one_airbyte():
    access = AirbyteAccess(url="http://127.0.0.1:5/api/public/v1", client_id="me", client_secret="secret")
    variables = connections(access, ["airbyte_default", "airbyte_eu"])
    assert set(variables) == {"AIRFLOW_CONN_AIRBYTE_DEFAULT", "AIRFLOW_CONN_AIRBYTE_EU"}
    assert json.loads(variables["AIRFLOW_CONN_AIRBYTE_EU"]) == {
        "conn_type": "airbyte",
        "host": "http://127.0.0.1:5/api/public/v1",
        "login": "me",
        "password": "secret",
        "extra": {"timeout": 120},
    }


def test_each_process_has_its_log():
    commands = [migration(HOME, {}), *components(HOME, {})]
    assert [command.log.name for command in commands] == [
        "airflow-db.log",
        "airflow-api-server.log",
        "airflow-dag-processor.log",
        "airflow-scheduler.log",
        "airflow-triggerer.log",
    ]
