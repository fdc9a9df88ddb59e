"""What a killed task leaves behind: a process of its own that cancels, against the local Airbyte."""

from __future__ import annotations

import logging
import time
import uuid

import httpx
import psutil
import pytest

from dag_factory.airbyte import attempts
from dag_factory.airbyte.api import Access
from dag_factory.airbyte.attempts import Attempt
from dag_factory.local_airbyte.server import LocalAirbyte

pytestmark = pytest.mark.airflow

CLIENT_ID, SECRET = "tests-of-the-attempts", "a-secret-of-the-attempts"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airbyte")
    with LocalAirbyte.start(folder, client_id=CLIENT_ID, client_secret=SECRET) as started:
        yield started


@pytest.fixture
def job(server):
    """A job that hangs, on a connection of its own."""
    connection = str(uuid.uuid4())
    url = f"{server.admin_url}/connections/{connection}"
    httpx.put(url, json={"name": connection}).raise_for_status()
    plan = {"scripts": [{"steps": [{"run": 0}], "end": "hang"}]}
    httpx.patch(url, json=plan).raise_for_status()
    return server.platform.submit(connection, "sync")


@pytest.fixture
def killed(server, job):
    """Undo a try that knew some facts; gives the job's status."""

    def kill(**facts):
        access = Access(conn_id="c", host=server.url, client_id=CLIENT_ID, client_secret=SECRET)
        Attempt(access, job.connection_id, logging.getLogger(), lambda _facts: None, facts).undo()
        return server.platform.store.job(job.job_id).status

    return kill


def test_the_job_is_cancelled_before_the_task_ends(job, killed):
    assert killed(seen=job.job_id - 1, job=job.job_id) == "cancelled"


def test_a_job_whose_submission_was_under_way_is_found_and_cancelled(job, killed):
    assert killed(seen=job.job_id - 1) == "cancelled"


@pytest.mark.parametrize("facts", [{}, {"seen": 0, "adopted": 1}], ids=["nothing started", "adopted"])
def test_what_this_try_has_not_started_is_left(killed, facts):
    assert killed(**facts) in ("pending", "running")


def test_a_slow_server_is_left_to_a_process_that_outlives_the_task(server, job, killed, monkeypatch):
    started = []
    start = attempts._start_undoing
    monkeypatch.setattr(attempts, "_start_undoing", lambda: started.append(start()) or started[0])
    monkeypatch.setattr(attempts, "KILL_SECONDS", 1.0)
    slow = {"route": "DELETE /jobs/{jobId}", "kind": "delay", "seconds": 3}
    httpx.post(f"{server.admin_url}/faults", json=slow).raise_for_status()

    assert killed(seen=job.job_id - 1, job=job.job_id) == "running"

    process = psutil.Process(started[0].pid)
    assert SECRET not in " ".join(process.cmdline())
    assert SECRET not in str(process.environ())
    assert started[0].wait(30) == 0
    started[0].stdout.close()
    assert server.platform.store.job(job.job_id).status == "cancelled"


def test_the_process_tries_again_until_the_job_has_ended(server, job, killed):
    refused = {
        "route": "DELETE /jobs/{jobId}",
        "kind": "status",
        "code": 500,
        "connection_id": job.connection_id,
    }
    httpx.post(f"{server.admin_url}/faults", json=refused).raise_for_status()
    began = time.monotonic()
    assert killed(seen=job.job_id - 1, job=job.job_id) == "cancelled"
    assert time.monotonic() - began < 10
