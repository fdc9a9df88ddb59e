"""One PostgreSQL, one local Airbyte and one Airflow for all these tests."""

from __future__ import annotations

from contextlib import closing

import pytest

from dag_factory.local_airbyte.server import LocalAirbyte
from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow.dags_folder import dags_folder
from tests.airflow_processes.airflow import Airflow
from tests.airflow_processes.postgres import postgres
from tests.airflow_processes.scenes import Lab

LINES = pytest.StashKey[list[str]]()
CLIENT_ID, SECRET = "tests-of-processes", "test-secret"


def pytest_terminal_summary(terminalreporter, config):
    """Print the observations and measurements."""
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("seen on the real Airflow")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def report(pytestconfig):
    """Return a function that adds a line to the summary of the session."""
    return pytestconfig.stash.setdefault(LINES, []).append


@pytest.fixture(scope="session")
def lab(request, tmp_path_factory):
    """Start everything, for the whole session."""
    folder = tmp_path_factory.mktemp("processes")
    configs = folder / "configs"
    configs.mkdir()
    dags = dags_folder(request.config.rootpath / "dags", configs, folder)
    with (
        LocalAirbyte.start(folder / "airbyte", client_id=CLIENT_ID, client_secret=SECRET) as airbyte,
        postgres() as database,
    ):
        access = AirbyteAccess(url=airbyte.url, client_id=CLIENT_ID, client_secret=SECRET)
        with (
            Airflow(folder, dags, database, access).started() as airflow,
            closing(Lab(airflow, airbyte, configs)) as lab,
        ):
            yield lab
