"""The model of Airbyte behaves as Airbyte's source code does."""

from __future__ import annotations

import json

import pytest

from tests.adversary.airbyte_model import PREFIX, Airbyte, Phase, Plan, Traits
from tests.adversary.virtual_time import Timeline

CONNECTION = "c"
RUN = (Phase(status="pending", seconds=2.0), Phase(status="running", seconds=30.0))
RETRIED = (*RUN, Phase(status="incomplete", seconds=90.0), Phase(status="running", seconds=30.0))


class Client:
    """A client with a valid token."""

    def __init__(self, phases=RUN, **traits):
        self.timeline = Timeline()
        plan = Plan(phases=phases)
        self.airbyte = Airbyte(
            self.timeline, Traits(plan=lambda _type: plan, **traits), ("id", "secret"), lambda _text: None
        )
        self.workflow = self.airbyte.connect(CONNECTION)
        credentials = {"client_id": "id", "client_secret": "secret"}
        answer = self.airbyte.handle("POST", f"{PREFIX}/applications/token", {}, credentials, {})
        self.headers = {"Authorization": f"Bearer {json.loads(answer[2])['access_token']}"}

    def call(self, method, path, params=None):
        body = {"connectionId": CONNECTION, "jobType": "sync"} if method == "POST" else None
        status, _, content = self.airbyte.handle(method, PREFIX + path, params or {}, body, self.headers)
        return status, json.loads(content)

    def wait(self, seconds):
        self.timeline.run(self.timeline.now + seconds)


def test_a_submission_waits_until_the_job_runs():
    client = Client()
    status, job = client.call("POST", "/jobs")
    assert (status, job["status"], job["jobType"]) == (200, "running", "sync")
    assert client.timeline.now == pytest.approx(3.0)


def test_a_submission_is_refused_while_an_attempt_runs():
    client = Client()
    client.call("POST", "/jobs")
    status, problem = client.call("POST", "/jobs")
    assert (status, problem["data"]["message"]) == (409, f"A sync is already running for: {CONNECTION}")


def test_a_submission_is_answered_with_the_waiting_job_of_any_type():
    client = Client(waits_for_id=True)
    client.workflow.start("clear", "person")
    status, job = client.call("POST", "/jobs")
    assert (status, job["jobType"], job["status"]) == (200, "clear", "pending")


def test_a_submission_between_two_attempts_cuts_the_wait_short():
    client = Client(RETRIED)
    _, job = client.call("POST", "/jobs")
    client.wait(35.0)
    assert client.workflow.job.status == "incomplete"
    assert client.call("POST", "/jobs")[1]["jobId"] == job["jobId"]
    assert client.workflow.job.status == "running"


def test_a_submission_without_an_id_in_time_is_refused_and_the_job_is_created_later():
    client = Client(waits_for_id=True, draw_creation_delay=lambda: 100.0)
    status, problem = client.call("POST", "/jobs")
    assert (status, problem["data"]["message"]) == (409, "Could not fulfill request")
    assert client.airbyte.jobs == {}
    client.wait(60.0)
    assert [job.maker for job in client.airbyte.jobs.values()] == ["person"]


def test_a_delete_cancels_the_running_job_of_the_connection():
    client = Client()
    client.call("POST", "/jobs")
    client.wait(40.0)
    second = client.call("POST", "/jobs")[1]
    status, first = client.call("DELETE", "/jobs/101")
    assert (status, first["status"]) == (200, "succeeded")
    assert client.airbyte.jobs[second["jobId"]].status == "cancelled"
    assert client.airbyte.deletes[0].hit.job_id == second["jobId"]


def test_a_delete_between_two_attempts_is_ignored():
    client = Client(RETRIED)
    client.call("POST", "/jobs")
    client.wait(35.0)
    assert client.call("DELETE", "/jobs/101")[1]["status"] == "incomplete"
    assert client.airbyte.deletes[0].hit is None


def test_the_list_starts_with_the_oldest_job():
    client = Client()
    for _ in range(2):
        client.call("POST", "/jobs")
        client.wait(60.0)
    ids = [job["jobId"] for job in client.call("GET", "/jobs")[1]["data"]]
    newest = [job["jobId"] for job in client.call("GET", "/jobs", {"orderBy": "createdAt|DESC"})[1]["data"]]
    assert (ids, newest) == ([101, 102], [102, 101])
    assert client.call("GET", "/jobs", {"limit": "101"})[0] == 400


def test_an_unknown_job_is_a_conflict():
    assert Client().call("GET", "/jobs/7")[0] == 409


def test_a_disabled_connection_is_not_synced():
    client = Client()
    client.workflow.status = "inactive"
    assert client.call("POST", "/jobs")[1]["data"]["message"] == "Could not fulfill request"


def test_a_token_expires():
    client = Client(token_seconds=10.0)
    client.wait(11.0)
    assert client.call("GET", "/jobs")[0] == 401
