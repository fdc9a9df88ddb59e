"""One try in a worker: its exceptions for Airflow, its state, and the effects of a kill."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import psutil
import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException

from dag_factory.airbyte import clock
from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Job
from dag_factory.airbyte.clock import Clock
from dag_factory.airbyte.effects import Log, SaveState
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.errors import JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.sync.types import Target
from dag_factory.operators import task_try
from dag_factory.operators.task_state import Record, TaskState
from dag_factory.operators.task_try import TaskTry
from tests.airbyte.fake_airbyte import DELETE, UUID, WORKSPACE, FakeAirbyte
from tests.airbyte.fake_server import http_of
from tests.airbyte.protocol_runs import sync_request, whole_sync
from tests.operators.test_task_state import Stored

pytestmark = pytest.mark.airflow

SECRET = "a-secret-of-the-attempts"
OWN = SyncState(seen=0, job_id=1, role=Role.OWN)


@pytest.fixture
def airbyte():
    return FakeAirbyte()


@pytest.fixture
def url(airbyte, monkeypatch):
    monkeypatch.setattr(clock, "SYSTEM_CLOCK", Clock(monotonic=lambda: airbyte.now, sleep=airbyte.sleep))
    with http_of(airbyte) as url:
        yield url


@pytest.fixture
def make_try(url):
    """Make a try that has a state."""

    def make(state: SyncState | None = None, **more) -> TaskTry:
        access = Access(conn_id="c", host=url, client_id="id", client_secret=SECRET)
        ti = SimpleNamespace(task_id="money", try_number=1, max_tries=1)
        stored = Stored(None if state is None else Record(state=state, task_id="money", **more))
        return TaskTry(lambda: access, UUID, logging.getLogger("tries"), TaskState(ti, stored))

    return make


def raising(error):
    def protocol(_context):
        raise error
        yield

    return protocol


class TestRun:
    """The results, exceptions and state of a try's protocol."""

    def test_a_whole_sync(self, make_try, airbyte, url):
        task_try = make_try()
        job = task_try.run(lambda context: whole_sync(context, sync_request()))
        assert (job.job_id, len(airbyte.jobs)) == (1, 1)
        record = task_try.task_state.record
        assert (record.state.job_id, record.state.role, record.name) == (1, Role.OWN, "bank → json")
        root = url.removesuffix("/api/public/v1")
        assert task_try.page == f"{root}/workspaces/{WORKSPACE}/connections/{UUID}/timeline"

    @pytest.mark.parametrize("error", [SyncError, JobEndedError, JobTimedOutError, ApiError])
    def test_an_error_becomes_airflows_with_the_page_on_a_separate_line(self, make_try, error, caplog):
        task_try = make_try(OWN, page="http://page")
        with pytest.raises(AirflowException) as raised:
            task_try.run(raising(error("it failed")))
        assert str(raised.value) == "it failed\nhttp://page"
        assert raised.value.__suppress_context__
        assert caplog.messages == ["it failed", "http://page"]

    def test_a_skip_becomes_airflows(self, make_try):
        with pytest.raises(AirflowSkipException, match="busy"):
            make_try().run(raising(SyncSkipped("busy")))

    def test_a_bug_is_raised_unchanged(self, make_try):
        with pytest.raises(ZeroDivisionError):
            make_try().run(raising(ZeroDivisionError()))

    def test_lines_have_their_level(self, make_try, caplog):
        def talk(_context):
            yield Log("by the way", level=logging.INFO)
            yield Log("beware", level=logging.WARNING)

        caplog.set_level(logging.INFO, "tries")
        make_try().run(talk)
        mine = [record for record in caplog.records if record.name == "tries"]
        assert [(record.levelno, record.message) for record in mine] == [(20, "by the way"), (30, "beware")]

    def test_the_connection_is_looked_up_when_it_is_needed_and_once(self):
        looked_up = []
        ti = SimpleNamespace(task_id="money", try_number=1, max_tries=1)
        task_try = TaskTry(
            lambda: looked_up.append(1) or Access(conn_id="c", host="http://airbyte/v1"),
            UUID,
            logging.getLogger(),
            TaskState(ti, Stored()),
        )
        assert looked_up == []
        for _ in range(2):
            with pytest.raises(AirflowException):
                task_try.run(raising(SyncError("")))
        assert looked_up == [1]

    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    def test_an_ended_job_is_a_result_without_a_call(self, make_try, airbyte, status):
        task_try = make_try(OWN)
        job = Job(job_id=1, status=status, job_type="sync", connection_id=UUID)
        ended = Target(job=job, state=OWN)
        if status == "succeeded":
            assert task_try.finish(sync_request(), ended) == job
        else:
            with pytest.raises(AirflowException, match="job 1 failed"):
                task_try.finish(sync_request(), ended)
            assert task_try.task_state.record.state.is_reported
        assert airbyte.calls == []


