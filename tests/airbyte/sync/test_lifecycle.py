"""Whole syncs against an in-memory Airbyte: one job, none left running, and no false success."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Job
from dag_factory.airbyte.effects import Log, Response
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.errors import JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.sync.polling import CANCEL_SECONDS
from dag_factory.airbyte.sync.types import PreviousTry, Target
from tests.airbyte.fake_airbyte import CONNECTION, DAWN, DELETE, GET, LIST, POST, UUID, FakeAirbyte
from tests.airbyte.protocol_runs import CONNECTION_LABEL, Runs, sync_request

LOG_HINT = "Airbyte's page of the connection has the job's log"


@pytest.fixture
def airbyte():
    return FakeAirbyte()


@pytest.fixture
def runs(airbyte):
    return Runs(airbyte)


def job_of(status="succeeded", **more) -> Job:
    return Job(**{"job_id": 7, "status": status, "job_type": "sync", "connection_id": UUID, **more})


def test_a_plain_sync(runs, airbyte):
    job = runs.sync()
    assert job == job_of(job_id=1, rows=7, created=DAWN)
    assert airbyte.calls == [CONNECTION, LIST, POST, GET, GET]
    assert runs.saved == [
        SyncState(seen=0, submitted_at=DAWN, is_submitting=True),
        SyncState(seen=0, submitted_at=DAWN, job_id=1, role=Role.OWN),
    ]
    assert runs.logged == [
        f"Airbyte {CONNECTION_LABEL} at http://airbyte/api/public/v1 (Airflow connection 'airbyte_default')",
        "submitted job 1",
        f"http://airbyte/workspaces/9b36a871-32a3-4d7d-8a3e-5a1f37b5c0aa/connections/{UUID}/timeline",
        "job 1 is running: 7 rows",
        "job 1 succeeded: 7 rows",
    ]


class TestRetry:
    """A try after another one of the same task."""

    def test_a_running_job_of_the_previous_try_is_resumed_with_any_on_running(self, runs, airbyte):
        airbyte.add("succeeded")
        airbyte.add("running", 20, requested_by="us")
        state = SyncState(seen=1, job_id=2, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state), on_running="fail").job_id == 2
        assert airbyte.count(POST) == 0

    @pytest.mark.parametrize(
        "state", [SyncState(seen=0, job_id=1, role=Role.OWN), SyncState(seen=0, is_submitting=True)], ids=str
    )
    def test_a_job_that_succeeded_meanwhile_is_the_result(self, runs, airbyte, state):
        airbyte.add("succeeded")
        assert runs.sync(PreviousTry(state=state)).job_id == 1
        assert airbyte.count(POST) == 0

    @pytest.mark.parametrize("status", ["failed", "cancelled"])
    @pytest.mark.parametrize(
        "state", [SyncState(seen=0, job_id=1, role=Role.OWN), SyncState(seen=0, is_submitting=True)], ids=str
    )
    def test_a_new_job_follows_an_unsuccessful_one(self, runs, airbyte, state, status):
        airbyte.add(status)
        assert runs.sync(PreviousTry(state=state)).job_id == 2

    def test_a_new_job_follows_one_with_too_few_rows(self, runs, airbyte):
        airbyte.add("succeeded")
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        with pytest.raises(JobEndedError, match="job 2 moved"):
            runs.sync(PreviousTry(state=state), min_rows=8)

    def test_a_new_job_follows_one_whose_failure_was_reported(self, runs, airbyte):
        airbyte.add("succeeded")
        state = SyncState(seen=0, job_id=1, role=Role.OWN, is_reported=True)
        assert runs.sync(PreviousTry(state=state)).job_id == 2

    @pytest.mark.parametrize(
        ("state", "is_clear"),
        [
            (SyncState(seen=0, job_id=1, role=Role.OWN, is_done=True), True),
            (SyncState(seen=0, job_id=1, role=Role.OWN), True),
            (SyncState(seen=0, job_id=1, role=Role.OWN, is_reported=True), False),
            (SyncState(seen=0, is_submitting=True), True),
        ],
        ids=["cleared when done", "cleared", "failed", "cleared, of an uncertain submission"],
    )
    def test_a_stale_list_does_not_make_the_old_job_a_result(self, runs, airbyte, state, is_clear):
        airbyte.add("succeeded", requested_by="us")
        good_lists = [None] if state.is_submitting else []
        airbyte.fail(LIST, *good_lists, Response(status=200, content=b'{"data": []}'))
        airbyte.fail(POST, "lost before")
        assert runs.sync(PreviousTry(state=state, is_clear=is_clear)).job_id == 2

    def test_a_reinstalled_airbyte_numbers_its_jobs_from_the_start(self, runs):
        state = SyncState(seen=70, job_id=71, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state)).job_id == 1
        assert runs.state.role is Role.OWN

    def test_jobs_from_before_the_first_try_are_left_alone(self, runs, airbyte):
        airbyte.add("succeeded")
        assert runs.sync(PreviousTry(state=SyncState(seen=1, is_submitting=True))).job_id == 2

    @pytest.mark.parametrize("foreign", ["running", "succeeded"])
    def test_our_own_job_is_the_result_and_not_a_newer_one(self, runs, airbyte, foreign):
        airbyte.add("succeeded", requested_by="us")
        airbyte.add(foreign)
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state)).job_id == 1
        assert airbyte.count(POST) == airbyte.count(DELETE) == 0

    def test_a_persons_newer_success_is_not_the_result_of_a_failed_job(self, runs, airbyte):
        airbyte.add("failed", requested_by="us")
        airbyte.add("succeeded")
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state)).job_id == 3

    def test_on_running_applies_to_a_persons_newer_sync_after_a_failed_job(self, runs, airbyte):
        airbyte.add("failed", requested_by="us")
        airbyte.add("running")
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        with pytest.raises(SyncSkipped, match="job 2, a sync that this task did not start, is running"):
            runs.sync(PreviousTry(state=state), on_running="skip")
        assert airbyte.count(DELETE) == airbyte.count(POST) == 0

    def test_a_job_that_airbyte_has_forgotten_is_replaced(self, runs, airbyte):
        state = SyncState(seen=40, job_id=41, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state)).job_id == 1
        assert len(airbyte.jobs) == 1

    @pytest.mark.parametrize("code", [401, 403, 404, 409])
    def test_a_retry_keeps_its_job_while_a_proxy_restarts(self, runs, airbyte, code):
        airbyte.add("running", 400, requested_by="us")
        airbyte.fail(GET, *[code] * 5)
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state)).job_id == 1
        assert len(airbyte.jobs) == 1

    @pytest.mark.parametrize("code", [401, 403, 404])
    def test_a_retry_searches_for_its_job_while_a_proxy_restarts(self, runs, airbyte, code):
        airbyte.add("running", 400, requested_by="us")
        airbyte.fail(LIST, *[code] * 5)
        assert runs.sync(PreviousTry(state=SyncState(seen=0, is_submitting=True))).job_id == 1
        assert len(airbyte.jobs) == 1

    def test_a_retry_asks_for_its_job_until_the_timeout(self, runs, airbyte):
        airbyte.add("running", 3000, requested_by="us")
        airbyte.fail(GET, *[503] * 30)
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state)).job_id == 1
        assert airbyte.now > 1200

    def test_an_uncertain_submission_that_created_nothing_is_repeated(self, runs, airbyte):
        assert runs.sync(PreviousTry(state=SyncState(seen=0, is_submitting=True))).job_id == 1
        assert airbyte.count(POST) == 1

    def test_the_oldest_later_sync_belongs_to_an_uncertain_submission(self, runs, airbyte):
        airbyte.add("succeeded", requested_by="us")
        airbyte.add("running")
        assert runs.sync(PreviousTry(state=SyncState(seen=0, is_submitting=True))).job_id == 1

    def test_a_job_in_the_way_of_the_previous_try_is_not_its_result(self, runs, airbyte):
        airbyte.add("succeeded", job_type="clear")
        state = SyncState(seen=0, job_id=1, role=Role.BLOCKER)
        assert runs.sync(PreviousTry(state=state)).job_id == 2

    def test_a_sync_that_replaces_a_job_in_the_way_is_not_asked_for_by_its_id(self, runs, airbyte):
        """A blocker's record may meet another job with its id, as after a reinstallation of Airbyte."""
        airbyte.add("succeeded")
        state = SyncState(seen=0, job_id=1, role=Role.BLOCKER)
        assert runs.sync(PreviousTry(state=state)).job_id == 2

    def test_an_adopted_job_stays_somebody_elses(self, runs, airbyte):
        airbyte.add("running")
        state = SyncState(seen=0, job_id=1, role=Role.ADOPTED)
        with pytest.raises(JobTimedOutError, match="it continues, because this task did not start it"):
            runs.sync(PreviousTry(state=state), timeout=60)
        assert [job.status for job in airbyte.jobs] == ["running"]

    @pytest.mark.parametrize("effects", range(1, 14))
    def test_the_try_after_a_kill_at_any_effect_creates_no_second_job(self, runs, airbyte, effects):
        runs.crash(effects)
        assert runs.retry(on_running="fail").job_id == 1
        assert len(airbyte.jobs) == 1

    @pytest.mark.parametrize("effects", range(1, 8))
    def test_a_try_that_is_killed_after_a_lost_submission(self, runs, airbyte, effects):
        airbyte.fail(POST, "lost after")
        runs.crash(effects)
        assert runs.retry(on_running="fail").job_id == 1
        assert len(airbyte.jobs) == 1


