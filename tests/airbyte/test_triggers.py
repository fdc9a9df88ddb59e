"""The trigger in an event loop, against the local Airbyte over HTTP."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from contextlib import suppress
from types import SimpleNamespace

import httpx
import pytest
from airflow.models.trigger import Trigger
from airflow.serialization.decoders import smart_decode_trigger_kwargs

from dag_factory import versions
from dag_factory.airbyte import pace
from dag_factory.airbyte.model import job_of_json
from dag_factory.airbyte.pace import Pace
from dag_factory.airbyte.triggers import AirbyteJobTrigger
from dag_factory.local_airbyte.server import LocalAirbyte

# What runs within this process is Airflow as a whole, parts of which warn of each other.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

ASKING = "GET /jobs/{jobId}"
CLIENT_ID, SECRET = "tests-of-the-trigger", "a-secret-of-the-trigger"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airbyte")
    with LocalAirbyte.start(folder, client_id=CLIENT_ID, client_secret=SECRET, job_seconds=0.1) as started:
        yield started


@pytest.fixture(autouse=True)
def connection(server, monkeypatch):
    """The Airflow connection, no faults, and pauses that are short."""
    value = {"conn_type": "airbyte", "host": server.url, "login": CLIENT_ID, "password": SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps(value))
    monkeypatch.setattr(pace, "REAL", Pace(sleep_in_loop=lambda seconds: asyncio.sleep(seconds / 300)))
    httpx.delete(f"{server.admin_url}/faults")


@pytest.fixture
def start(server):
    """Start a job on a connection of its own; gives its id and the connection's."""

    def start_one(end="succeed"):
        connection = str(uuid.uuid4())
        url = f"{server.admin_url}/connections/{connection}"
        httpx.put(url, json={"name": connection}).raise_for_status()
        plan = {"scripts": [{"steps": [{"run": 0.1}], "end": end}]}
        httpx.patch(url, json=plan).raise_for_status()
        return httpx.post(f"{url}/jobs").json()["jobId"], connection

    return start_one


@pytest.fixture
def status(server):
    def status_of(job_id):
        return server.platform.store.job(job_id).status

    return status_of


def trigger(job, **more) -> AirbyteJobTrigger:
    job_id, connection = job
    made = AirbyteJobTrigger(
        **{
            "job_id": job_id,
            "conn_id": "airbyte_default",
            "connection_id": connection,
            "end_time": time.time() + 3600,
            "poll_interval": 10.0,
            "is_ours": True,
            **more,
        }
    )
    made.task_instance = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1)
    return made


async def event_of(waiting: AirbyteJobTrigger):
    return (await anext(waiting.run())).payload


def task_is(monkeypatch, state):
    """Let Airflow say in which state the trigger's task is."""
    monkeypatch.setattr(versions, "state_of_deferred", lambda _task_instance: state)


def test_the_event_holds_the_job_and_survives_json(start):
    job = start()
    payload = json.loads(json.dumps(asyncio.run(event_of(trigger(job)))))
    ended = job_of_json(payload["job"])
    assert (ended.job_id, ended.status, ended.rows) == (job[0], "succeeded", 400)
    assert (payload["is_ours"], payload["facts"]) == (True, {})


def test_a_job_that_takes_too_long_is_cancelled_and_judged(start, status):
    job = start("hang")
    payload = asyncio.run(event_of(trigger(job, end_time=time.time())))
    assert payload["error"].endswith("it is cancelled now")
    assert payload["facts"] == {"judged": job[0]}
    assert status(job[0]) == "cancelled"


def test_it_fires_no_sooner_than_the_task_may_run_again(start, monkeypatch):
    monkeypatch.setattr(versions, "shortest_reschedule", lambda: 240.0)
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        await asyncio.sleep(seconds / 300)

    monkeypatch.setattr(pace, "REAL", Pace(sleep_in_loop=sleep))
    asyncio.run(event_of(trigger(start())))
    assert slept[-1] == pytest.approx(240, abs=5)


def test_a_connection_without_a_host_is_an_event_and_no_exception(start, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps({"conn_type": "airbyte"}))
    payload = asyncio.run(event_of(trigger(start())))
    assert "Airflow connection 'airbyte_default' has no host" in payload["error"]


