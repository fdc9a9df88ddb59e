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

TOLD = pytest.StashKey[list[str]]()
CLIENT_ID, SECRET = "tests-of-processes", "test-secret"


def pytest_terminal_summary(terminalreporter, config):
    """Show what was seen and measured."""
    lines = config.stash.get(TOLD, [])
    if lines:
        terminalreporter.section("seen on the real Airflow")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tell(pytestconfig):
    """Return a function that takes a line to show at the end of the session."""
    return pytestconfig.stash.setdefault(TOLD, []).append


@pytest.fixture(scope="session")
def lab(request, tmp_path_factory):
    """All that runs, for the whole session."""
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
