"""Starting a sync: at most one job for any response, and none while the connection is busy."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from functools import partial

import pytest

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import UNKNOWN
from dag_factory.airbyte.effects import Log, Response
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync import submission
from dag_factory.airbyte.sync.errors import JobEndedError, SyncError, SyncSkipped
from tests.airbyte.fake_airbyte import (
    CONNECTION,
    DAWN,
    DELETE,
    GET,
    LIST,
    OTHER_UUID,
    POST,
    UUID,
    FakeAirbyte,
    made_later,
    problem,
)
from tests.airbyte.protocol_runs import CONNECTION_LABEL, Runs, sync_request

WHERE = "Airflow connection 'airbyte_default', host http://airbyte/api/public/v1"
# A submission at the beginning of a test.
submitted = partial(SyncState, submitted_at=DAWN)
STATUSES = ("pending", "queued", "running", "incomplete", "a new status")


@pytest.fixture
def airbyte():
    return FakeAirbyte()


@pytest.fixture
def runs(airbyte):
    return Runs(airbyte)


def start(runs, state=None, **more):
    return runs.run(lambda context: submission.start(context, sync_request(**more), state))


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(
    "fault",
    ["lost before", "lost after", "html after", "500 after", "504 after", "refused", 408, 429, 500, 502, 503],
)
def test_a_failed_submission_creates_one_job(runs, airbyte, fault, times):
    airbyte.fail(POST, *[fault] * times)
    assert start(runs).job.job_id == 1
    assert len(airbyte.jobs) == 1


@pytest.mark.parametrize("seconds", [0.5, 12.0, 65.0, 125.0])
@pytest.mark.parametrize("order", ["newest", "oldest", "random"])
def test_a_job_that_is_created_after_a_gateway_timeout_is_found(runs, airbyte, seconds, order):
    airbyte.order = order
    for _ in range(30):
        airbyte.add("succeeded")
    airbyte.fail(POST, made_later(seconds))
    target = start(runs)
    assert (target.job.job_id, target.role, airbyte.count(POST)) == (31, Role.OWN, 1)


def test_the_short_job_of_a_lost_submission_is_found(runs, airbyte):
    airbyte.run_seconds = 0.5
    airbyte.fail(POST, "lost after")
    assert runs.sync().job_id == 1
    assert airbyte.count(POST) == 1


def test_a_lost_submission_whose_job_failed_is_not_submitted_again(runs, airbyte):
    airbyte.run_seconds, airbyte.end = 0.5, "failed"
    airbyte.fail(POST, "lost after")
    with pytest.raises(JobEndedError, match="job 1 failed"):
        runs.sync()
    assert len(airbyte.jobs) == 1


@pytest.mark.parametrize("call", [CONNECTION, LIST])
@pytest.mark.parametrize("fault", ["lost before", "refused", "html after", 429, 500, 503])
def test_an_outage_delays_a_start(runs, airbyte, call, fault):
    airbyte.fail(call, *[fault] * 4)
    assert start(runs).job.job_id == 1


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_permanent_error_fails_at_once(runs, airbyte, code):
    airbyte.fail(LIST, code)
    with pytest.raises(ApiError, match=f"Airbyte answered {code} to listing the jobs of connection {UUID}"):
        start(runs)
    assert airbyte.now == 0


@pytest.mark.parametrize("code", [307, 401, 403, 415, 422])
def test_a_rejected_submission_fails_at_once(runs, airbyte, code):
    airbyte.fail(POST, code)
    with pytest.raises(SyncError, match=f"Airbyte answered {code} to starting a sync"):
        start(runs)
    assert (airbyte.now, airbyte.jobs, runs.state) == (0, [], SyncState(seen=0))


def test_a_start_that_can_have_created_nothing_ends_after_ten_minutes(runs, airbyte):
    airbyte.fail(LIST, *[503] * 200)
    with pytest.raises(ApiError, match="Airbyte answered 503 to listing the jobs"):
        start(runs)
    assert 600 <= airbyte.now < 700


def test_a_job_that_may_have_been_created_is_searched_for_until_the_timeout(runs, airbyte):
    airbyte.fail(POST, "lost after")
    airbyte.fail(LIST, None, *[503] * 40)
    assert start(runs).job.job_id == 1
    assert 1800 <= airbyte.now < 3600


def test_lists_that_fail_in_turns_share_one_timeout(runs, airbyte):
    airbyte.fail(POST, "lost before")
    airbyte.fail(LIST, None, *[*[503] * 40, None] * 3)
    with pytest.raises(ApiError, match="Airbyte answered 503 to listing the jobs"):
        start(runs)
    assert 3600 <= airbyte.now < 3700


def test_a_start_ends_at_the_timeout_and_a_retry_finds_its_job(runs, airbyte):
    airbyte.fail(POST, "lost after")
    airbyte.fail(LIST, None, *[503] * 100)
    with pytest.raises(ApiError, match="Airbyte answered 503 to listing the jobs"):
        start(runs)
    assert 3600 <= airbyte.now < 3700
    assert runs.state == submitted(seen=0, is_submitting=True)
    airbyte.faults.clear()
    assert runs.retry().job_id == 1
    assert len(airbyte.jobs) == 1


def test_a_submission_that_is_always_lost_ends_with_a_hint(runs, airbyte):
    airbyte.fail(POST, *["lost before"] * 100)
    with pytest.raises(SyncError, match="no job has appeared so far: check the connection's page"):
        start(runs)
    assert airbyte.now < 900
    # The last of several submissions bounds the jobs that they can have created.
    last = max(state.submitted_at for state in runs.saved)
    assert last > DAWN + 500
    assert runs.state == replace(submitted(seen=0, is_submitting=True), submitted_at=last)


def test_a_response_with_an_old_job_is_ignored(runs, airbyte):
    old = airbyte.add("succeeded")
    airbyte.fail(POST, lambda server, _call, _request: server._json(server.shown(old)))
    assert start(runs).job.job_id == 2
    assert airbyte.count(POST) == 2


@pytest.mark.parametrize("connection_id", [OTHER_UUID, "", None, 7])
def test_a_response_for_another_connection_is_ignored(runs, airbyte, connection_id):
    answer = {"jobId": 99, "status": "running", "jobType": "sync", "connectionId": connection_id}
    airbyte.fail(POST, Response(status=200, content=json.dumps(answer).encode()))
    assert start(runs).job.job_id == 1


class TestBusy:
    """A connection that a job keeps busy."""

    @pytest.mark.parametrize("status", STATUSES)
    def test_an_active_sync_is_adopted_in_any_status(self, runs, airbyte, status):
        airbyte.add(status)
        target = start(runs)
        assert (target.job.job_id, target.role) == (1, Role.ADOPTED)
        assert airbyte.calls == [CONNECTION, LIST, GET]
        assert runs.state == SyncState(job_id=1, role=Role.ADOPTED)

    @pytest.mark.parametrize("on_running", ["adopt", "fail", "skip"])
    @pytest.mark.parametrize("kind", ["sync", "clear"])
    def test_a_list_that_shows_an_ended_job_as_active_is_not_trusted(self, runs, airbyte, kind, on_running):
        old = airbyte.add("succeeded", job_type=kind)
        listed = json.dumps({"data": [{**airbyte.shown(old), "status": "running"}]}).encode()
        airbyte.fail(LIST, Response(status=200, content=listed))
        target = start(runs, on_running=on_running)
        assert (target.job.job_id, target.role) == (2, Role.OWN)
        assert "job 1 is succeeded, although the list of jobs shows running" in runs.logged

    def test_a_list_is_trusted_if_the_job_itself_cannot_be_polled(self, runs, airbyte):
        airbyte.add("running")
        airbyte.fail(GET, 500)
        assert start(runs).role is Role.ADOPTED

    @pytest.mark.parametrize("on_running", ["adopt", "fail", "skip"])
    def test_a_conflict_with_the_job_of_a_lost_submission_is_not_somebody_elses(
        self, runs, airbyte, on_running
    ):
        """The list does not show the job yet; Airbyte answers the next submission that one is running."""
        nothing = Response(status=200, content=b'{"data": []}')
        airbyte.add("running", requested_by="us")
        airbyte.fail(LIST, nothing)
        target = start(runs, submitted(seen=0, is_submitting=True), on_running=on_running)
        assert (target.job.job_id, target.role) == (1, Role.OWN)
        assert (airbyte.count(POST), len(airbyte.jobs)) == (1, 1)

    @pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
    def test_a_final_status_in_the_response_to_a_submission_is_not_trusted(self, runs, airbyte, status):
        def lie(server, _call, _request):
            return server._json({**server.shown(server.add("running")), "status": status})

        airbyte.fail(POST, lie)
        target = start(runs)
        assert (target.job.job_id, target.role, target.job.status) == (1, Role.OWN, UNKNOWN)

    @pytest.mark.parametrize("kind", ["clear", "reset", "refresh", "something new"])
    @pytest.mark.parametrize("status", STATUSES)
    def test_a_job_of_another_type_is_in_the_way(self, runs, airbyte, kind, status):
        airbyte.add(status, job_type=kind)
        target = start(runs)
        assert (target.job.job_id, target.role) == (1, Role.BLOCKER)
        assert airbyte.count(POST) == 0
        assert runs.logged[-2] == (
            f"Airbyte {CONNECTION_LABEL} is busy: job 1, a {kind} that this task did not start, is {status}; "
            "waiting for it: a sync is submitted when it has ended"
        )

    @pytest.mark.parametrize("kind", ["sync", "clear"])
    @pytest.mark.parametrize(("on_running", "raised"), [("fail", SyncError), ("skip", SyncSkipped)])
    def test_on_running_may_fail_or_skip(self, runs, airbyte, kind, on_running, raised):
        airbyte.add("running", job_type=kind)
        with pytest.raises(raised) as error:
            start(runs, on_running=on_running)
        assert str(error.value) == (
            f"Airbyte {CONNECTION_LABEL} is busy: job 1, a {kind} that this task did not start, is running"
        )
        assert (airbyte.count(POST), runs.state) == (0, SyncState())

    @pytest.mark.parametrize("kind", ["clear", "reset", "refresh"])
    def test_a_submission_answered_with_a_waiting_job_of_another_type(self, runs, airbyte, kind):
        airbyte.wait_seconds = 30.0
        airbyte.just_before(POST, lambda: airbyte.start(job_type=kind))
        target = start(runs)
        assert (target.job.job_id, target.role) == (1, Role.BLOCKER)
        assert runs.state == SyncState(seen=0, job_id=1, role=Role.BLOCKER)

    def test_a_sync_that_begins_just_before_the_submission_is_adopted(self, runs, airbyte):
        airbyte.just_before(POST, airbyte.start)
        target = start(runs)
        assert (target.job.job_id, target.role) == (1, Role.ADOPTED)
        assert len(airbyte.jobs) == 1
        assert (airbyte.now, runs.state) == (0.0, SyncState(seen=0, job_id=1, role=Role.ADOPTED))

    @pytest.mark.parametrize(("on_running", "raised"), [("fail", SyncError), ("skip", SyncSkipped)])
    def test_on_running_applies_to_a_sync_that_begins_just_before(self, runs, airbyte, on_running, raised):
        airbyte.just_before(POST, airbyte.start)
        with pytest.raises(raised, match="A sync is already running"):
            start(runs, on_running=on_running)
        assert runs.state == SyncState(seen=0)
        assert len(airbyte.jobs) == 1

    def test_a_sync_that_ended_before_it_could_be_adopted_is_followed_by_ours(self, runs, airbyte):
        airbyte.just_before(POST, lambda: airbyte.start() and setattr(airbyte.jobs[0], "status", "running"))
        airbyte.run_seconds = 1.0
        airbyte.just_before(LIST, lambda: None, lambda: airbyte.sleep(2))
        target = start(runs)
        assert (target.job.job_id, target.role) == (2, Role.OWN)

    def test_a_conflict_after_a_lost_submission_is_with_its_own_job(self, runs, airbyte):
        airbyte.fail(POST, "lost after")
        airbyte.fail(LIST, None, *[lambda server, _call, _request: server._json({"data": []})] * 9)
        target = start(runs, on_running="fail")
        assert (target.job.job_id, target.role) == (1, Role.OWN)
        assert (airbyte.count(POST), len(airbyte.jobs)) == (1, 1)

    def test_a_server_that_reports_busy_without_a_job_fails_after_ten_minutes(self, runs, airbyte):
        airbyte.fail(POST, *[problem(409, f"A sync is already running for: {UUID}")] * 100)
        with pytest.raises(SyncError, match=r"Airbyte answered 409 .* \(A sync is already running for"):
            start(runs)
        assert 600 <= airbyte.now < 700
        assert airbyte.count(POST) < 30


class TestConnection:
    """The connection's own status, before a job is submitted."""

    @pytest.mark.parametrize(
        ("status", "text"),
        [
            (
                "inactive",
                f"Airbyte {CONNECTION_LABEL} is disabled: enable it in Airbyte, or take the sync out of the "
                "configuration (Airflow connection 'airbyte_default')",
            ),
            (
                "deprecated",
                f"Airbyte {CONNECTION_LABEL} is deleted: take the sync out of the configuration "
                "(Airflow connection 'airbyte_default')",
            ),
            (
                "locked",
                f"Airbyte {CONNECTION_LABEL} is locked: see in Airbyte why "
                "(Airflow connection 'airbyte_default')",
            ),
            (
                None,
                f"Airbyte connection {UUID} does not exist: check connection_id, and that the host is the "
                "Airbyte that has it (Airflow connection 'airbyte_default')",
            ),
        ],
    )
    def test_an_inactive_connection_is_reported_at_once(self, runs, airbyte, status, text):
        airbyte.status = status
        with pytest.raises(SyncError) as error:
            start(runs)
        assert str(error.value) == text
        assert airbyte.calls == [CONNECTION]

    def test_a_connection_disabled_just_before_the_submission_is_reported(self, runs, airbyte):
        airbyte.just_before(POST, lambda: setattr(airbyte, "status", "inactive"))
        with pytest.raises(SyncError, match="is disabled: enable it in Airbyte"):
            start(runs)
        assert (airbyte.jobs, airbyte.now) == ([], 0)

    @pytest.mark.parametrize("fault", [401, 403, 500, "lost before", "html after"])
    def test_a_connection_that_cannot_be_read_is_synced_anyway(self, runs, airbyte, fault):
        airbyte.fail(CONNECTION, *[fault] * 5)
        assert start(runs).job.job_id == 1
        assert any(
            line.startswith(f"the name and page of connection {UUID} are unknown") for line in runs.logged
        )

    def test_a_host_that_is_not_the_api_does_not_make_it_missing(self, airbyte):
        runs = Runs(airbyte, Access(conn_id="airbyte_default", host="http://airbyte"))
        airbyte.fail(CONNECTION, 404)
        airbyte.fail(LIST, 404)
        with pytest.raises(ApiError, match="the host must be the API's URL and end in /v1"):
            start(runs)

    def test_airbytes_own_schedule_is_logged_as_a_warning(self, runs, airbyte):
        airbyte.schedule = {"scheduleType": "cron", "cronExpression": "0 0 12 * * ? UTC"}
        start(runs)
        assert runs.lines[1] == Log(
            "Airbyte schedules this connection too (cron 0 0 12 * * ? UTC), so it may sync twice: set its "
            "schedule to manual in Airbyte",
            level=logging.WARNING,
        )

    def test_an_unexplained_409_is_investigated(self, runs, airbyte):
        """Airbyte gives the same response if it did not create a job within a minute."""
        airbyte.fail(POST, problem(409, "Could not fulfill request"))
        airbyte.just_before(POST, lambda: airbyte.later(5.0, lambda: airbyte.start("us")))
        assert start(runs).job.job_id == 1
        assert airbyte.count(POST) == 1

    def test_a_submission_that_created_nothing_does_not_move_the_bound_of_an_uncertain_one(
        self, runs, airbyte
    ):
        airbyte.sleep(400)
        airbyte.just_before(POST, airbyte.start)
        target = start(runs, submitted(seen=0, is_submitting=True))
        assert (target.job.job_id, target.role) == (1, Role.ADOPTED)


