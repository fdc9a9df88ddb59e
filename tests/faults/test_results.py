"""What a sync leaves in Airflow, in every mode: the job's id, its counts, the link, and no secret."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from airflow.utils.session import create_session
from sqlalchemy import select

from dag_factory import versions
from tests.faults.cases import prepared_lab, run_case
from tests.faults.faults import MODES, Fault
from tests.faults.lab import CLIENT_ID, SECRET
from tests.faults.runs import AIRFLOW, Run
from tests.faults.table import FAULTS

# Airflow runs in this process, and parts of it warn about other parts.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

if versions.VERSION < (3, 0):
    from airflow.models.dataset import DatasetEvent as AssetEvent
    from airflow.models.xcom import XCom as XComModel
else:
    from airflow.models.asset import AssetEvent
    from airflow.models.xcom import XComModel

RESULTS = ("return_value", "rows", "bytes", "duration", "airbyte_url")


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def last_task(mode):
    """Return the id of the task that ends the sync."""
    return "money.wait" if mode.startswith("async") else "money"


def xcoms(dag_id, task_id):
    with create_session() as session:
        wanted = (XComModel.dag_id == dag_id, XComModel.task_id == task_id)
        return {each.key: each.value for each in session.scalars(select(XComModel).where(*wanted))}


def test_the_task_leaves_the_job_and_its_counts(server, ours, mode, last_task):
    lab, run = run_case(server, Fault(name="plain"), mode, ours)
    [job] = lab.jobs()
    left = xcoms(run.dag.dag_id, last_task)
    assert {key: left.get(key) for key in ("return_value", "rows", "bytes")} == {
        "return_value": job.job_id,
        "rows": 400,
        "bytes": job.bytes,
    }
    assert left["duration"] >= 0
    assert left["airbyte_url"].endswith(f"/connections/{lab.connection_id}/timeline")


def test_the_asset_event_has_the_counts(server, ours, mode, last_task):
    lab, run = run_case(server, Fault(name="plain"), mode, ours)
    [job] = lab.jobs()
    with create_session() as session:
        wanted = AssetEvent.source_dag_id == run.dag.dag_id
        [(source, extra)] = [
            (each.source_task_id, each.extra) for each in session.scalars(select(AssetEvent).where(wanted))
        ]
    left = xcoms(run.dag.dag_id, last_task)
    assert source == last_task
    assert extra == {"job_id": job.job_id, **{key: left[key] for key in RESULTS[1:]}}


def test_a_sync_that_fails_leaves_the_link_and_no_result(server, ours, mode, last_task):
    fault = next(fault for fault in FAULTS if fault.name == "the job fails, `retries: 0`")
    lab, run = run_case(server, fault, mode, ours)
    left = xcoms(run.dag.dag_id, last_task)
    assert not set(left) & set(RESULTS[:-1])
    assert lab.connection_id in left["airbyte_url"]


def test_no_secret_gets_into_a_log_or_the_database(server, ours, mode, capfd):
    busy = Fault(
        name="busy",
        faults=(
            {"route": "POST /jobs", "kind": "drop_after"},
            {"route": "GET /jobs/{jobId}", "kind": "html"},
        ),
        ends=("failed", "succeeded"),
    )
    run_case(server, busy, mode, ours)
    logs = Path(os.environ["AIRFLOW_HOME"], "logs").rglob("*.log")
    every = "".join((*capfd.readouterr(), *(path.read_text("utf-8") for path in logs)))
    # Workers do not log at this level, at which Airflow 3.0 prints the values that it masks.
    printed = "\n".join(line for line in every.splitlines() if "[debug" not in line)
    assert "job" in printed
    database = Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"
    with closing(sqlite3.connect(database)) as connection:
        dump = "\n".join(connection.iterdump())
    for text in (printed, dump):
        assert SECRET not in text
        assert "Bearer" not in text
    assert CLIENT_ID not in dump


@pytest.mark.parametrize("mode", ["sync", "sync deferrable", "async deferrable"])
def test_airflow_dags_test_runs_it_as_well(server, ours, mode):
    """It drops the arguments of a deferral. Mode `async` is left out: its sensor would wait in real time."""
    fault = Fault(name="plain", sync={"retries": 0})
    with prepared_lab(server, fault, ours) as lab:
        dag = ours.make_dag(lab, fault, mode, f"t{lab.connection_id}")
        Run(dag, lab)
        run = AIRFLOW.run_with_dag_test(dag)
    assert run.state == "success"
    assert [job.status for job in lab.jobs()] == ["succeeded"]
