"""The trigger in an event loop, against an Airbyte over HTTP: its event, its waits, and kills."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import BaseHook
from airflow.serialization.decoders import smart_decode_trigger_kwargs

from dag_factory import versions
from dag_factory.airbyte import clock
from dag_factory.airbyte.api.model import job_from_json
from dag_factory.airbyte.clock import Clock
from dag_factory.airbyte.effects import Response
from dag_factory.airbyte.state import Role, SyncState, state_as_json, state_from_json
from dag_factory.operators import airflow_connection, rescheduling
from dag_factory.operators.trigger import AirbyteJobTrigger
from tests.airbyte.fake_airbyte import DELETE, GET, UUID, FakeAirbyte
from tests.airbyte.fake_server import http_of

# Airflow runs in this process, and parts of it warn about other parts.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

CLIENT_ID, SECRET = "tests-of-the-trigger", "a-secret-of-the-trigger"
DAWN = 1_800_000_000.0
OWN = SyncState(seen=0, job_id=1, role=Role.OWN)
ADOPTED = SyncState(seen=0, job_id=1, role=Role.ADOPTED)
CLEARED = SyncState(seen=0, job_id=1, role=Role.CLEARED)
SUBMITTING = SyncState(seen=0, job_id=1, role=Role.BLOCKER, is_submitting=True)


@pytest.fixture
def airbyte():
    return FakeAirbyte()


@pytest.fixture
def slept():
    """Return the pauses of the triggers, in seconds."""
    return []


@pytest.fixture(autouse=True)
def known(airbyte, monkeypatch, slept):
    """Set the Airflow connection, and pauses that take no real time."""

    async def sleep(seconds):
        slept.append(seconds)
        airbyte.sleep(seconds)
        await asyncio.sleep(0)

    fast = Clock(
        monotonic=lambda: airbyte.now,
        now=lambda: DAWN + airbyte.now,
        sleep_in_loop=sleep,
        jitter=lambda seconds: seconds,
        first_pause=lambda seconds: seconds,
    )
    monkeypatch.setattr(clock, "SYSTEM_CLOCK", fast)
    monkeypatch.setattr(rescheduling, "shortest_reschedule", lambda: 15.0)
    with http_of(airbyte) as url:
        value = {"conn_type": "airbyte", "host": url, "login": CLIENT_ID, "password": SECRET}
        monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps(value))
        yield


def trigger(state: SyncState = OWN, **more) -> AirbyteJobTrigger:
    created = AirbyteJobTrigger(
        **{
            "state": state_as_json(state),
            "conn_id": "airbyte_default",
            "connection_id": UUID,
            "connection_name": "bank",
            "end_time": DAWN + 3600,
            "sync_timeout": 3600.0,
            "poll_interval": 60.0,
            **more,
        }
    )
    created.task_instance = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1)
    return created


def event_of(waiting: AirbyteJobTrigger):
    async def fired():
        return (await anext(waiting.run())).payload

    return json.loads(json.dumps(asyncio.run(fired())))


def task_is(monkeypatch, state):
    """Set the state of the trigger's task in Airflow."""
    monkeypatch.setattr(versions, "state_of_deferred", lambda _task_instance: state)