class TestState:
    """What is saved before and after each step."""

    def test_a_submission_is_saved_before_it_is_sent(self, runs, airbyte):
        saved = []
        airbyte.just_before(POST, lambda: saved.append(runs.state))
        airbyte.add("succeeded", job_type="clear")
        start(runs)
        assert saved == [submitted(seen=1, is_submitting=True)]
        assert runs.state == submitted(seen=1, job_id=2, role=Role.OWN)

    @pytest.mark.parametrize("fault", [429, "refused"])
    def test_a_submission_that_created_nothing_is_no_longer_uncertain(self, runs, airbyte, fault):
        airbyte.fail(POST, fault)
        start(runs)
        assert runs.saved == [
            submitted(seen=0, is_submitting=True),
            SyncState(seen=0),
            submitted(seen=0, is_submitting=True, submitted_at=DAWN + 2),
            submitted(seen=0, job_id=1, role=Role.OWN, submitted_at=DAWN + 2),
        ]

    def test_an_uncertain_submission_keeps_what_was_seen_before_it(self, runs, airbyte):
        airbyte.add("succeeded")
        airbyte.fail(POST, "lost before", "refused", "lost before")
        start(runs)
        assert {state.seen for state in runs.saved} == {1}
        assert [state.is_submitting for state in runs.saved] == [True, True, True, True, True, False]

    @pytest.mark.parametrize(("after", "role"), [(299.0, Role.OWN), (300.0, Role.ADOPTED)])
    def test_a_job_created_too_late_does_not_belong_to_a_submission(self, runs, airbyte, after, role):
        airbyte.sleep(after)
        airbyte.add("running")
        target = start(runs, submitted(seen=0, is_submitting=True))
        assert (target.job.job_id, target.role) == (1, role)

    def test_a_job_created_too_late_for_one_submission_is_not_attributed_to_the_next(self, runs, airbyte):
        airbyte.add("succeeded")
        airbyte.fail(POST, made_later(12.0))
        target = start(runs, SyncState(seen=0, is_submitting=True, submitted_at=DAWN - 400))
        assert (target.job.job_id, target.role) == (2, Role.OWN)

    @pytest.mark.parametrize("foreign", ["running", "pending"])
    def test_a_job_seen_before_an_uncertain_submission_is_never_its_own(self, runs, airbyte, foreign):
        airbyte.add(foreign)
        target = start(runs, SyncState(seen=1, is_submitting=True))
        assert (target.job.job_id, target.role) == (1, Role.ADOPTED)

    def test_nothing_is_cancelled(self, runs, airbyte):
        airbyte.add("running", job_type="clear")
        start(runs)
        assert airbyte.count(DELETE) == 0
