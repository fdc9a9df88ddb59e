"""Syncs in each mode on the real Airflow of a version: its scheduler, triggerer and task runner.

All runs proceed concurrently while the first test waits for its own.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx
import pytest
import yaml

from dag_factory import versions
from dag_factory.local_airbyte.model.job import Job
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.server import LocalAirbyte
from dag_factory.sandbox.airbyte import AirbyteAccess
from tests.matrix.deployment import Deployment, Task

pytestmark = pytest.mark.matrix

CLIENT_ID, SECRET = "tests-of-the-matrix", "a-secret-of-the-matrix"
MODES = {
    "sync": {"mode": "sync"},
    "sync_deferrable": {"mode": "sync", "deferrable": True},
    "async": {"mode": "async", "deferrable": False},
    "async_deferrable": {"mode": "async", "deferrable": True},
}
DEFERRABLE = [mode for mode in MODES if "deferrable" in mode]
TIMEOUT_SECONDS = 240.0

# The first try ends after the job was created and before the task waits for it, or after the job has ended
# and before Airflow records that. Its process dies or raises: Airflow 3.0 fails a task whose process has died
# without a retry.
DAG_FILE = """
import os, signal
import airflow.providers.airbyte.operators.airbyte
from dag_factory import config_folder, load_dags
from dag_factory.operators import operator

usual = operator.publish_page

def die(context, page):
    ti = context["ti"]
    if ti.dag_id == "killed_worker" and ti.try_number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if ti.dag_id == "broken_off" and ti.try_number == 1:
        raise OSError("out of luck")
    usual(context, page)

operator.publish_page = die
usual_end = operator.publish

def die_at_the_end(context, job, page):
    if context["ti"].dag_id.startswith("lost") and context["ti"].try_number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return usual_end(context, job, page)

operator.publish = die_at_the_end
globals().update(load_dags(config_folder(__file__)))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lab:
    """A real Airflow and a local Airbyte."""

    airflow: Deployment
    airbyte: LocalAirbyte
    connections: dict[str, str]

    def jobs(self, dag_id: str) -> list[Job]:
        """Return all jobs of a DAG's connection, oldest first."""
        wanted = JobQuery(connection_ids=(self.connections[dag_id],))
        return sorted(self.airbyte.platform.store.jobs(wanted), key=lambda job: job.job_id)

    def statuses(self, dag_id: str) -> list[str]:
        """Return the statuses of these jobs."""
        return [job.status for job in self.jobs(dag_id)]

    def finish(self, dag_id: str) -> str:
        """Wait for the end of a DAG's run, and return its state."""
        over = ("success", "failed")
        self.airflow.wait_until(
            lambda: self.airflow.run_state(dag_id) in over, f"{dag_id} goes on", TIMEOUT_SECONDS
        )
        return self.airflow.run_state(dag_id)

    def wait_for_trigger(self, dag_id: str) -> None:
        """Wait until a triggerer has the trigger of a DAG."""
        self.airflow.wait_until(
            lambda: self.airflow.is_watched(dag_id), f"{dag_id}: no trigger", TIMEOUT_SECONDS
        )


def script(end="succeed", seconds=1.0, times=None):
    return {"steps": [{"run": seconds}], "end": end, "times": times}


def scenes():
    """Yield the DAGs: their id, mode and the scripts of their jobs."""
    for mode in MODES:
        yield f"plain_{mode}", mode, [script()]
        yield f"failing_{mode}", mode, [script("fail", times=1), script()]
    for dag_id in ("killed_worker", "broken_off"):
        yield dag_id, "sync", [script(seconds=6.0)]
    for mode in ("sync", "sync_deferrable"):
        yield f"lost_{mode}", mode, [script()]
    for mode in DEFERRABLE:
        yield f"killed_{mode}", mode, [script("hang")]
    yield "moved", "sync_deferrable", [script("hang")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "dags").mkdir()
    (folder / "configs").mkdir()
    (folder / "dags" / "syncs.py").write_text(DAG_FILE)
    with LocalAirbyte.start(folder / "airbyte", client_id=CLIENT_ID, client_secret=SECRET) as airbyte:
        connections = {}
        for dag_id, mode, scripts in scenes():
            connections[dag_id] = make_connection(airbyte, dag_id, scripts)
            write(folder / "configs" / f"{dag_id}.yaml", connections[dag_id], MODES[mode])
        access = AirbyteAccess(url=airbyte.url, client_id=CLIENT_ID, client_secret=SECRET)
        with Deployment(folder, folder / "dags", access).started() as airflow:
            airflow.trigger(connections)
            yield Lab(airflow=airflow, airbyte=airbyte, connections=connections)


