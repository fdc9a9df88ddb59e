"""Faults that users of Airbyte and Airflow reported, each with its correct outcome in every mode."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseHook

from dag_factory.airbyte.effects import Response
from dag_factory.airbyte.state import Role, SyncState, state_as_json
from dag_factory.factory.load import load_dags, sync_group
from dag_factory.operators import airflow_connection, operator, rescheduling, results, sensor
from dag_factory.operators.trigger import AirbyteJobTrigger
from tests.airbyte.fake_airbyte import (
    CONNECTION,
    DELETE,
    GET,
    LIST,
    POST,
    TOKEN,
    UUID,
    FakeAirbyte,
    made_later,
)
from tests.airbyte.raw_server import answer, raw_server
from tests.operators.task_runs import MODES, SECRET, clear_by_person, crash

# Airflow runs in this process, and parts of it warn about other parts.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

DEFERRED = ("sync deferrable", "async deferrable")
ASYNC = ("async", "async deferrable")
# A try ends while its job continues.
LEAVING = {"timeout": "5m", "on_timeout": "leave"}
KINDS = ("clear", "reset", "refresh")


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def outcome(run, airbyte: FakeAirbyte):
    """The state, the id in the result, the jobs that we requested, and the jobs that cancellations hit."""
    return run.finish(), run.result, [job.job_id for job in airbyte.ours if job.job_type == "sync"]


class TestJobsOfAnotherType:
    """A submission is answered with a waiting clear, reset or refresh, which is not the sync."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_sync_comes_after_it(self, stage, airbyte, mode, kind):
        airbyte.wait_seconds = 30.0
        airbyte.just_before(POST, lambda: airbyte.start(job_type=kind))
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])
        assert [event["job_id"] for event in run.events] == [2]
        assert airbyte.cancelled == []

    def test_a_hanging_one_is_not_cancelled_at_the_timeout(self, stage, airbyte, mode):
        airbyte.wait_seconds, airbyte.end = 30.0, None
        airbyte.just_before(POST, lambda: airbyte.start(job_type="clear"))
        run = stage.run(mode, timeout="30m", retries=0)
        assert run.finish() == "failed"
        assert (airbyte.count(DELETE), len(airbyte.active), run.events) == (0, 1, [])

    @pytest.mark.parametrize("status", ["pending", "queued", "incomplete"])
    def test_the_sync_waits_for_an_earlier_one(self, stage, airbyte, mode, status):
        airbyte.add(status, 300, job_type="clear")
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])

    @pytest.mark.parametrize("status", ["queued", "incomplete", "running", "a status of tomorrow"])
    @pytest.mark.parametrize("kind", ["clear", "a type of tomorrow"])
    def test_it_may_have_any_status(self, stage, airbyte, mode, kind, status):
        airbyte.just_before(POST, lambda: airbyte.add(status, 300, job_type=kind))
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])
        assert airbyte.cancelled == []

    def test_one_whose_worker_dies_meanwhile(self, stage, airbyte, mode):
        airbyte.add("running", 3600, job_type="clear")
        airbyte.later(600, crash)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])

    def test_a_person_syncs_as_soon_as_it_has_ended(self, stage, airbyte, mode):
        airbyte.add("running", 300, job_type="clear")
        airbyte.later(301, airbyte.start)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [])


class TestForeignSyncs:
    """A sync that somebody else starts between the list and the submission is not ours."""

    def test_it_is_adopted_and_never_cancelled(self, stage, airbyte, mode):
        airbyte.just_before(POST, lambda: setattr(airbyte, "end", None) or airbyte.start())
        run = stage.run(mode, timeout="30m", retries=0)
        assert run.finish() == "failed"
        assert (airbyte.cancelled, airbyte.ours, len(airbyte.active)) == ([], [], 1)
        assert "it continues, because this task did not start it" in run.errors[-1]

    @pytest.mark.parametrize(("on_running", "state"), [("skip", "skipped"), ("fail", "failed")])
    def test_on_running_applies(self, stage, airbyte, mode, on_running, state):
        airbyte.just_before(POST, airbyte.start)
        run = stage.run(mode, on_running=on_running, retries=0)
        assert run.finish() == state
        assert (airbyte.cancelled, airbyte.ours, run.events) == ([], [], [])

    def test_it_is_the_result_if_it_succeeds(self, stage, airbyte, mode):
        airbyte.just_before(POST, airbyte.start)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 1, [])

    def test_one_that_begins_before_the_second_submission(self, stage, airbyte, mode):
        airbyte.end = None
        airbyte.fail(POST, 429)
        airbyte.just_before(POST, lambda: None, airbyte.start)
        run = stage.run(mode, timeout="30m", retries=0)
        assert run.finish() == "failed"
        assert (airbyte.cancelled, airbyte.ours, len(airbyte.active)) == ([], [], 1)

    def test_it_remains_somebody_elses_for_the_next_try(self, stage, airbyte, mode):
        airbyte.end = None
        airbyte.just_before(POST, airbyte.start)
        airbyte.later(200, crash)
        run = stage.run(mode, timeout="30m", retries=1)
        assert run.finish() == "failed"
        assert (airbyte.cancelled, airbyte.ours, len(airbyte.active)) == ([], [], 1)

    def test_one_that_failed_before_it_was_seen_is_not_the_result(self, stage, airbyte, mode):
        airbyte.just_before(POST, lambda: airbyte.add("running", 1, end="failed"))
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])