class TestClear:
    """A try after a person has cleared the task: it syncs again."""

    @pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
    def test_an_ended_job_is_not_the_result(self, runs, airbyte, status):
        airbyte.add(status)
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state, is_clear=True)).job_id == 2

    @pytest.mark.parametrize(
        "state", [SyncState(seen=0, job_id=1, role=Role.OWN), SyncState(seen=0, is_submitting=True)], ids=str
    )
    def test_a_running_job_is_cancelled_and_replaced(self, runs, airbyte, state):
        airbyte.add("running", requested_by="us")
        assert runs.sync(PreviousTry(state=state, is_clear=True)).job_id == 2
        assert [job.status for job in airbyte.jobs] == ["cancelled", "succeeded"]

    def test_an_ignored_cancellation_is_repeated_before_the_next_job(self, runs, airbyte):
        airbyte.add("running", requested_by="us")
        airbyte.ignored_cancels = 3
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state, is_clear=True)).job_id == 2
        assert [job.status for job in airbyte.jobs] == ["cancelled", "succeeded"]
        assert SyncState(seen=0, job_id=1, role=Role.CLEARED) in runs.saved

    def test_with_on_kill_leave_the_new_job_waits_for_its_end(self, runs, airbyte):
        airbyte.add("running", 300, requested_by="us")
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        assert runs.sync(PreviousTry(state=state, is_clear=True), on_kill="leave").job_id == 2
        assert [job.status for job in airbyte.jobs] == ["succeeded", "succeeded"]
        assert airbyte.count(DELETE) == 0

    @pytest.mark.parametrize("role", [Role.ADOPTED, Role.BLOCKER])
    def test_somebody_elses_job_is_not_cancelled(self, runs, airbyte, role):
        kind = "clear" if role is Role.BLOCKER else "sync"
        airbyte.add("running", 300, job_type=kind)
        state = SyncState(seen=0, job_id=1, role=role)
        runs.sync(PreviousTry(state=state, is_clear=True))
        assert airbyte.cancelled == []

    def test_on_running_applies_to_a_persons_job(self, runs, airbyte):
        airbyte.add("succeeded", requested_by="us")
        airbyte.add("running")
        state = SyncState(seen=0, job_id=1, role=Role.OWN)
        with pytest.raises(SyncError, match="job 2, a sync that this task did not start"):
            runs.sync(PreviousTry(state=state, is_clear=True), on_running="fail")


