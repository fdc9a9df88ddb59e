"""These tests run on any supported Airflow; `combinations` runs them on each."""

from __future__ import annotations

import os

import pytest

# Airflow 2 accepts SQLite with LocalExecutor only with this setting, which Airflow 3 ignores.
WITH_SQLITE = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
}


# Last, since the parent `conftest` removes all of Airflow's variables from the environment.
@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if "matrix" in config.option.markexpr:
        os.environ.update(WITH_SQLITE)