class TestRetries:
    """A retry resumes its own job, whose id it knows, and not the newest one."""

    def test_our_own_job_succeeded_and_a_persons_runs(self, stage, airbyte, mode):
        airbyte.later(500, lambda: setattr(airbyte, "end", None) or airbyte.start())
        run = stage.run(mode, **LEAVING)
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert (airbyte.cancelled, len(airbyte.active)) == ([], 1)

    def test_our_own_job_failed_and_a_persons_succeeded(self, stage, airbyte, mode):
        airbyte.end = "failed"
        airbyte.later(500, lambda: airbyte.add("succeeded"))
        airbyte.later(510, lambda: setattr(airbyte, "end", "succeeded"))
        run = stage.run(mode, **{**LEAVING, "timeout": "7m"})
        assert outcome(run, airbyte) == ("success", 3, [1, 3])
        assert [event["job_id"] for event in run.events] == [3]

    def test_our_own_job_failed_and_a_persons_runs_with_on_running_skip(self, stage, airbyte, mode):
        airbyte.end = "failed"
        airbyte.later(490, lambda: setattr(airbyte, "end", None) or airbyte.start())
        run = stage.run(mode, on_running="skip", **LEAVING)
        assert (run.finish(), run.last.try_number) == ("skipped", 2)
        assert (airbyte.cancelled, len(airbyte.active), len(airbyte.jobs)) == ([], 1, 2)

    def test_a_start_that_was_killed_finds_its_own_job_before_a_persons(self, stage, airbyte, mode):
        airbyte.run_seconds = 100
        airbyte.fail(POST, "504 after")
        airbyte.fail(LIST, None, 503)
        airbyte.later(1, crash)
        airbyte.later(150, lambda: setattr(airbyte, "end", None) or airbyte.start())
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert airbyte.cancelled == []

    def test_a_job_that_failed_between_polls_costs_no_retry(self, stage, airbyte, mode):
        airbyte.end = "failed"
        airbyte.later(470, crash)
        airbyte.later(600, lambda: setattr(airbyte, "end", "succeeded"))
        run = stage.run(mode, retries=1)
        assert outcome(run, airbyte) == ("success", 2, [1, 2])

    def test_a_person_cancelled_our_own_job_and_another_persons_succeeded(self, stage, airbyte, mode):
        airbyte.end = None
        airbyte.later(200, crash)
        airbyte.later(210, lambda: airbyte._end(airbyte.jobs[0], "cancelled", airbyte.now))
        airbyte.later(220, lambda: airbyte.add("succeeded"))
        airbyte.later(230, lambda: setattr(airbyte, "end", "succeeded"))
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 3, [1, 3])

    def test_it_crashes_twice(self, stage, airbyte, mode):
        airbyte.run_seconds = 3000
        airbyte.later(200, crash)
        airbyte.later(1400, crash)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 1, [1])

    def test_an_adopted_job_failed_and_a_persons_succeeded(self, stage, airbyte, mode):
        airbyte.add("running", 1000, end="failed")
        airbyte.later(1005, lambda: airbyte.add("succeeded"))
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 3, [3])

    def test_a_retry_after_a_failed_job_starts_another(self, stage, airbyte, mode):
        airbyte.end = "failed"
        airbyte.later(600, lambda: setattr(airbyte, "end", "succeeded"))
        run = stage.run(mode, retries=1)
        assert outcome(run, airbyte) == ("success", 2, [1, 2])

    @pytest.mark.parametrize("has_state_store", [True, False], ids=["3.3", "before 3.3"])
    def test_the_try_after_a_crash_resumes_its_job(self, stage, airbyte, mode, has_state_store):
        airbyte.later(200, crash)
        run = stage.run(mode, has_state_store=has_state_store, on_running="fail")
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert run.variables == {}

    @pytest.mark.parametrize("has_state_store", [True, False], ids=["3.3", "before 3.3"])
    def test_the_try_after_a_crash_at_the_end_has_the_result(
        self, stage, airbyte, mode, has_state_store, monkeypatch
    ):
        crashes = iter([crash])

        def publish(*arguments):
            next(crashes, lambda: None)()
            return results.publish(*arguments)

        for module in (operator, sensor):
            monkeypatch.setattr(module, "publish", publish)
        run = stage.run(mode, has_state_store=has_state_store)
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert run.last.try_number == 2
        assert run.variables == {}


