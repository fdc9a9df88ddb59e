"""The guide's notifiers, created by Airflow, render what the guide says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import BundleDagBag

from dag_factory import versions
from dag_factory.operators import results

pytestmark = pytest.mark.airflow

GUIDE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text("utf-8")
BLOCK = re.compile(r"^```(?:yaml|python) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def dags(repository, tmp_path, monkeypatch):
    """Return the DAGs of the guide; Airflow adds their folder to Python's path permanently."""
    monkeypatch.syspath_prepend(tmp_path / "dags")
    shutil.copytree(repository / "dags", tmp_path / "dags")
    (tmp_path / "configs").mkdir()
    for name, text in BLOCK.findall(GUIDE):
        (tmp_path / name).write_text(text, "utf-8")
    folder = tmp_path / "dags"
    return BundleDagBag(str(folder), bundle_path=folder, bundle_name="dags").dags


def called(callbacks, context, monkeypatch):
    """Call a callback as Airflow does, without sending anything."""
    monkeypatch.setattr(versions, "failed_task_ids", lambda _dag, _run_id: ["google.wait", "meta.trigger"])
    pages = {"google.wait": "https://airbyte.example.com/google"}
    monkeypatch.setattr(results, "read_page", lambda _dag, _run, task_id: pages.get(task_id))
    *others, notifier = callbacks
    monkeypatch.setattr(notifier, "notify", lambda _context: None)
    for each in (*others, notifier):
        each(context)
    return notifier


def test_the_notification_of_a_run_names_the_failed_tasks(dags, monkeypatch):
    dag = dags["ads"]
    # The minimum that Airflow provides.
    context = {"dag": dag, "run_id": "run", "reason": "task_failure"}
    notifier = called(dag.on_failure_callback, context, monkeypatch)
    assert notifier.subject == "ads failed: task_failure"
    assert notifier.html_content == (
        "Run run<br>google.wait (https://airbyte.example.com/google)<br>meta.trigger"
    )


def test_the_notification_of_a_retry_names_the_exception(dags, monkeypatch):
    [task, *_] = dags["ads"].tasks
    ti = SimpleNamespace(task_id=task.task_id)
    context = {"dag": dags["ads"], "run_id": "run", "ti": ti, "exception": ValueError("job 3 failed")}
    notifier = called(task.on_retry_callback, context, monkeypatch)
    assert (notifier.subject, notifier.html_content) == ("google.trigger is tried again", "job 3 failed")


def test_a_module_next_to_the_loader_files_is_found(dags, monkeypatch):
    context = {"dag": dags["orders"], "run_id": "run", "reason": "task_failure"}
    notifier = called(dags["orders"].on_failure_callback, context, monkeypatch)
    assert notifier.text == "orders: google.wait (https://airbyte.example.com/google), meta.trigger"