class TestEvent:
    """Return the event that the task receives."""

    @pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
    @pytest.mark.parametrize("state", [OWN, ADOPTED])
    def test_the_job_that_ended(self, airbyte, end, state):
        airbyte.add("running", 60, end=end)
        payload = event_of(trigger(state))
        job = job_from_json(payload.pop("job"))
        assert (job.job_id, job.status, job.rows) == (1, end, 7)
        assert payload == {"state": state_as_json(state), "is_changed": False}

    def test_a_job_that_takes_too_long_is_cancelled_and_reported(self, airbyte):
        airbyte.add("running", requested_by="us")
        payload = event_of(trigger())
        assert payload["error"] == (
            f"Airbyte connection 'bank' ({UUID}): job 1 was still active "
            "when this task had waited 1 h (timeout); it is cancelled now"
        )
        assert state_from_json(payload["state"]).is_reported
        assert (payload["is_changed"], airbyte.active) == (True, [])

    @pytest.mark.parametrize("more", [{"state": ADOPTED}, {"on_timeout": "leave"}], ids=str)
    def test_a_job_that_is_left_at_the_timeout(self, airbyte, more):
        airbyte.add("running")
        state = more.pop("state", OWN)
        payload = event_of(trigger(state, **more))
        assert "it continues, because" in payload["error"]
        assert (payload["is_changed"], airbyte.count(DELETE)) == (False, 0)

    def test_a_triggerer_that_was_down_past_the_timeout_polls_first(self, airbyte):
        airbyte.add("succeeded")
        payload = event_of(trigger(on_timeout="leave", end_time=DAWN - 3600))
        assert payload["job"]["status"] == "succeeded"

    def test_the_job_of_a_cleared_try_is_cancelled_during_the_wait(self, airbyte):
        airbyte.add("running", requested_by="us")
        airbyte.ignored_cancels = 2
        assert event_of(trigger(CLEARED))["job"]["status"] == "cancelled"

    def test_it_fires_no_sooner_than_the_task_may_run_again(self, airbyte, monkeypatch, slept):
        airbyte.add("succeeded")
        monkeypatch.setattr(rescheduling, "shortest_reschedule", lambda: 240.0)
        event_of(trigger())
        assert sum(slept) == 240

    def test_a_connection_without_a_host_is_an_event_at_the_end_and_no_exception(self, airbyte, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps({"conn_type": "airbyte"}))
        payload = event_of(trigger())
        assert payload["error"] == (
            "Airflow connection 'airbyte_default' cannot be read: Airflow connection 'airbyte_default' has "
            "no host: write the API's URL, ending in /v1"
        )
        assert airbyte.now >= 3600

    def test_an_unavailable_secrets_backend_is_retried_and_not_quoted(self, airbyte, monkeypatch, capfd):
        airbyte.add("running", 600)
        look_up, failures = BaseHook.get_connection, [OSError("password=hidden")] * 3

        def get_connection(conn_id):
            if failures:
                raise failures.pop()
            return look_up(conn_id)

        monkeypatch.setattr(airflow_connection, "BaseHook", SimpleNamespace(get_connection=get_connection))
        assert event_of(trigger())["job"]["status"] == "succeeded"
        logged = capfd.readouterr().out
        assert "cannot be read: OSError; trying again in 1 seconds" in logged
        assert "hidden" not in logged

    def test_an_outage_does_not_end_the_wait(self, airbyte):
        airbyte.add("running", 1800)
        airbyte.fail(GET, *[503] * 9, *["lost before"] * 9, 403, 401, 401)
        assert event_of(trigger())["job"]["status"] == "succeeded"


class TestSerialisation:
    """The round trip through Airflow's database."""

    def test_it_survives_the_round_trip(self):
        original = trigger(ADOPTED, on_timeout="leave", on_killed="leave")
        row = Trigger.from_object(original)
        kept = Trigger._decrypt_kwargs(row.encrypted_kwargs)
        again = AirbyteJobTrigger(
            **{name: smart_decode_trigger_kwargs(value) for name, value in kept.items()}
        )
        assert again.serialize() == original.serialize()
        assert row.classpath == "dag_factory.operators.trigger.AirbyteJobTrigger"

    def test_its_arguments_contain_no_credentials(self):
        text = str(trigger().serialize())
        assert SECRET not in text
        assert CLIENT_ID not in text


class TestManyTriggers:
    """Triggers in one event loop do not block each other."""

    def test_a_slow_server_blocks_no_other_trigger(self, airbyte):
        """The server only answers after all six calls; one that blocked the loop would wait forever."""
        all_have_asked = threading.Barrier(6)
        airbyte.add("succeeded")

        def wait_for_the_others(server, call, request):
            all_have_asked.wait(60)
            return server._do(call, request)

        airbyte.fail(GET, *[wait_for_the_others] * 6)

        async def wait_for_all():
            events = await asyncio.gather(*(anext(trigger().run()) for _ in range(6)))
            return [event.payload["job"]["status"] for event in events]

        assert asyncio.run(wait_for_all()) == ["succeeded"] * 6