class TestClears:
    """Clearing a sync makes it sync again: the old job ends before a new one begins."""

    @pytest.mark.parametrize(
        "has_trigger_kill", [True, False], ids=["trigger with on_kill", "trigger without on_kill"]
    )
    @pytest.mark.parametrize("has_state_store", [True, False], ids=["3.3", "before 3.3"])
    def test_a_sync_that_runs(self, stage, airbyte, mode, has_state_store, has_trigger_kill):
        airbyte.later(200, clear_by_person)
        run = stage.run(mode, has_state_store=has_state_store, has_trigger_kill=has_trigger_kill)
        assert outcome(run, airbyte) == ("success", 2, [1, 2])
        assert [job.status for job in airbyte.jobs] == ["cancelled", "succeeded"]
        assert airbyte.jobs[0].ended_at <= airbyte.jobs[1].started_at
        assert airbyte.cancelled == [1]

    def test_the_new_job_is_cancelled_at_the_timeout(self, stage, airbyte, mode):
        airbyte.end = None
        airbyte.later(200, clear_by_person)
        run = stage.run(mode, timeout="30m", retries=0)
        assert run.finish() == "failed"
        assert airbyte.active == []

    @pytest.mark.parametrize("tasks", [(), ("money.wait",)], ids=["both", "wait"])
    @pytest.mark.parametrize("mode", ASYNC)
    def test_a_sync_that_succeeded(self, stage, airbyte, mode, tasks):
        run = stage.run(mode)
        run.finish()
        run.clear(*tasks)
        assert outcome(run, airbyte) == ("success", 2, [1, 2])

    @pytest.mark.parametrize("has_state_store", [True, False], ids=["3.3", "before 3.3"])
    def test_a_sync_that_has_ended_in_any_mode(self, stage, airbyte, mode, has_state_store):
        run = stage.run(mode, has_state_store=has_state_store)
        run.finish()
        run.clear()
        assert outcome(run, airbyte) == ("success", 2, [1, 2])
        assert airbyte.cancelled == []

    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_an_ignored_cancellation_is_repeated_before_the_new_job(self, stage, airbyte, mode):
        airbyte.run_seconds, airbyte.ignored_cancels = 3000, 3
        airbyte.later(200, clear_by_person)
        run = stage.run(mode, has_trigger_kill=False)
        assert outcome(run, airbyte) == ("success", 2, [1, 2])
        assert airbyte.cancelled == [1]
        assert airbyte.jobs[0].ended_at <= airbyte.jobs[1].started_at

    def test_it_is_cleared_twice(self, stage, airbyte, mode):
        airbyte.later(200, clear_by_person)
        airbyte.later(500, clear_by_person)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 3, [1, 2, 3])
        assert airbyte.cancelled == [1, 2]

    def test_it_is_cleared_while_a_clear_of_the_connection_is_in_the_way(self, stage, airbyte, mode):
        airbyte.add("running", 3600, job_type="clear")
        airbyte.later(600, clear_by_person)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])
        assert airbyte.cancelled == []

    def test_it_is_cleared_after_a_crash(self, stage, airbyte, mode):
        airbyte.run_seconds = 3000
        airbyte.later(200, crash)
        airbyte.later(1400, clear_by_person)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [1, 2])
        assert airbyte.cancelled == [1]

    def test_somebody_elses_job_is_left_alone(self, stage, airbyte, mode):
        airbyte.add("running", 1000)
        airbyte.later(200, clear_by_person)
        run = stage.run(mode)
        assert run.finish() == "success"
        assert airbyte.cancelled == []