class TestFollow:
    """The job that follows one that did not complete its sync."""

    @pytest.mark.parametrize("kind", ["clear", "reset", "refresh"])
    @pytest.mark.parametrize("status", ["running", "pending", "queued", "incomplete"])
    def test_a_sync_follows_a_job_of_another_type(self, runs, airbyte, kind, status):
        airbyte.add(status, 2000, job_type=kind)
        assert runs.sync().job_id == 2
        assert [job.status for job in airbyte.jobs] == ["succeeded", "succeeded"]
        assert airbyte.cancelled == []

    def test_a_sync_follows_each_job_of_another_type_as_long_as_the_timeout_allows(self, runs, airbyte):
        airbyte.add("running", 898, job_type="clear")
        airbyte.later(899, lambda: airbyte.start(job_type="refresh"))
        assert runs.sync().job_id == 3

    def test_a_job_of_another_type_is_left_at_the_timeout(self, runs, airbyte):
        airbyte.add("running", job_type="clear")
        with pytest.raises(JobTimedOutError, match="because this task did not start it"):
            runs.sync(timeout=60)
        assert airbyte.cancelled == []

    def test_an_adopted_job_that_is_cancelled_is_replaced_once(self, runs, airbyte):
        airbyte.add("running", 10, end="cancelled")
        airbyte.end = "cancelled"
        with pytest.raises(JobEndedError, match="job 2 was cancelled"):
            runs.sync()
        assert len(airbyte.jobs) == 2

    def test_a_job_of_an_earlier_try_that_is_cancelled_is_replaced_once(self, runs, airbyte):
        # The process of the earlier try cancels its job, possibly after this try has found it.
        airbyte.add("running", 10, end="cancelled", requested_by="us")
        airbyte.end = "cancelled"
        with pytest.raises(JobEndedError, match="job 2 was cancelled"):
            runs.sync(PreviousTry(state=SyncState(seen=0, job_id=1, role=Role.OWN)))
        assert len(airbyte.jobs) == 2

    def test_a_job_of_this_try_that_is_cancelled_is_not_replaced(self, runs, airbyte):
        airbyte.end = "cancelled"
        with pytest.raises(JobEndedError, match="job 1 was cancelled"):
            runs.sync()
        assert len(airbyte.jobs) == 1


