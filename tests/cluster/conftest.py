"""One PostgreSQL, one Redis, one local Airbyte, one repository and one cluster for all these tests."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dag_factory.local_airbyte.server import LocalAirbyte
from dag_factory.sandbox.airbyte import AirbyteAccess
from tests.airflow_processes.conftest import pytest_terminal_summary, report
from tests.airflow_processes.postgres import postgres
from tests.airflow_processes.scenes import Lab
from tests.cluster.cluster import Cluster
from tests.cluster.estate import Estate
from tests.cluster.redis_server import redis

# Exported, since pytest collects hooks and fixtures from here.
__all__ = ["estate", "lab", "pytest_terminal_summary", "report"]

CLIENT_ID, SECRET = "tests-of-the-cluster", "test-secret"


@pytest.fixture(scope="session")
def estate(tmp_path_factory):
    """Return the repository with its first commit."""
    estate = Estate(tmp_path_factory.mktemp("estate"), Path(__file__).parents[2] / "dags")
    (estate.configs / "defaults.yaml").write_text("catchup: false\n")
    estate.publish()
    return estate


@pytest.fixture(scope="session")
def lab(tmp_path_factory, estate):
    """Start everything, for the whole session."""
    folder = tmp_path_factory.mktemp("cluster")
    with (
        LocalAirbyte.start(folder / "airbyte", client_id=CLIENT_ID, client_secret=SECRET) as airbyte,
        postgres() as database,
        redis(folder / "redis") as broker,
    ):
        access = AirbyteAccess(url=airbyte.url, client_id=CLIENT_ID, client_secret=SECRET)
        with (
            Cluster(folder, broker, database, estate, access).started() as cluster,
            closing(Lab(cluster, airbyte, estate.configs)) as lab,
        ):
            yield lab
