"""An in-memory Airbyte, and a stage on which Airflow's tasks use it."""

from __future__ import annotations

import pytest

from tests.airbyte.fake_airbyte import FakeAirbyte
from tests.airbyte.fake_server import http_of


@pytest.fixture
def airbyte():
    return FakeAirbyte(run_seconds=480)


@pytest.fixture
def stage(airbyte, configs, monkeypatch):
    """Return a stage on which tasks run as in Airflow, without its database."""
    # Airflow reads its home on import, and pytest imports this file before the home is set.
    from airflow.sdk.bases.operator import ExecutorSafeguard  # noqa: PLC0415 (see above)

    from tests.operators.task_runs import Stage  # noqa: PLC0415 (see above)

    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    with http_of(airbyte) as url:
        yield Stage(airbyte, url, configs, monkeypatch)
