"""The protocol of one sync against an Airbyte in memory, with every fault in milliseconds."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.airbyte import jobs
from dag_factory.airbyte.api import Access, Api
from dag_factory.airbyte.errors import ApiError, JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.exchange import Pause, Remember, Request, Response, Say, TransportError
from dag_factory.airbyte.terms import Earlier, Means, Started, Wanted

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
HOST = "http://airbyte/api/public/v1"


@dataclass
class Airbyte:
    """The jobs of one connection, and faults for the calls to come, by method."""

    now: float = 0.0
    run_seconds: float = 10.0
    end: str = "succeeded"
    jobs: list[dict] = field(default_factory=list)
    faults: dict[str, deque] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    remembered: dict[str, int] = field(default_factory=dict)
    ignore_cancel: int = 0
    rows: int = 7

    def fail(self, method: str, *faults) -> None:
        self.faults.setdefault(method, deque()).extend(faults)

    def add(self, status: str = "running", seconds: float | None = None) -> int:
        ends = None if seconds is None else self.now + seconds
        self.jobs.append({"jobId": len(self.jobs) + 1, "status": status, "ends": ends})
        return len(self.jobs)

    @property
    def active(self) -> list[dict]:
        self._advance()
        return [job for job in self.jobs if job["status"] not in ("succeeded", "failed", "cancelled")]

    def run(self, protocol):
        """Drive a protocol; pauses pass in no time."""
        answer, error = None, None
        while True:
            try:
                effect = protocol.send(answer) if error is None else protocol.throw(error)
            except StopIteration as stop:
                return stop.value
            answer = error = None
            if isinstance(effect, Pause):
                self.now += effect.seconds
            elif isinstance(effect, Say):
                self.said.append(effect.text)
            elif isinstance(effect, Remember):
                self.remembered = effect.onto(self.remembered)
            else:
                try:
                    answer = self._answer(effect)
                except TransportError as lost:
                    error = lost

    def _answer(self, request: Request) -> Response:
        self.calls.append(request.method)
        self._advance()
        waiting = self.faults.get(request.method)
        fault = waiting.popleft() if waiting else None
        if fault in ("connect", 429, 401, 403, 404, 503):
            return self._fault(fault)
        response = self._do(request)
        return self._fault(fault) if fault is not None else response

    def _fault(self, fault) -> Response:
        if fault == "connect":
            message = "connection refused"
            raise TransportError(message, was_sent=False)
        if fault == "lost":
            message = "the request timed out"
            raise TransportError(message, was_sent=True)
        if fault == "html":
            return Response(status=200, content=b"<html>")
        return Response(status=fault, content=b"{}")

    def _do(self, request: Request) -> Response:
        if request.method == "POST":
            return self._post()
        if request.url.endswith("/jobs"):
            assert request.params["orderBy"] == "createdAt|DESC"
            assert request.params["jobType"] == "sync"
            return self._json({"data": [self._shown(job) for job in reversed(self.jobs)]})
        job = self.jobs[int(request.url.rsplit("/", 1)[1]) - 1]
        if request.method == "DELETE" and self.active:
            if self.ignore_cancel:
                self.ignore_cancel -= 1
            else:
                self.active[0]["status"] = "cancelled"
        return self._json(self._shown(job))

    def _post(self) -> Response:
        if any(job["status"] == "running" for job in self.active):
            message = {"message": "A sync is already running for: x"}
            return Response(status=409, content=json.dumps({"data": message}).encode())
        if not self.active:
            self.add("running", self.run_seconds)
        return self._json(self._shown((self.active or self.jobs)[-1]))

    def _advance(self) -> None:
        for job in self.jobs:
            if job["status"] == "running" and job["ends"] is not None and self.now >= job["ends"]:
                job["status"] = self.end

    def _shown(self, job) -> dict:
        return {
            "jobId": job["jobId"],
            "status": job["status"],
            "jobType": "sync",
            "connectionId": UUID,
            "startTime": "2026-07-25T03:12Z",
            "rowsSynced": self.rows,
        }

    def _json(self, value) -> Response:
        return Response(status=200, content=json.dumps(value).encode())


@pytest.fixture
def airbyte():
    return Airbyte()


def means_of(airbyte: Airbyte) -> Means:
    api = Api(Access(conn_id="airbyte_default", host=HOST), lambda: airbyte.now)
    return Means(api=api, clock=lambda: airbyte.now, spread=lambda seconds: seconds)


def wanted(**more) -> Wanted:
    return Wanted(**{"connection_id": UUID, "wait_seconds": 5, "timeout": 3600, **more})


def whole_sync(means, wanted, earlier):
    """Do one try of a sync, as the operator does it in `mode: sync`."""
    started = yield from jobs.begin(means, wanted, earlier)
    return (yield from jobs.complete(means, wanted, started))


def run(airbyte: Airbyte, earlier: Earlier | None = None, **more):
    return airbyte.run(whole_sync(means_of(airbyte), wanted(**more), earlier))


def test_a_plain_sync(airbyte):
    job = run(airbyte)
    assert (job.job_id, job.status, job.rows) == (1, "succeeded", 7)
    assert airbyte.calls == ["GET", "POST", "GET", "GET"]
    assert airbyte.remembered == {"seen": 0, "job": 1, "judged": 1}


# What becomes of the submission's answer; the job is made, or is not.
SUBMISSION_FAULTS = ["lost", "html", 500, 502, 504, "connect", 429, 503]


@pytest.mark.parametrize("fault", SUBMISSION_FAULTS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_submission_that_fails_makes_one_job(airbyte, fault, times):
    airbyte.fail("POST", *[fault] * times)
    assert run(airbyte).status == "succeeded"
    assert len(airbyte.jobs) == 1


def test_a_lost_submission_of_a_job_that_is_over_at_once_is_found(airbyte):
    airbyte.run_seconds = 0.5
    airbyte.fail("POST", "lost")
    assert run(airbyte).job_id == 1
    assert airbyte.calls.count("POST") == 1


def test_a_lost_submission_whose_job_failed_is_not_submitted_again(airbyte):
    airbyte.end = "failed"
    airbyte.run_seconds = 0.5
    airbyte.fail("POST", "lost")
    with pytest.raises(JobEndedError, match=r"Airbyte job 1 .* failed"):
        run(airbyte)
    assert len(airbyte.jobs) == 1


@pytest.mark.parametrize("code", [401, 403, 404])
def test_what_no_waiting_changes_fails_at_once(airbyte, code):
    airbyte.fail("GET", code)
    with pytest.raises(ApiError, match=f"Airbyte answered {code} to listing the jobs of connection {UUID}"):
        run(airbyte)
    assert airbyte.now == 0


@pytest.mark.parametrize("failures", [1, 5, 50])
@pytest.mark.parametrize("fault", ["lost", "connect", "html", 429, 500, 503])
def test_status_calls_that_fail_do_not_fail_the_sync(airbyte, fault, failures):
    airbyte.run_seconds = 8 * 3600
    protocol = whole_sync(means_of(airbyte), wanted(timeout=12 * 3600), None)
    airbyte.fail("GET", None, None, *[fault] * failures)
    assert airbyte.run(protocol).status == "succeeded"
    assert len(airbyte.jobs) == 1


def test_status_calls_leave_a_struggling_server_alone(airbyte):
    airbyte.run_seconds = 3600
    airbyte.fail("GET", None, *[503] * 10)
    run(airbyte, timeout=7200)
    assert airbyte.calls.count("GET") < 3600 / 5


def test_answers_that_stay_fail_with_what_to_do(airbyte):
    airbyte.run_seconds = 3600
    airbyte.fail("GET", None, *[403] * 50)
    with pytest.raises(SyncError, match="the connection_id is unknown there"):
        run(airbyte)


@pytest.mark.parametrize("status", ["pending", "queued", "running", "incomplete", "paused"])
def test_an_active_job_is_adopted_whatever_its_status(airbyte, status):
    airbyte.add(status)
    started = airbyte.run(jobs.start(means_of(airbyte), wanted()))
    assert (started.job.job_id, started.is_ours) == (1, False)
    assert airbyte.calls == ["GET"]


def test_a_running_connection_fails_or_skips_if_that_is_wanted(airbyte):
    airbyte.add("running")
    with pytest.raises(SyncError, match="is syncing already: job 1 is running"):
        run(airbyte, on_running="fail")
    with pytest.raises(SyncSkipped):
        run(airbyte, on_running="skip")


def test_an_adopted_job_that_is_cancelled_is_replaced_once(airbyte):
    airbyte.add("running", 10)
    airbyte.end = "cancelled"
    with pytest.raises(JobEndedError, match=r"Airbyte job 2 .* was cancelled"):
        run(airbyte)
    assert len(airbyte.jobs) == 2


def test_a_job_of_an_earlier_try_that_is_cancelled_is_replaced_once(airbyte):
    # What ended the earlier try cancels its job, perhaps only after this try has found it.
    airbyte.add("running", 10)
    airbyte.end = "cancelled"
    found = airbyte.run(jobs.resume(means_of(airbyte), wanted(), Earlier(seen=0)))
    with pytest.raises(JobEndedError, match=r"Airbyte job 2 .* was cancelled"):
        airbyte.run(jobs.complete(means_of(airbyte), wanted(), found))
    assert len(airbyte.jobs) == 2


def test_a_job_beyond_its_time_is_cancelled_and_seen_to_be(airbyte):
    airbyte.run_seconds = 10_000
    airbyte.ignore_cancel = 3
    with pytest.raises(JobTimedOutError, match="still active after 60 seconds; it is cancelled now"):
        run(airbyte, timeout=60)
    assert airbyte.active == []
    assert airbyte.now < 120


def test_a_job_beyond_its_time_is_left_if_that_is_wanted(airbyte):
    airbyte.run_seconds = 10_000
    with pytest.raises(JobTimedOutError, match="it goes on, since on_timeout is leave"):
        run(airbyte, timeout=60, on_timeout="leave")
    assert len(airbyte.active) == 1


def test_an_adopted_job_beyond_its_time_is_left(airbyte):
    airbyte.add("running")
    with pytest.raises(JobTimedOutError, match="it goes on, since this task did not start it"):
        run(airbyte, timeout=60)
    assert len(airbyte.active) == 1


@pytest.mark.parametrize("fault", ["lost", 500, 503, "connect", "html"])
def test_a_cancellation_is_repeated_until_it_is_seen(airbyte, fault):
    airbyte.add("running")
    airbyte.fail("DELETE", fault, fault)
    assert airbyte.run(jobs.cancel(means_of(airbyte), 1)).status == "cancelled"


def test_a_cancellation_that_never_works_says_so(airbyte):
    airbyte.add("running")
    airbyte.ignore_cancel = 10_000
    with pytest.raises(SyncError, match="job 1 could not be cancelled within 120 seconds"):
        airbyte.run(jobs.cancel(means_of(airbyte), 1))


def test_an_ended_job_is_never_cancelled(airbyte):
    airbyte.add("succeeded")
    airbyte.add("running")
    assert airbyte.run(jobs.cancel(means_of(airbyte), 1)).status == "succeeded"
    assert "DELETE" not in airbyte.calls
    assert len(airbyte.active) == 1


def test_too_few_rows_fail(airbyte):
    with pytest.raises(JobEndedError, match="job 1 moved 7 rows, fewer than min_rows 8"):
        run(airbyte, min_rows=8)
    assert run(airbyte, min_rows=7).job_id == 2


class TestRetry:
    """A try after another one of the same task."""

    def test_it_goes_on_with_a_running_job_whatever_on_running_says(self, airbyte):
        airbyte.add("succeeded")
        airbyte.add("running", 20)
        job = run(airbyte, Earlier(seen=1), on_running="fail")
        assert (job.job_id, airbyte.calls.count("POST")) == (2, 0)

    def test_it_takes_a_job_that_has_ended_well_meanwhile(self, airbyte):
        airbyte.add("succeeded")
        assert run(airbyte, Earlier(seen=0)).job_id == 1
        assert "POST" not in airbyte.calls

    @pytest.mark.parametrize("status", ["failed", "cancelled"])
    def test_it_starts_a_new_job_after_one_that_ended_badly(self, airbyte, status):
        airbyte.add(status)
        assert run(airbyte, Earlier(seen=0)).job_id == 2

    def test_it_starts_a_new_job_after_one_with_too_few_rows(self, airbyte):
        airbyte.add("succeeded")
        with pytest.raises(JobEndedError, match="job 2 moved"):
            run(airbyte, Earlier(seen=0), min_rows=8)

    def test_it_starts_a_new_job_after_one_that_was_judged(self, airbyte):
        airbyte.add("succeeded")
        assert run(airbyte, Earlier(seen=0, judged=1)).job_id == 2

    def test_it_leaves_jobs_from_before_the_first_try_alone(self, airbyte):
        airbyte.add("succeeded")
        assert run(airbyte, Earlier(seen=1)).job_id == 2


FAULTS = st.sampled_from([None, None, "lost", "html", "connect", 429, 500, 502, 503, 504])


@settings(max_examples=300, deadline=None)
@given(
    faults=st.fixed_dictionaries(
        {method: st.lists(FAULTS, max_size=12) for method in ("GET", "POST", "DELETE")}
    ),
    run_seconds=st.sampled_from([0.1, 3.0, 40.0, 5000.0]),
    ignore_cancel=st.integers(0, 5),
    end=st.sampled_from(["succeeded", "failed", "cancelled"]),
)
def test_whatever_fails_there_is_one_job_and_none_is_left(faults, run_seconds, ignore_cancel, end):
    airbyte = Airbyte(run_seconds=run_seconds, ignore_cancel=ignore_cancel, end=end)
    for method, each in faults.items():
        airbyte.fail(method, *each)
    try:
        job = run(airbyte, timeout=600)
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


def test_a_started_job_can_be_waited_for_elsewhere(airbyte):
    started = airbyte.run(jobs.start(means_of(airbyte), wanted()))
    assert airbyte.run(jobs.wait(means_of(airbyte), wanted(), started)).job_id == started.job.job_id
    assert isinstance(started, Started)
