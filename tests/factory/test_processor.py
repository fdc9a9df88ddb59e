"""The promise on Airflow's real DAG processor: a bad file stops nobody, and nobody can overlook it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

# One at a time with the other tests that start processes of Airflow.
pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.stack, pytest.mark.xdist_group("stack")]

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
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)

    def look(*, callbacks=False):
        # Callbacks are run beside the second look at their file.
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
    return root, look, run_python


def test_a_bad_file_stops_no_other_dag_and_shows_until_it_is_mended(processor):
    root, look, _ = processor
    assert look() == ({"good": 0, "other": 0}, [])

    (root / "bad.yaml").write_text(GOOD.replace("@daily", "@dayly"))
    stale, ((file, text),) = look()
    assert stale == {"good": 0, "other": 0}
    assert file == "airbyte_config_errors.py"
    assert "configs/bad.yaml:1:12: error: unknown preset '@dayly' [bad-cron]" in text

    (root / "bad.yaml").unlink()
    assert look() == ({"good": 0, "other": 0}, [])


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
        Path(__file__).with_name("told.txt").write_text(self.text)
"""


def test_a_run_that_fails_names_each_task_that_failed_and_its_page(processor, tmp_path):
    root, look, run_python = processor
    (root / "ads.yaml").write_text(NOTIFIED)
    (tmp_path / "dags" / "made_up_alerts.py").write_text(RECORDER)
    assert look()[1] == []
    run_python(Path(__file__).with_name("failed_run.py"))
    look(callbacks=True)
    assert (tmp_path / "dags" / "told.txt").read_text() == (
        "ads task_failure None: google (https://airbyte.example.com/google), "
        "meta.wait (https://airbyte.example.com/meta.wait)"
    )