class TestLongClears:
    """A clear or refresh may take longer than ten minutes, and occupies no worker meanwhile."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_sync_waits_for_it(self, stage, airbyte, mode, kind):
        airbyte.add("running", 3600, job_type=kind)
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 2, [2])
        assert run.errors == []

    @pytest.mark.parametrize("mode", ASYNC)
    def test_the_first_task_ends_at_once(self, stage, airbyte, mode):
        airbyte.add("running", 3600, job_type="clear")
        run = stage.run(mode)
        run._run_task(run.tasks["money.trigger"])
        assert (run.tasks["money.trigger"].state, airbyte.now < 60) == ("success", True)

    @pytest.mark.parametrize(("on_running", "state"), [("skip", "skipped"), ("fail", "failed")])
    def test_on_running_applies_at_once(self, stage, airbyte, mode, on_running, state):
        airbyte.add("running", 3600, job_type="clear")
        run = stage.run(mode, on_running=on_running, retries=0)
        assert (run.finish(), airbyte.now < 60) == (state, True)
        assert "a clear that this task did not start, is running" in run.errors[-1]
        assert "enabled" not in run.errors[-1]

    @pytest.mark.parametrize("end", ["failed", "cancelled"])
    def test_its_end_does_not_matter(self, stage, airbyte, mode, end):
        airbyte.add("running", 3600, job_type="clear", end=end)
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 2, [2])

    def test_one_after_the_other(self, stage, airbyte, mode):
        airbyte.add("running", 3550, job_type="clear")
        airbyte.later(3560, lambda: airbyte.add("running", 3600, job_type="refresh"))
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 3, [3])

    def test_the_timeout_applies(self, stage, airbyte, mode):
        airbyte.add("running", job_type="clear")
        run = stage.run(mode, timeout="1h", retries=0)
        assert run.finish() == "failed"
        assert airbyte.now >= 3600
        assert "had waited 1 h (timeout); it continues, because this task did not start it" in run.errors[-1]
        assert airbyte.cancelled == []

    def test_a_triggerer_waits_for_it(self, stage, airbyte):
        airbyte.add("running", 3600, job_type="clear")
        run = stage.run("sync deferrable")
        deferral = run._start(run.last, None)
        assert (deferral.method_name, airbyte.now < 60) == ("execute_complete", True)


def with_header(name: str, value: str, status: int = 503) -> Response:
    return Response(status=status, content=b"{}", headers={name: value})


ODD_POLLS = {
    "a date without a zone": Response(
        status=503,
        content=b"{}",
        headers={"date": "Mon, 23 Nov 2026 07:00:00", "retry-after": "Mon, 23 Nov 2026 07:01:00 GMT"},
    ),
    "a date that is none": with_header("retry-after", "Mon, 99 Nov 99999 07:00:00 GMT"),
    "deep JSON": Response(status=200, content=b"[" * 100_000),
    "a deep error": Response(status=500, content=b'{"a":' * 100_000),
    "a huge id": Response(status=200, content=b'{"jobId": 1e999}'),
    "a huge number": Response(status=200, content=b'{"jobId": ' + b"9" * 5000 + b"}"),
    "not a number": Response(status=200, content=b'{"jobId": NaN}'),
    "a list": Response(status=200, content=b"[]"),
    "null": Response(status=200, content=b"null"),
    "bytes": Response(status=200, content=b"\xff\xfe\x00"),
    "another job": Response(
        status=200,
        content=b'{"jobId": 99, "status": "failed", "jobType": "sync", "connectionId": "x"}',
    ),
}


def fail_lookups(monkeypatch, fault):
    """Make each lookup of the Airflow connection raise the exception that `fault` returns, if any."""
    look_up = BaseHook.get_connection

    def get_connection(conn_id):
        error = fault()
        if error is not None:
            raise error
        return look_up(conn_id)

    monkeypatch.setattr(airflow_connection, "BaseHook", SimpleNamespace(get_connection=get_connection))


class TestOrphans:
    """No job is left when a task ends, and no task ends because of one odd response."""

    @pytest.mark.parametrize("mode", DEFERRED)
    @pytest.mark.parametrize("is_in_the_way", [False, True], ids=["rows to count", "clear before"])
    def test_an_airflow_connection_is_unavailable_when_a_deferred_task_resumes(
        self, stage, airbyte, mode, monkeypatch, is_in_the_way
    ):
        lookups = iter([None, None, OSError("away"), *[None] * 99])
        fail_lookups(monkeypatch, lambda: next(lookups))
        if is_in_the_way:
            airbyte.add("running", 1000, job_type="clear")
        airbyte.rows_after = 700
        run = stage.run(mode, retries=0, min_rows=1)
        job_id = 2 if is_in_the_way else 1
        assert outcome(run, airbyte) == ("success", job_id, [job_id])

    def test_a_cancellation_ignored_during_a_back_off_is_repeated(self, stage, airbyte, mode):
        airbyte.end = None
        airbyte.later(1700, lambda: setattr(airbyte.jobs[0], "status", "incomplete"))
        airbyte.later(2100, lambda: setattr(airbyte.jobs[0], "status", "running"))
        run = stage.run(mode, timeout="30m", retries=0)
        assert run.finish() == "failed"
        assert (airbyte.active, len(airbyte.jobs)) == ([], 1)

    @pytest.mark.parametrize("code", [401, 403, 404, 409])
    def test_responses_of_a_restarting_proxy_do_not_end_the_wait(self, stage, airbyte, mode, code):
        # A poll answered with 401 is repeated at once, with a new token.
        polls = [code] * (8 if code == 401 else 4)
        airbyte.fail(GET, *polls, 503, *polls)
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])

    @pytest.mark.parametrize("name", ODD_POLLS)
    def test_an_odd_response_is_a_failed_poll(self, stage, airbyte, mode, name):
        airbyte.fail(GET, *[ODD_POLLS[name]] * 2)
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])

    @pytest.mark.parametrize("name", ODD_POLLS)
    def test_an_odd_response_to_a_cancellation_is_a_failed_one(self, stage, airbyte, mode, name):
        airbyte.end = None
        airbyte.fail(DELETE, *[ODD_POLLS[name]] * 2)
        run = stage.run(mode, timeout="30m", retries=0)
        assert run.finish() == "failed"
        assert (airbyte.active, len(airbyte.jobs)) == ([], 1)

    @pytest.mark.parametrize("value", ["1e999", "nan", "-5", "9" * 5000, "soon", "\t", "Mon, 23 Nov 2026"])
    def test_an_odd_retry_after(self, stage, airbyte, mode, value):
        airbyte.fail(GET, *[with_header("retry-after", value, 429)] * 2)
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])

    @pytest.mark.parametrize("away_seconds", [0, 3000])
    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_an_airflow_connection_unavailable_at_the_timeout_leaves_no_job(
        self, stage, airbyte, mode, monkeypatch, away_seconds
    ):
        fail_lookups(monkeypatch, lambda: OSError() if 2900 < airbyte.now < 4800 else None)
        airbyte.end = None
        run = stage.run(mode, timeout="1h", retries=0, away_seconds=away_seconds)
        assert (run.finish(), airbyte.active, len(airbyte.jobs)) == ("failed", [], 1)
        assert "timeout" in run.errors[-1]

    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_an_airflow_connection_is_briefly_unavailable(self, stage, airbyte, mode, monkeypatch):
        lookups = iter(
            [None, OSError("away"), KeyError("x"), RuntimeError("secret of the backend"), *[None] * 99]
        )
        fail_lookups(monkeypatch, lambda: next(lookups))
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])


class TestAbsence:
    """A job that was not polled until after its timeout is polled once before the task fails."""

    @pytest.mark.parametrize("on_timeout", ["leave", "cancel"])
    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_our_own_job_has_succeeded(self, stage, airbyte, mode, on_timeout):
        run = stage.run(mode, timeout="1h", on_timeout=on_timeout, retries=0, away_seconds=3 * 3600)
        assert outcome(run, airbyte) == ("success", 1, [1])

    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_an_adopted_job_has_succeeded(self, stage, airbyte, mode):
        airbyte.add("running", 1000)
        run = stage.run(mode, timeout="1h", retries=0, away_seconds=3 * 3600)
        assert outcome(run, airbyte) == ("success", 1, [])

    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_our_own_job_has_failed(self, stage, airbyte, mode):
        airbyte.end = "failed"
        run = stage.run(mode, timeout="1h", retries=0, away_seconds=3 * 3600)
        assert run.finish() == "failed"
        assert "job 1 failed" in run.errors[-1]
        assert "timeout" not in run.errors[-1]

    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_the_rows_of_our_own_job_are_counted_late(self, stage, airbyte, mode):
        airbyte.rows_after = 4 * 3600
        run = stage.run(mode, timeout="1h", retries=0, away_seconds=3 * 3600, min_rows=1)
        assert outcome(run, airbyte) == ("success", 1, [1])

    @pytest.mark.parametrize("mode", DEFERRED)
    def test_texts_name_the_whole_timeout_after_a_short_absence(self, stage, airbyte, mode):
        airbyte.end = None
        run = stage.run(mode, timeout="1h", on_timeout="leave", retries=0, away_seconds=600)
        assert run.finish() == "failed"
        assert "job 1 was still active when this task had waited 1 h (timeout)" in run.errors[-1]

    @pytest.mark.parametrize("mode", ["async", *DEFERRED])
    def test_texts_name_the_whole_timeout(self, stage, airbyte, mode):
        airbyte.end = None
        run = stage.run(mode, timeout="1h", on_timeout="leave", retries=0, away_seconds=3 * 3600)
        assert run.finish() == "failed"
        assert "job 1 was still active when this task had waited 1 h (timeout)" in run.errors[-1]


HOST_DAG = """
schedule: null
enabled: false
syncs:
  money: {connection_id: 1e3b5a72-7bfd-4808-a13c-204505490110, mode: async, retries: 0}
