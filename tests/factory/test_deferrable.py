"""Airflow's settings that this package reads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.airflow

PROGRAM = "from dag_factory.factory.deferrable import default_deferrable; print(default_deferrable())"
VARIABLE = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


@pytest.mark.parametrize(
    ("text", "variable", "expected"),
    [
        (None, None, "None"),
        ("false", None, "None"),  # what Airflow itself writes
        ("False", None, "False"),
        ("True", None, "True"),
        ("false", "False", "False"),
        ("false", "True", "True"),
    ],
)
def test_default_deferrable_applies_only_if_it_is_set(tmp_path, text, variable, expected):
    if text is not None:
        (tmp_path / "airflow.cfg").write_text(f"[operators]\ndefault_deferrable = {text}\n")
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)} | ({VARIABLE: variable} if variable else {})
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == expected