class TestFinish:
    """Whether an ended job is a success."""

    def test_too_few_rows_fail_and_are_saved_as_reported(self, runs):
        with pytest.raises(JobEndedError) as error:
            runs.sync(min_rows=8)
        assert str(error.value) == f"Airbyte {CONNECTION_LABEL}: job 1 moved 7 rows, fewer than min_rows 8"
        assert runs.state == SyncState(seen=0, submitted_at=DAWN, job_id=1, role=Role.OWN, is_reported=True)
        assert runs.retry(min_rows=7).job_id == 2

    def test_it_waits_for_rows_that_are_counted_late(self, runs, airbyte):
        airbyte.rows_after = 12.0
        assert runs.sync(min_rows=7).rows == 7

    def test_rows_that_are_never_counted_do_not_fail_a_success(self, runs, airbyte):
        airbyte.rows = None
        assert runs.sync(min_rows=7).status == "succeeded"
        assert runs.lines[-2:] == [
            Log("job 1 succeeded"),
            Log("Airbyte has not counted the rows of job 1: min_rows cannot be checked", level=30),
        ]

    def test_an_outage_while_rows_are_counted_does_not_fail_a_success(self, runs, airbyte):
        airbyte.rows = None
        airbyte.just_before(GET, *[lambda: None] * 2, lambda: airbyte.fail(GET, *[503] * 50))
        assert runs.sync(min_rows=7).status == "succeeded"

    @pytest.mark.parametrize(
        ("job", "text"),
        [
            (job_of(), None),
            (job_of(rows=0), None),
            (job_of("failed"), f"job 7 failed. {LOG_HINT}"),
            (job_of("cancelled", seconds=700.0), f"job 7 was cancelled after 11 min. {LOG_HINT}"),
            (
                job_of("failed", seconds=5.0, rows=1, bytes=2048),
                f"job 7 failed after 5 s, having moved 1 row, 2.0 KiB. {LOG_HINT}",
            ),
        ],
        ids=str,
    )
    def test_the_meaning_of_each_end(self, job, text):
        assert lifecycle.failure_of(job, sync_request()) == text

    @pytest.mark.parametrize(("rows", "is_too_few"), [(0, True), (9, True), (10, False), (None, False)])
    def test_how_many_rows_suffice(self, rows, is_too_few):
        failure = lifecycle.failure_of(job_of(rows=rows), sync_request(min_rows=10))
        assert (failure is not None) == is_too_few

    @pytest.mark.parametrize("end", ["failed", "cancelled"])
    def test_an_unsuccessful_job_is_never_a_success(self, runs, airbyte, end):
        airbyte.end = end
        with pytest.raises(JobEndedError):
            runs.sync()


