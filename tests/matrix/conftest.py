"""These tests run on any supported Airflow; `combinations` runs them on each."""

from __future__ import annotations

import os

import pytest

# Airflow 2 takes SQLite with its LocalExecutor only so; Airflow 3 knows nothing of it.
WITH_SQLITE = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
}


# Last, since the one above clears the environment of all that Airflow reads.
@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if "matrix" in config.option.markexpr:
        os.environ.update(WITH_SQLITE)
