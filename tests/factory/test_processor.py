"""Airflow's real DAG processor: a bad file affects no other DAG, and its error is visible."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

# Not in parallel with other tests that start Airflow processes.
pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.stack, pytest.mark.xdist_group("stack")]

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}0\n'


@pytest.fixture
def processor(repository, configs, tmp_path):
    """Return a configuration folder and functions that run the DAG processor once and a Python script."""
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
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)

    def parse(*, callbacks=False):
        # Callbacks run with the second parse of their file.
        airflow("dag-processor", "--num-runs", "2" if callbacks else "1")
        with sqlite3.connect(home / "airflow.db") as database:
            stale = dict(database.execute("select dag_id, is_stale from dag").fetchall())
            errors = database.execute("select filename, stacktrace from import_error").fetchall()
        database.close()
        return stale, errors

    def run_python(script):
        subprocess.run(
            [sys.executable, script], env=environment, check=True, capture_output=True, timeout=300
        )

    airflow("db", "migrate")
    return root, parse, run_python


def test_a_bad_file_affects_no_other_dag_and_shows_until_it_is_fixed(processor):
    root, parse, _ = processor
    assert parse() == ({"good": 0, "other": 0}, [])

    (root / "bad.yaml").write_text(GOOD.replace("@daily", "@dayly"))
    stale, ((file, text),) = parse()
    assert stale == {"good": 0, "other": 0}
    assert file == "airbyte_config_errors.py"
    assert "configs/bad.yaml:1:12: error: unknown preset '@dayly' [bad-cron]" in text

    (root / "bad.yaml").unlink()
    assert parse() == ({"good": 0, "other": 0}, [])


NOTIFIED = """\
schedule: null
notify:
  on_failure:
    - notifier: made_up_alerts.Recorder
      text: "{{ dag.dag_id }} {{ reason }} {{ exception }}: {{ failed_tasks | join(', ') }}"
syncs:
  google: {connection_id: 1e3b5a72-7bfd-4808-a13c-204505490112, mode: sync}
  meta: 1e3b5a72-7bfd-4808-a13c-204505490113
  good: 1e3b5a72-7bfd-4808-a13c-204505490114
"""

RECORDER = """
from pathlib import Path
from airflow.providers.common.compat.sdk import BaseNotifier

class Recorder(BaseNotifier):
    template_fields = ("text",)

    def __init__(self, text):
        super().__init__()
        self.text = text

    def notify(self, context):
        Path(__file__).with_name("notified.txt").write_text(self.text)
"""


def test_a_failed_run_names_each_failed_task_and_its_page(processor, tmp_path):
    root, parse, run_python = processor
    (root / "ads.yaml").write_text(NOTIFIED)
    (tmp_path / "dags" / "made_up_alerts.py").write_text(RECORDER)
    assert parse()[1] == []
    run_python(Path(__file__).with_name("failed_run.py"))
    parse(callbacks=True)
    assert (tmp_path / "dags" / "notified.txt").read_text() == (
        "ads task_failure None: google (https://airbyte.example.com/google), "
        "meta.wait (https://airbyte.example.com/meta.wait)"
    )