class TestUndo:
    """Which job is cancelled when a task is killed."""

    def test_a_job_that_may_have_been_created_is_searched_for_as_long_as_one_is_cancelled(
        self, runs, airbyte
    ):
        airbyte.add("running", 9000, requested_by="us")
        airbyte.fail(LIST, *[503] * 30)
        state = SyncState(seen=0, is_submitting=True)
        assert runs.run(lambda context: lifecycle.undo(context, state)).status == "cancelled"
        assert 1200 < airbyte.now < CANCEL_SECONDS

    @pytest.mark.parametrize("role", [Role.OWN, Role.CLEARED])
    def test_our_own_job_is_cancelled(self, runs, airbyte, role):
        airbyte.add("running", requested_by="us")
        state = SyncState(seen=0, job_id=1, role=role)
        assert runs.run(lambda context: lifecycle.undo(context, state)).status == "cancelled"

    @pytest.mark.parametrize("role", [Role.ADOPTED, Role.BLOCKER])
    def test_somebody_elses_job_continues(self, runs, airbyte, role):
        airbyte.add("running")
        state = SyncState(seen=0, job_id=1, role=role)
        assert runs.run(lambda context: lifecycle.undo(context, state)) is None
        assert airbyte.calls == []

    def test_there_is_no_call_if_nothing_was_started(self, runs, airbyte):
        assert runs.run(lambda context: lifecycle.undo(context, SyncState())) is None
        assert airbyte.calls == []

    def test_the_job_of_a_pending_submission_is_found_and_cancelled(self, runs, airbyte):
        airbyte.add("succeeded")
        airbyte.later(25.0, lambda: airbyte.start("us"))
        airbyte.run_seconds = 3600
        state = SyncState(seen=1, is_submitting=True)
        assert runs.run(lambda context: lifecycle.undo(context, state)).job_id == 2
        assert airbyte.active == []

    def test_a_job_from_before_the_submission_is_not_cancelled(self, runs, airbyte):
        airbyte.add("running")
        state = SyncState(seen=1, is_submitting=True)
        assert runs.run(lambda context: lifecycle.undo(context, state)) is None
        assert len(airbyte.active) == 1

    def test_a_job_of_another_type_since_the_submission_is_not_cancelled(self, runs, airbyte):
        airbyte.add("running", job_type="clear")
        state = SyncState(seen=0, is_submitting=True)
        assert runs.run(lambda context: lifecycle.undo(context, state)) is None
        assert len(airbyte.active) == 1