"""


class TestNoJobId:
    """The waiting task needs a job, and reports it if there is none."""

    @pytest.mark.parametrize("mode", ASYNC)
    def test_the_first_task_was_marked_successful(self, stage, airbyte, mode):
        run = stage.run(mode)
        run.mark_success("money.trigger")
        assert run.finish() == "failed"
        assert run.errors == [
            "AirflowFailException: task 'money.trigger' has left no job to wait for: did a person mark it "
            "successful? Clear it to sync, or mark this task too"
        ]
        assert airbyte.calls == []

    @pytest.mark.parametrize("value", ["None", "", "abc", "7.5", "-1", None, [], {}], ids=repr)
    @pytest.mark.parametrize("mode", ASYNC)
    def test_its_result_is_not_an_id(self, stage, airbyte, mode, value):
        run = stage.run(mode)
        run.mark_success("money.trigger")
        run.xcoms["money.trigger", "return_value"] = value
        assert run.finish() == "failed"
        assert "has left no job to wait for" in run.errors[0]
        assert airbyte.calls == []

    @pytest.mark.parametrize(
        "default_args",
        [
            {"do_xcom_push": False},
            {"multiple_outputs": True},
            {"trigger_rule": "all_done"},
            {"soft_fail": True},
            {"silent_fail": True},
            {"never_fail": True},
        ],
        ids=str,
    )
    def test_arguments_of_a_host_dag_do_not_separate_the_two_tasks(self, configs, default_args):
        with DAG("host", schedule=None, default_args=default_args) as dag:
            sync_group("bank", folder=configs({"bank.yaml": HOST_DAG}))
        trigger, wait = (dag.get_task(f"bank.money.{name}") for name in ("trigger", "wait"))
        assert (trigger.do_xcom_push, wait.do_xcom_push) == (True, True)
        assert (trigger.multiple_outputs, wait.multiple_outputs) == (False, False)
        assert str(getattr(wait.trigger_rule, "value", wait.trigger_rule)) == "all_success"
        assert (wait.soft_fail, wait.silent_fail, wait.never_fail) == (False, False, False)


class TestLists:
    """Lists in another order than requested."""

    @pytest.mark.parametrize("ignores", [("orderBy",), ("orderBy", "limit"), ("orderBy", "connectionId")])
    def test_an_old_job_is_not_attributed_to_a_lost_submission(self, stage, airbyte, mode, ignores):
        airbyte.ignores = ignores
        for _ in range(30):
            airbyte.add("succeeded")
        airbyte.fail(POST, "lost after")
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 31, [31])
        assert airbyte.active == []

    @pytest.mark.parametrize("order", ["oldest", "random"])
    def test_a_gateway_that_returns_few_jobs_per_page(self, stage, airbyte, mode, order):
        airbyte.order, airbyte.page_limit = order, 10
        for _ in range(30):
            airbyte.add("succeeded")
        airbyte.fail(POST, "lost after")
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 31, [31])

    @pytest.mark.parametrize("order", ["oldest", "random"])
    def test_a_running_job_is_found_in_small_pages(self, stage, airbyte, mode, order):
        airbyte.order, airbyte.page_limit = order, 10
        for _ in range(30):
            airbyte.add("succeeded")
        airbyte.add("running", 300)
        run = stage.run(mode, on_running="skip")
        assert (run.finish(), airbyte.ours) == ("skipped", [])

    def test_a_job_created_later_is_found_in_a_list_of_any_order(self, stage, airbyte, mode):
        airbyte.order = "random"
        for _ in range(60):
            airbyte.add("succeeded")
        airbyte.fail(POST, made_later(30))
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 61, [61])

    @pytest.mark.parametrize("status", [400, 422, 500, 501])
    def test_a_server_that_cannot_order_is_called_without_an_order(self, stage, airbyte, mode, status):
        airbyte.order_status = status
        run = stage.run(mode)
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert airbyte.jobs[0].started_at < 60


def token_of(token: object, expires_in: object = 900) -> Response:
    content = json.dumps({"access_token": token, "expires_in": expires_in}).encode()
    return Response(status=200, content=content)


class TestTokenAnswers:
    """Odd responses to token requests; the token is in no text."""

    @pytest.mark.parametrize("expires_in", [None, "900", "soon", -1, True, [], 1e999], ids=repr)
    def test_any_lifetime_is_accepted(self, stage, airbyte, mode, expires_in):
        airbyte.fail(TOKEN, *[token_of("a-token", expires_in)] * 50)
        run = stage.run(mode, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])

    @pytest.mark.parametrize(
        "token",
        ["a-secret-token\n", "a-secret token", "a-secret-tokén", "a-secret-token\r\nX-Y: z"],
        ids=repr,
    )
    def test_a_token_that_no_header_can_hold(self, stage, airbyte, mode, token, capfd):
        airbyte.fail(TOKEN, *[token_of(token)] * 500)
        run = stage.run(mode, retries=0)
        assert run.finish() == "failed"
        logged = capfd.readouterr().out
        assert "returns no token that fits into a header" in logged
        shown = [*run.errors, logged]
        assert not [text for text in shown if "a-secret" in text or SECRET in text]
        assert "returns no token that fits into a header" in run.errors[0]
        assert (airbyte.jobs, airbyte.now) == ([], 0)


class TestRedirects:
    """Redirects are not followed: neither the secret nor a token reaches another host."""

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("call", [TOKEN, LIST, POST])
    def test_nothing_is_sent_elsewhere(self, stage, airbyte, mode, status, call):
        with raw_server(answer(b'{"access_token": "t"}')) as other:
            location = f"{other.url}/api/public/v1?secret=1"
            redirect = Response(status=status, content=b"", headers={"location": location})
            airbyte.fail(call, *[redirect] * 50)
            run = stage.run(mode, retries=0)
            assert run.finish() == "failed"
            assert other.requests == []
        assert f"the host redirects to {other.url}/api/public/v1; write the API's final URL" in run.errors[0]
        assert "check login" not in run.errors[0]
        assert airbyte.ours == []

    @pytest.mark.parametrize("call", [GET, DELETE, CONNECTION])
    def test_nothing_of_the_other_calls_is_sent_elsewhere(self, stage, airbyte, mode, call):
        airbyte.end = None
        with raw_server(answer(b"{}")) as other:
            redirect = Response(status=307, content=b"", headers={"location": f"{other.url}/v1"})
            airbyte.fail(call, redirect)
            run = stage.run(mode, timeout="30m", retries=0)
            assert run.finish() == "failed"
            assert other.requests == []
        assert (airbyte.active, len(airbyte.jobs)) == ([], 1)

    @pytest.mark.parametrize("location", [None, "", "/api/public/v1/jobs", "http://[", "//", "\u00e9"])
    def test_a_location_that_leads_nowhere(self, stage, airbyte, mode, location):
        headers = {} if location is None else {"location": location}
        airbyte.fail(TOKEN, *[Response(status=302, content=b"", headers=headers)] * 50)
        run = stage.run(mode, retries=0)
        assert run.finish() == "failed"
        assert "write the API's final URL as host" in run.errors[0]
        assert airbyte.now < 60


class TestDetails:
    """Small bugs that were fixed."""

    def test_rows_that_are_not_counted_are_not_zero(self, stage, airbyte, mode):
        airbyte.rows = None
        run = stage.run(mode, min_rows=1, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert "rows" not in run.events[0]

    def test_rows_that_are_counted_late_are_used(self, stage, airbyte, mode):
        airbyte.rows_after = 8.0
        run = stage.run(mode, min_rows=1, retries=0)
        assert outcome(run, airbyte) == ("success", 1, [1])
        assert run.events[0]["rows"] == 7

    @pytest.mark.parametrize(
        "host",
        ["airbyte:8000/v1", "http://127.0.0.1:99999/v1", "http://[::1/v1", "ftp://airbyte/v1", "http:///v1"],
    )
    def test_a_host_that_is_not_a_url_is_reported_at_once(self, stage, airbyte, mode, host):
        stage.set_connection(host=host)
        run = stage.run(mode, retries=0)
        assert (run.finish(), airbyte.now) == ("failed", 0)
        assert "the host is not a URL; write the host as https://name/api/public/v1" in run.errors[0]

    def test_a_token_endpoint_that_is_missing_is_not_a_missing_connection(self, stage, airbyte, mode):
        airbyte.fail(TOKEN, *[404] * 9)
        run = stage.run(mode, retries=0)
        assert run.finish() == "failed"
        assert "token endpoint not found at 'v1/applications/token'" in run.errors[0]
        assert "connection_id" not in run.errors[0]

    @pytest.mark.parametrize(
        "rendered", ["", " ", "None", "bank", "../jobs", f"{UUID}?a=b", UUID[:-1], f"{UUID}{UUID}", None, 7]
    )
    def test_the_result_of_a_template_has_to_be_an_id(self, stage, airbyte, mode, rendered):
        run = stage.run(mode, connection_id="{{ var.value.bank }}")
        for task in run.tasks:
            run.dag.get_task(task).connection_id = rendered
        assert run.finish() == "failed"
        assert "not the UUID of an Airbyte connection" in run.errors[0]
        assert (len(run.errors), airbyte.calls) == (1, [])

    @pytest.mark.parametrize("rendered", [UUID.upper(), f"{UUID}\n", f"  {UUID} ", UUID.replace("-", "")])
    def test_every_spelling_of_an_id_is_the_same_connection(self, stage, airbyte, mode, rendered):
        run = stage.run(mode, connection_id="{{ var.value.bank }}")
        for task in run.tasks:
            run.dag.get_task(task).connection_id = rendered
        assert outcome(run, airbyte) == ("success", 1, [1])

    def test_an_upper_case_id_is_the_same_asset(self, configs):
        def outlets(connection_id):
            text = f"schedule: null\nsyncs: {{money: {{connection_id: {connection_id}, mode: sync}}}}"
            dag = load_dags(configs({"bank.yaml": text}))["bank"]
            return [asset.uri for asset in dag.get_task("money").outlets]

        assert outlets(UUID.upper()) == outlets(UUID)


class TestLoad:
    """Many triggers in one event loop share sockets, a token and a rate limit."""

    def test_a_hundred_triggers_use_eight_sockets_and_one_token(self, monkeypatch):
        job = {"jobId": 1, "status": "succeeded", "jobType": "sync", "connectionId": UUID}
        content = json.dumps({**job, "access_token": "t", "expires_in": 900}).encode()
        monkeypatch.setattr(rescheduling, "shortest_reschedule", lambda: 0.0)
        with raw_server(answer(content)) as server:
            known = {"conn_type": "airbyte", "host": f"{server.url}/v1", "login": "id", "password": SECRET}
            monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps(known))
            events = asyncio.run(_events_of(100))
            assert server.closed.wait(30)
        assert {event["job"]["status"] for event in events} == {"succeeded"}
        tokens = [request for request in server.requests if b"/applications/token" in request]
        assert (len(tokens), len(server.requests), server.most_sockets <= 8) == (1, 101, True)


async def _events_of(number: int) -> list[dict]:
    state = SyncState(seen=0, job_id=1, role=Role.OWN)
    triggers = [
        AirbyteJobTrigger(
            state=state_as_json(state),
            conn_id="airbyte_default",
            connection_id=UUID,
            end_time=time.time() + 10**10,
            sync_timeout=3600,
            poll_interval=10.0,
        )
        for _ in range(number)
    ]
    return [event.payload for event in await asyncio.gather(*(anext(each.run()) for each in triggers))]
