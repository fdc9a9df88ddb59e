"""Waiting for a job: failed polls, timeouts, cancellations, and the log."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.model import Job, unknown_job
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync import polling
from dag_factory.airbyte.sync.errors import JobTimedOutError, SyncError
from dag_factory.airbyte.sync.types import PollFailure, Target
from tests.airbyte.fake_airbyte import DELETE, GET, UUID, FakeAirbyte
from tests.airbyte.protocol_runs import Runs, sync_request

HOUR = 3600.0


@pytest.fixture
def airbyte():
    return FakeAirbyte()


@pytest.fixture
def runs(airbyte):
    return Runs(airbyte)


def target_of(job_id=1, role=Role.OWN, **state) -> Target:
    return Target(
        job=unknown_job(job_id, UUID), state=SyncState(seen=job_id - 1, job_id=job_id, role=role, **state)
    )


def wait(runs, target=None, seconds=None, **more):
    request = sync_request(**more)
    seconds = request.timeout if seconds is None else seconds
    return runs.run(lambda context: polling.wait(context, request, target or target_of(), seconds))


def cancel(runs):
    return runs.run(lambda context: polling.cancel(context, 1))


class TestWait:
    """Polling until a job has ended."""

    @pytest.mark.parametrize("failures", [1, 5, 50])
    @pytest.mark.parametrize("fault", ["lost before", "refused", "html after", 408, 425, 429, 500, 503])
    def test_polls_that_fail_do_not_fail_the_sync(self, runs, airbyte, fault, failures):
        airbyte.add("running", 8 * HOUR)
        airbyte.fail(GET, None, *[fault] * failures)
        assert wait(runs, timeout=12 * HOUR, wait_seconds=60.0).status == "succeeded"

    def test_pauses_for_a_struggling_server_grow(self, runs, airbyte):
        airbyte.add("running", HOUR)
        airbyte.fail(GET, *[503] * 10)
        wait(runs, timeout=2 * HOUR)
        texts = [line.rpartition("; ")[2] for line in runs.logged if "503" in line]
        seconds = [2, 4, 8, 16, 32]
        assert (
            texts == [f"polling again in {second} s" for second in seconds] + ["polling again in 1 min"] * 5
        )

    @pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 418])
    def test_permanent_errors_end_the_wait_after_give_up_after(self, runs, airbyte, code):
        airbyte.add("running")
        airbyte.fail(GET, *[code] * 1000)
        with pytest.raises(SyncError, match=f"Airbyte answered {code} to the request for job 1"):
            wait(runs, timeout=24 * HOUR)
        assert 600 <= airbyte.now < 700

    @pytest.mark.parametrize("code", [401, 403, 404])
    def test_a_restarting_proxy_does_not_end_the_wait(self, runs, airbyte, code):
        airbyte.add("running", HOUR)
        airbyte.fail(GET, *[code] * 9, None, *[code] * 9, 503, *[code] * 9)
        assert wait(runs, timeout=2 * HOUR).status == "succeeded"

    def test_an_ended_job_is_not_polled(self, runs, airbyte):
        job = Job(job_id=1, status="succeeded", job_type="sync", connection_id=UUID)
        assert wait(runs, Target(job=job, state=SyncState(job_id=1, role=Role.OWN))) == job
        assert airbyte.calls == []

    @pytest.mark.parametrize("status", ["pending", "queued", "running", "incomplete", "a new status"])
    def test_only_three_statuses_are_final(self, runs, airbyte, status):
        airbyte.add(status, 60)
        assert wait(runs).status == "succeeded"

    @pytest.mark.parametrize("seconds", [0.0, -3600.0])
    @pytest.mark.parametrize("role", [Role.OWN, Role.ADOPTED])
    def test_a_job_is_polled_once_more_at_the_timeout(self, runs, airbyte, seconds, role):
        airbyte.add("succeeded")
        assert wait(runs, target_of(role=role), seconds, on_timeout="leave").status == "succeeded"

    def test_pauses_are_never_negative_and_end_at_the_timeout(self, runs, airbyte):
        airbyte.add("running")
        with pytest.raises(JobTimedOutError):
            wait(runs, timeout=62, on_timeout="leave")
        assert airbyte.now == 62

    def test_a_foreign_response_is_a_failed_poll(self, runs, airbyte):
        airbyte.add("running", 30)
        other = airbyte.add("failed")
        airbyte.fail(GET, lambda server, _call, _request: server._json(server.shown(other)))
        assert wait(runs).job_id == 1


class TestTimeout:
    """A job that takes too long."""

    def test_our_own_job_is_cancelled_and_polled(self, runs, airbyte):
        airbyte.add("running", requested_by="us")
        airbyte.ignored_cancels = 3
        with pytest.raises(JobTimedOutError) as error:
            wait(runs, timeout=600)
        assert str(error.value) == (
            f"Airbyte connection {UUID}: job 1 was still active "
            "when this task had waited 10 min (timeout); it is cancelled now"
        )
        assert airbyte.active == []
        assert runs.state == SyncState(seen=0, job_id=1, role=Role.OWN, is_reported=True)

    def test_a_job_that_succeeds_while_it_is_cancelled_is_a_success(self, runs, airbyte):
        airbyte.add("running", 601, requested_by="us")
        airbyte.ignored_cancels = 1
        assert wait(runs, timeout=600).status == "succeeded"

    @pytest.mark.parametrize(
        ("role", "more", "end"),
        [
            (Role.OWN, {"on_timeout": "leave"}, "it continues, because on_timeout is leave"),
            (Role.ADOPTED, {}, "it continues, because this task did not start it"),
            (Role.BLOCKER, {}, "it continues, because this task did not start it"),
        ],
    )
    def test_a_job_that_continues(self, runs, airbyte, role, more, end):
        airbyte.add("running", requested_by="person")
        with pytest.raises(JobTimedOutError) as error:
            wait(runs, target_of(role=role), timeout=5400, **more)
        assert str(error.value) == (
            f"Airbyte connection {UUID}: job 1 was still active "
            f"when this task had waited 1 h 30 min (timeout); {end}"
        )
        assert (airbyte.count(DELETE), len(airbyte.active)) == (0, 1)

    def test_messages_name_the_whole_timeout_and_not_the_rest(self, runs, airbyte):
        airbyte.add("running")
        with pytest.raises(JobTimedOutError, match=r"still active when this task had waited 1 h \(timeout\)"):
            wait(runs, seconds=-3600.0, on_timeout="leave")


class TestCancel:
    """Cancelling a job, and confirming that it has ended."""

    @pytest.mark.parametrize(
        "fault", ["lost before", "lost after", "refused", "html after", 401, 409, 500, 503]
    )
    @pytest.mark.parametrize("call", [GET, DELETE])
    def test_a_failed_call_is_repeated(self, runs, airbyte, fault, call):
        airbyte.add("running")
        airbyte.fail(call, *[fault] * 3)
        assert cancel(runs).status == "cancelled"

    @pytest.mark.parametrize("seconds", [270.0, 1800.0])
    def test_a_cancellation_outlasts_a_back_off_of_airbyte(self, runs, airbyte, seconds):
        """Airbyte ignores a cancellation between two attempts, which can be half an hour apart."""
        job = airbyte.add("incomplete")
        airbyte.later(seconds, lambda: setattr(job, "status", "running"))
        assert cancel(runs).status == "cancelled"

    def test_a_cancellation_that_never_works_is_reported(self, runs, airbyte):
        airbyte.add("running")
        airbyte.ignored_cancels = 10_000
        with pytest.raises(SyncError) as error:
            cancel(runs)
        assert str(error.value) == "job 1 could not be cancelled within 45 min: cancel it in Airbyte"
        assert airbyte.count(DELETE) < 120

    @pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
    def test_an_ended_job_and_the_running_one_are_left_alone(self, runs, airbyte, status):
        airbyte.add(status)
        airbyte.add("running")
        assert cancel(runs).status == status
        assert (airbyte.count(DELETE), len(airbyte.active)) == (0, 1)

    def test_repetitions_do_not_fill_the_log(self, runs, airbyte):
        airbyte.add("running")
        airbyte.ignored_cancels = 50
        cancel(runs)
        assert runs.logged == [
            "job 1 is running although it was cancelled; Airbyte ignores that between two attempts: trying "
            "again",
            "job 1 is cancelled",
        ]


class TestPoll:
    """One poll of a sensor."""

    @pytest.mark.parametrize(
        ("fault", "pause", "is_retryable"),
        [(503, 8.0, True), (401, 8.0, False), ("lost before", 8.0, True)],
    )
    def test_a_poll_that_fails(self, runs, airbyte, fault, pause, is_retryable):
        airbyte.add("running")
        airbyte.fail(GET, fault)
        failure = runs.run(lambda context: polling.poll(context, sync_request(), target_of(), 2))
        assert isinstance(failure, PollFailure)
        assert (failure.pause, failure.is_retryable) == (pause, is_retryable)

    @pytest.mark.parametrize(
        ("role", "on_kill", "is_cancelled"),
        [
            (Role.CLEARED, "cancel", True),
            (Role.CLEARED, "leave", False),
            (Role.OWN, "cancel", False),
            (Role.ADOPTED, "cancel", False),
            (Role.BLOCKER, "cancel", False),
        ],
    )
    def test_only_the_job_of_a_cleared_try_is_cancelled_by_a_poll(
        self, runs, airbyte, role, on_kill, is_cancelled
    ):
        airbyte.add("running", requested_by="us")
        request = sync_request(on_kill=on_kill)
        runs.run(lambda context: polling.poll(context, request, target_of(role=role), 0))
        assert (airbyte.active == []) == is_cancelled


class TestLog:
    """When a line is logged, and its text."""

    def test_a_line_is_written_when_the_status_changes_and_every_five_minutes(self, runs, airbyte):
        job = airbyte.add("pending", 1000)
        airbyte.later(100, lambda: setattr(job, "status", "running"))
        wait(runs)
        assert runs.logged == [
            "job 1 is pending: 7 rows",
            "job 1 is running: 7 rows",
            "job 1 is running: 7 rows",
            "job 1 is running: 7 rows",
        ]

    @pytest.mark.parametrize(
        ("facts", "text"),
        [
            ({}, "job 1 is running"),
            ({"seconds": 75.0}, "job 1 is running after 1 min 15 s"),
            ({"rows": 1200, "bytes": 10_000}, "job 1 is running: 1,200 rows, 9.8 KiB"),
            ({"rows": 0, "seconds": 5.0}, "job 1 is running: 0 rows after 5 s"),
        ],
        ids=str,
    )
    def test_the_line_of_an_active_job(self, facts, text):
        job = Job(**{"job_id": 1, "status": "running", "job_type": "sync", "connection_id": UUID, **facts})
        assert polling.progress_text(job) == text
