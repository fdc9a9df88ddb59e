"""The promise on Airflow's real DAG processor: a bad file stops nobody, and nobody can overlook it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}0\n'


@pytest.fixture
def processor(repository, configs, tmp_path):
    """A DAG repository, an Airflow home of its own, and a way to let the processor look once."""
    root = configs({"good.yaml": GOOD, "other.yaml": GOOD.replace("110", "111")})
    shutil.copytree(repository / "dags", tmp_path / "dags")
    home = tmp_path / "home"
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "0",
    }

    def airflow(*arguments):
        command = [str(Path(sys.executable).with_name("airflow")), *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)

    def look():
        airflow("dag-processor", "--num-runs", "1")
        with sqlite3.connect(home / "airflow.db") as database:
            stale = dict(database.execute("select dag_id, is_stale from dag").fetchall())
            errors = database.execute("select filename, stacktrace from import_error").fetchall()
        database.close()
        return stale, errors

    airflow("db", "migrate")
    return root, look


def test_a_bad_file_stops_no_other_dag_and_shows_until_it_is_mended(processor):
    root, look = processor
    assert look() == ({"good": 0, "other": 0}, [])

    (root / "bad.yaml").write_text(GOOD.replace("@daily", "@dayly"))
    stale, ((file, text),) = look()
    assert stale == {"good": 0, "other": 0}
    assert file == "airbyte_config_errors.py"
    assert "configs/bad.yaml:1:12: error: unknown preset '@dayly' [bad-cron]" in text

    (root / "bad.yaml").unlink()
    assert look() == ({"good": 0, "other": 0}, [])