def make_connection(airbyte, dag_id, scripts):
    """Make a connection in Airbyte, and return its id."""
    connection = str(uuid.uuid4())
    url = f"{airbyte.admin_url}/connections/{connection}"
    httpx.put(url, json={"name": dag_id.replace("_", "-")}).raise_for_status()
    httpx.patch(url, json={"scripts": scripts}).raise_for_status()
    return connection


def write(path, connection, mode):
    sync = {"connection_id": connection, "wait_seconds": 2, "retries": 1, "retry_delay": 1, **mode}
    document = {"schedule": None, "syncs": {"money": {**sync, "outlets": ["warehouse"]}}}
    path.write_text(yaml.safe_dump(document))


def last_task(mode):
    """Return the id of the task that ends the sync."""
    return "money.wait" if mode.startswith("async") else "money"


@pytest.mark.parametrize("mode", MODES)
def test_a_sync_creates_one_job_and_leaves_its_counts(lab, mode):
    dag_id, task_id = f"plain_{mode}", last_task(mode)
    assert lab.finish(dag_id) == "success"
    assert lab.airflow.task(dag_id, task_id) == Task(state="success", tries=1)
    [job] = lab.jobs(dag_id)
    left = lab.airflow.xcoms(dag_id, task_id)
    assert {key: left.get(key) for key in ("return_value", "rows", "bytes")} == {
        "return_value": job.job_id,
        "rows": job.rows,
        "bytes": job.bytes,
    }
    assert job.rows > 0
    assert left["duration"] >= 0
    assert left["airbyte_url"].endswith(f"/connections/{lab.connections[dag_id]}/timeline")
    extra = {"job_id": job.job_id, **{key: left[key] for key in ("rows", "bytes", "duration", "airbyte_url")}}
    events = lab.airflow.asset_events(dag_id)
    assert events
    assert events == [(task_id, extra)] * len(events)


@pytest.mark.parametrize("mode", MODES)
def test_a_retry_after_a_failed_job_creates_another(lab, mode):
    dag_id, task_id = f"failing_{mode}", last_task(mode)
    assert lab.finish(dag_id) == "success"
    assert lab.airflow.task(dag_id, task_id) == Task(state="success", tries=2)
    assert lab.statuses(dag_id) == ["failed", "succeeded"]
    assert lab.airflow.xcoms(dag_id, task_id)["return_value"] == lab.jobs(dag_id)[-1].job_id


def test_a_retry_after_a_crash_resumes_the_job(lab):
    assert lab.finish("broken_off") == "success"
    assert lab.airflow.task("broken_off", "money") == Task(state="success", tries=2)
    assert lab.statuses("broken_off") == ["succeeded"]


def test_a_retry_after_the_death_of_the_worker_resumes_the_job(lab):
    state, tries = ("failed", 1) if versions.VERSION == (3, 0) else ("success", 2)
    assert lab.finish("killed_worker") == state
    assert lab.airflow.task("killed_worker", "money") == Task(state=state, tries=tries)
    lab.airflow.wait_until(lambda: lab.statuses("killed_worker") == ["succeeded"], "the job goes on", 60)


@pytest.mark.parametrize("mode", ["sync", "sync_deferrable"])
def test_a_retry_after_a_death_at_the_end_takes_the_job_as_its_result(lab, mode):
    state, tries = ("failed", 1) if versions.VERSION == (3, 0) else ("success", 2)
    assert lab.finish(f"lost_{mode}") == state
    assert lab.airflow.task(f"lost_{mode}", "money") == Task(state=state, tries=tries)
    assert lab.statuses(f"lost_{mode}") == ["succeeded"]


def test_a_success_leaves_no_variable(lab):
    succeeding = (
        "plain_sync",
        "plain_sync_deferrable",
        "failing_sync",
        "failing_sync_deferrable",
        "broken_off",
    )
    assert {lab.finish(dag_id) for dag_id in succeeding} == {"success"}
    lab.airflow.wait_until(lambda: not lab.airflow.variables(succeeding), "Variables are left", 60)


@pytest.mark.parametrize("mode", DEFERRABLE)
def test_a_person_who_ends_a_deferred_task_cancels_the_job(lab, mode):
    dag_id = f"killed_{mode}"
    lab.wait_for_trigger(dag_id)
    lab.airflow.wait_until(lambda: lab.statuses(dag_id) == ["running"], "no job runs")
    lab.airflow.mark_failed(dag_id, last_task(mode))
    lab.airflow.wait_until(lambda: lab.statuses(dag_id) == ["cancelled"], "the job goes on", 60)
    assert lab.finish(dag_id) == "failed"


def test_a_triggerer_that_ends_leaves_the_job_alone(lab):
    """This test is last, since no deferred task resumes after it."""
    lab.wait_for_trigger("moved")
    lab.airflow.wait_until(lambda: lab.statuses("moved") == ["running"], "no job runs")
    lab.airflow.end_triggerer()
    assert lab.statuses("moved") == ["running"]
    assert lab.airflow.task("moved", "money").state == "deferred"