class TestIsFollowed:
    """Whether another job has to follow an ended one."""

    @pytest.mark.parametrize(
        ("state", "status", "is_followed"),
        [
            (SyncState(role=Role.OWN), "succeeded", False),
            (SyncState(role=Role.OWN), "cancelled", False),
            (SyncState(role=Role.OWN, is_inherited=True), "cancelled", True),
            (SyncState(role=Role.OWN, is_inherited=True), "failed", False),
            (SyncState(role=Role.OWN, is_inherited=True, is_replaced=True), "cancelled", False),
            (SyncState(role=Role.ADOPTED), "succeeded", False),
            (SyncState(role=Role.ADOPTED), "cancelled", True),
            (SyncState(role=Role.ADOPTED, is_replaced=True), "cancelled", False),
            (SyncState(role=Role.BLOCKER), "succeeded", True),
            (SyncState(role=Role.BLOCKER, is_replaced=True), "cancelled", True),
            (SyncState(role=Role.CLEARED), "succeeded", True),
        ],
        ids=str,
    )
    def test_is_followed(self, state, status, is_followed):
        assert lifecycle.is_followed(Target(job=job_of(status), state=state)) == is_followed


FAULTS = st.sampled_from(
    [None, None, "lost before", "lost after", "html after", "refused", 429, 500, 502, 503, 504, "504 after"]
)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    # More would use up the ten minutes for a start.
    faults=st.fixed_dictionaries(
        {
            call: st.lists(FAULTS, max_size=most)
            for call, most in {LIST: 6, POST: 3, GET: 12, DELETE: 12}.items()
        }
    ),
    run_seconds=st.sampled_from([0.1, 3.0, 40.0, 5000.0]),
    order=st.sampled_from(["newest", "oldest", "random"]),
    ignored_cancels=st.integers(0, 5),
    end=st.sampled_from(["succeeded", "failed", "cancelled"]),
)
def test_any_failure_leaves_one_job_and_none_running(faults, run_seconds, order, ignored_cancels, end):
    airbyte = FakeAirbyte(run_seconds=run_seconds, order=order, ignored_cancels=ignored_cancels, end=end)
    runs = Runs(airbyte)
    for call, each in faults.items():
        airbyte.fail(call, *each)
    try:
        job = runs.sync(timeout=600)
    except JobEndedError:
        assert end != "succeeded"
    except JobTimedOutError:
        assert airbyte.now >= 600
    except (SyncError, ApiError) as error:
        pytest.fail(str(error))
    else:
        assert job.status == "succeeded"
    assert len(airbyte.jobs) == 1
    assert airbyte.active == []


class TestTimeout:
    """The sync after a job in the way gets the rest of the task's timeout."""

    def test_nothing_follows_a_job_that_ended_after_the_timeout(self, runs, airbyte):
        airbyte.add("running", 3601, job_type="clear")
        with pytest.raises(JobTimedOutError, match="job 1 was still active"):
            runs.sync()
        assert airbyte.count(POST) == airbyte.count(DELETE) == 0

    @pytest.mark.parametrize("role", [Role.BLOCKER, Role.CLEARED, Role.ADOPTED])
    def test_the_message_has_the_waiting_time(self, runs, airbyte, role):
        airbyte.add("cancelled", job_type="sync" if role is Role.ADOPTED else "clear")
        ended = Target(job=job_of("cancelled", job_id=1), state=SyncState(job_id=1, role=role))
        text = r"job 1, which was in the way, had not ended when this task had waited 1 h \(timeout\)"
        with pytest.raises(JobTimedOutError, match=text):
            runs.run(lambda context: lifecycle.follow(context, sync_request(), ended, 0.0))
        assert airbyte.calls == []