class TestUndo:
    """A killed task cancels its job, in a separate process if needed."""

    @pytest.fixture
    def kill(self, make_try, airbyte):
        """Kill a try that had a state. Return the job's final status."""

        def kill_one(state, *, cancels=True):
            airbyte.add("running", requested_by="us")
            task_try = make_try(state)
            _ = task_try.access
            task_try.undo(cancels=cancels)
            return airbyte.jobs[0].status

        return kill_one

    @pytest.mark.parametrize("state", [OWN, SyncState(seen=0, job_id=1, role=Role.CLEARED)])
    def test_the_job_is_cancelled_before_the_task_ends(self, kill, state):
        assert kill(state) == "cancelled"

    def test_the_job_of_a_pending_submission_is_found_and_cancelled(self, kill):
        assert kill(SyncState(seen=0, is_submitting=True)) == "cancelled"

    @pytest.mark.parametrize(
        "state",
        [
            SyncState(),
            SyncState(seen=0),
            SyncState(seen=0, job_id=1, role=Role.ADOPTED),
            SyncState(seen=0, job_id=1, role=Role.BLOCKER),
        ],
    )
    def test_a_job_that_this_task_did_not_start_is_left_and_no_process_begins(self, kill, monkeypatch, state):
        monkeypatch.setattr(task_try, "start_cancel_process", None)
        assert kill(state) == "running"

    def test_with_on_kill_leave_the_job_continues(self, kill, monkeypatch):
        monkeypatch.setattr(task_try, "start_cancel_process", None)
        assert kill(OWN, cancels=False) == "running"

    def test_a_try_without_a_looked_up_connection_queries_nothing(self, monkeypatch):
        monkeypatch.setattr(task_try, "start_cancel_process", None)
        ti = SimpleNamespace(task_id="money", try_number=1, max_tries=1)
        task_state = TaskState(ti, Stored(Record(state=OWN)))
        TaskTry(lambda: pytest.fail("asked"), UUID, logging.getLogger(), task_state).undo(cancels=True)

    @pytest.mark.parametrize("cancels", [True, False])
    def test_a_killed_try_starts_nothing_more(self, make_try, airbyte, cancels):
        task_try = make_try()
        _ = task_try.access

        def killed_while_it_starts(context):
            task_try.undo(cancels=cancels)
            return (yield from lifecycle.begin(context, sync_request(), None))

        with pytest.raises(AirflowException, match="the task was ended: it starts nothing more"):
            task_try.run(killed_while_it_starts)
        assert airbyte.jobs == []

    def test_a_killed_try_saves_nothing_more(self, make_try):
        task_try = make_try(OWN)
        task_try.undo(cancels=False)

        def protocol(_context):
            yield SaveState(SyncState(seen=9))

        with pytest.raises(AirflowException, match="the task was ended"):
            task_try.run(protocol)
        assert task_try.task_state.record.state == OWN

    def test_a_slow_server_is_handled_by_a_process_that_outlives_the_task(self, kill, airbyte, monkeypatch):
        started = []
        start = task_try.start_cancel_process
        monkeypatch.setattr(
            task_try, "start_cancel_process", lambda text: started.append(start(text)) or started[0]
        )
        monkeypatch.setattr(task_try, "KILL_SECONDS", 0.01)
        airbyte.ignored_cancels = 1
        assert kill(OWN) == "running"
        process = psutil.Process(started[0].pid)
        assert SECRET not in " ".join(process.cmdline())
        assert SECRET not in str(process.environ())
        assert started[0].wait(60) == 0
        started[0].stdout.close()
        assert (airbyte.jobs[0].status, airbyte.count(DELETE)) == ("cancelled", 2)
