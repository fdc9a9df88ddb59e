"""The process that cancels the job of a killed task."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from dag_factory.airbyte import cancel_process
from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.clock import Clock
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync.errors import SyncError
from tests.airbyte.fake_airbyte import GET, UUID, FakeAirbyte
from tests.airbyte.fake_server import http_of

OWN = SyncState(seen=0, job_id=1, role=Role.OWN)


@pytest.fixture
def airbyte():
    return FakeAirbyte()


@pytest.fixture
def access(airbyte, monkeypatch):
    """Serve the Airbyte over HTTP, with pauses that take no real time."""
    monkeypatch.setattr(
        cancel_process.clock, "SYSTEM_CLOCK", Clock(monotonic=lambda: airbyte.now, sleep=airbyte.sleep)
    )
    with http_of(airbyte) as url:
        yield Access(
            conn_id="c",
            host=url,
            client_id="id",
            client_secret="the-secret",
            proxies=(("all://", "http://p"),),
        )


def order_of(access, state=OWN) -> str:
    without_proxies = Access(
        conn_id="c", host=access.host, client_id=access.client_id, client_secret=access.client_secret
    )
    return json.dumps(cancel_process.payload_of(without_proxies, Connection(connection_id=UUID), state))


@pytest.mark.parametrize("state", [OWN, SyncState(seen=0, is_submitting=True)])
def test_the_job_is_cancelled(airbyte, access, state):
    airbyte.add("running", requested_by="us")
    cancel_process.run(json.loads(order_of(access, state)))
    assert airbyte.cancelled == [1]


@pytest.mark.parametrize(
    "state",
    [
        SyncState(),
        SyncState(seen=0, job_id=1, role=Role.ADOPTED),
        SyncState(seen=0, job_id=1, role=Role.BLOCKER),
        SyncState(seen=1, is_submitting=True),
    ],
)
def test_a_job_that_the_task_did_not_start_continues(airbyte, access, state):
    airbyte.add("running")
    cancel_process.run(json.loads(order_of(access, state)))
    assert airbyte.cancelled == []


def test_an_ended_job_is_left_alone(airbyte, access):
    airbyte.add("succeeded")
    airbyte.add("running")
    cancel_process.run(json.loads(order_of(access)))
    assert airbyte.cancelled == []


def test_a_call_is_repeated_during_an_outage(airbyte, access):
    airbyte.add("running", requested_by="us")
    airbyte.fail(GET, 503, 401, "html after")
    cancel_process.run(json.loads(order_of(access)))
    assert airbyte.cancelled == [1]


def test_a_job_that_cannot_be_cancelled_is_reported(airbyte, access):
    airbyte.add("running", requested_by="us")
    airbyte.ignored_cancels = 10_000
    with pytest.raises(SyncError, match="job 1 could not be cancelled within 45 min"):
        cancel_process.run(json.loads(order_of(access)))


def test_an_order_is_json_with_everything_needed(access):
    order = cancel_process.payload_of(access, Connection(connection_id=UUID, name="bank"), OWN)
    again = json.loads(json.dumps(order))
    assert (again["access"]["client_secret"], again["access"]["proxies"]) == (
        "the-secret",
        [["all://", "http://p"]],
    )
    assert (again["connection"]["name"], again["state"]["role"]) == ("bank", "own")


def test_a_task_that_no_longer_listens_does_not_end_it(monkeypatch, airbyte, access):
    class Gone(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    airbyte.add("running", requested_by="us")
    monkeypatch.setattr(sys, "stdout", Gone())
    cancel_process.run(json.loads(order_of(access)))
    assert airbyte.cancelled == [1]


def test_the_process_reads_its_order_from_the_standard_input(airbyte, access):
    airbyte.add("running", requested_by="us")
    done = subprocess.run(
        [sys.executable, "-m", "dag_factory.airbyte.cancel_process"],
        input=order_of(access),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("job 1 is cancelled\n", "")
    assert airbyte.cancelled == [1]