def test_it_comes_back_from_the_database_as_it_was():
    made = trigger((7, "c"), is_ours=False, on_timeout="leave", on_killed="leave")
    row = Trigger.from_object(made)
    kept = Trigger._decrypt_kwargs(row.encrypted_kwargs)
    again = AirbyteJobTrigger(**{name: smart_decode_trigger_kwargs(value) for name, value in kept.items()})
    assert again.serialize() == made.serialize()
    assert row.classpath == "dag_factory.airbyte.triggers.AirbyteJobTrigger"


def test_its_arguments_hold_no_credentials():
    text = str(trigger((7, "c")).serialize())
    assert SECRET not in text
    assert CLIENT_ID not in text


def test_a_slow_server_stops_no_other_trigger(server, start):
    """All six have asked before one has its answer; a call that blocked the loop would hold up the others."""
    slow = {"route": ASKING, "kind": "delay", "seconds": 3.0, "times": 6}
    httpx.post(f"{server.admin_url}/faults", json=slow).raise_for_status()
    triggers = [trigger(start()) for _ in range(6)]
    httpx.delete(f"{server.admin_url}/counters").raise_for_status()
    events, answered = asyncio.run(_answered_when_all_have_asked(server, triggers))
    assert {event["job"]["status"] for event in events} == {"succeeded"}
    assert answered == {}


async def _answered_when_all_have_asked(server, triggers):
    waiting = asyncio.gather(*(event_of(each) for each in triggers))
    while server.platform.faults.faults():
        await asyncio.sleep(0.01)
    answered = server.platform.counters.counts().get(ASKING, {})
    return await waiting, answered


def test_a_person_who_ends_the_task_cancels_the_job(start, status, monkeypatch):
    job = start("hang")
    task_is(monkeypatch, "failed")
    asyncio.run(trigger(job).on_kill())
    assert status(job[0]) == "cancelled"


def test_a_trigger_that_is_moved_leaves_the_job_alone(start, status, monkeypatch):
    job = start("hang")
    task_is(monkeypatch, "deferred")
    asyncio.run(trigger(job).on_kill())
    assert status(job[0]) in ("pending", "running")


@pytest.mark.parametrize("terms", [{"on_killed": "leave"}, {"is_ours": False}], ids=str)
def test_a_kill_leaves_what_it_shall_leave(start, status, monkeypatch, terms):
    job = start("hang")
    task_is(monkeypatch, "failed")
    asyncio.run(trigger(job, **terms).on_kill())
    assert status(job[0]) in ("pending", "running")


def test_airflow_that_does_not_answer_leaves_the_job_alone(start, status, monkeypatch):
    job = start("hang")
    monkeypatch.setattr(versions, "state_of_deferred", lambda _task_instance: time.sleep(0.3))
    monkeypatch.setattr("dag_factory.airbyte.triggers.STATE_SECONDS", 0.05)
    asyncio.run(trigger(job).on_kill())
    assert status(job[0]) in ("pending", "running")


def test_a_cancellation_goes_on_though_airflow_cancels_it_again_and_again(server, start, status, monkeypatch):
    job = start("hang")
    task_is(monkeypatch, "failed")
    slow = {"route": "DELETE /jobs/{jobId}", "kind": "delay", "seconds": 0.3}
    httpx.post(f"{server.admin_url}/faults", json=slow).raise_for_status()

    async def kill():
        killing = asyncio.create_task(trigger(job).on_kill())
        await asyncio.sleep(0.1)
        killing.cancel()
        with suppress(asyncio.CancelledError):
            await killing
        assert status(job[0]) == "running"
        await asyncio.sleep(1)

    asyncio.run(kill())
    assert status(job[0]) == "cancelled"


@pytest.mark.parametrize(("are_killed", "left"), [(True, "running"), (False, "cancelled")])
def test_only_before_airflow_3_3_a_cancelled_trigger_cancels_the_job(
    start, status, monkeypatch, are_killed, left
):
    job = start("hang")
    task_is(monkeypatch, "failed")
    monkeypatch.setattr(versions, "TRIGGERS_ARE_KILLED", are_killed)

    async def stop():
        waiting = asyncio.create_task(event_of(trigger(job)))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    asyncio.run(stop())
    assert status(job[0]) == left