class TestKill:
    """A person ends the task, or Airflow moves its trigger: only the former is a kill."""

    @pytest.fixture
    def kill(self, airbyte, monkeypatch):
        """Cancel a trigger whose task is in a state. Return the job's final status."""

        def kill_one(task_state, state=OWN, **more):
            airbyte.add("running", requested_by="us")
            task_is(monkeypatch, task_state)
            asyncio.run(trigger(state, **more).on_kill())
            return airbyte.jobs[0].status

        return kill_one

    @pytest.mark.parametrize("task_state", ["failed", "success", "skipped", "scheduled", "removed", None])
    @pytest.mark.parametrize("state", [OWN, CLEARED, SUBMITTING])
    def test_a_person_who_ends_the_task_cancels_the_job(self, kill, task_state, state):
        assert kill(task_state, state) == "cancelled"

    def test_a_trigger_that_is_moved_leaves_the_job_alone(self, kill):
        assert kill("deferred") == "running"

    @pytest.mark.parametrize(
        ("state", "more"),
        [
            (OWN, {"on_killed": "leave"}),
            (ADOPTED, {}),
            (SyncState(seen=0, job_id=1, role=Role.BLOCKER), {}),
        ],
        ids=str,
    )
    def test_a_kill_cancels_only_own_jobs_and_only_if_configured(self, kill, airbyte, state, more):
        assert kill("failed", state, **more) == "running"
        assert airbyte.calls == []

    def test_the_job_is_left_alone_if_airflow_does_not_respond(self, airbyte, monkeypatch):
        airbyte.add("running", requested_by="us")
        given_up = threading.Event()
        monkeypatch.setattr(versions, "state_of_deferred", lambda _task_instance: given_up.wait(60))
        monkeypatch.setattr("dag_factory.operators.trigger.STATE_SECONDS", 0.01)

        async def kill():
            await trigger().on_kill()
            given_up.set()

        asyncio.run(kill())
        assert (airbyte.jobs[0].status, airbyte.count(DELETE)) == ("running", 0)

    def test_a_cancellation_continues_while_airflow_cancels_it_repeatedly(self, airbyte, monkeypatch):
        airbyte.add("running", requested_by="us")
        task_is(monkeypatch, "failed")
        asked, go_on = threading.Event(), threading.Event()

        def slowly(_server, _call, _request):
            asked.set()
            go_on.wait(60)
            return Response(status=503, content=b"")  # so that another call has to follow

        airbyte.fail(DELETE, slowly)

        async def kill():
            killing = asyncio.create_task(trigger().on_kill())
            while not asked.is_set():
                await asyncio.sleep(0.001)
            killing.cancel()
            with suppress(asyncio.CancelledError):
                await killing
            assert airbyte.jobs[0].status == "running"
            go_on.set()
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

        asyncio.run(kill())
        assert airbyte.jobs[0].status == "cancelled"

    @pytest.mark.parametrize(("are_killed", "left"), [(True, "running"), (False, "cancelled")])
    def test_only_before_airflow_3_3_a_cancelled_trigger_cancels_the_job(
        self, airbyte, monkeypatch, are_killed, left
    ):
        airbyte.add("running", requested_by="us")
        task_is(monkeypatch, "failed")
        monkeypatch.setattr(versions, "TRIGGERS_ARE_KILLED", are_killed)

        async def stop():
            waiting = asyncio.create_task(anext(trigger(end_time=DAWN + 10**9).run()))
            while not airbyte.count(GET):
                await asyncio.sleep(0.001)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting

        asyncio.run(stop())
        assert airbyte.jobs[0].status == left

    def test_a_failed_cancellation_is_logged(self, kill, airbyte, capfd):
        airbyte.ignored_cancels = 10_000
        assert kill("failed") == "running"
        assert "job 1 could not be cancelled within 45 min: cancel it in Airbyte" in capfd.readouterr().out
