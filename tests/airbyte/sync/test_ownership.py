"""Each rule of job ownership as a decision, and all rules over random histories of a server."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Job
from dag_factory.airbyte.state import Role
from dag_factory.airbyte.sync.errors import JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.sync.ownership import (
    Fate,
    fate_of,
    is_answer_ours,
    job_in_the_way,
    newest_id,
    oldest_sync_after,
)
from dag_factory.airbyte.sync.submission import DISCOVERY_PAUSES
from dag_factory.airbyte.sync.types import PreviousTry
from tests.airbyte.fake_airbyte import LIST, POST, UUID, FakeAirbyte, FakeJob, made_later
from tests.airbyte.protocol_runs import Runs

TYPES = ("sync", "clear", "reset", "refresh")


def job(job_id: int, status: str = "running", job_type: str = "sync") -> Job:
    return Job(job_id=job_id, status=status, job_type=job_type, connection_id=UUID)


@pytest.mark.parametrize(
    ("facts", "fate"),
    [
        ({"status": 409, "detail": "A sync is already running for: x", "may_have_acted": True}, Fate.BUSY),
        ({"status": 409, "detail": "A SYNC IS ALREADY RUNNING", "may_have_acted": True}, Fate.BUSY),
        ({"status": 409, "detail": "Could not fulfill request", "may_have_acted": True}, Fate.UNCERTAIN),
        ({"status": 409, "may_have_acted": True}, Fate.UNCERTAIN),
        ({"status": 500, "may_have_acted": True}, Fate.UNCERTAIN),
        ({"status": 500, "detail": "already running", "may_have_acted": True}, Fate.UNCERTAIN),
        ({"status": 504, "may_have_acted": True}, Fate.UNCERTAIN),
        ({"may_have_acted": True}, Fate.UNCERTAIN),
        ({"status": 422}, Fate.NOTHING_CREATED),
        ({"status": 429}, Fate.NOTHING_CREATED),
        ({"status": 307, "is_permanent": True}, Fate.NOTHING_CREATED),
        ({}, Fate.NOTHING_CREATED),
    ],
    ids=str,
)
def test_the_fate_of_a_failed_submission(facts, fate):
    assert fate_of(ApiError("text", **facts)) is fate


@pytest.mark.parametrize(
    ("answered", "is_ours"),
    [
        (job(8), True),
        (job(8, "pending"), True),
        (job(8, "succeeded"), True),
        (job(7), False),
        (job(6), False),
        *[(job(8, job_type=kind), False) for kind in ("clear", "reset", "refresh", "something new")],
    ],
    ids=str,
)
def test_the_owner_of_the_job_in_the_response(answered, is_ours):
    assert is_answer_ours(answered, 7) == is_ours


@pytest.mark.parametrize(
    ("jobs", "found"),
    [
        ([], None),
        ([job(7)], None),
        ([job(9), job(8)], 8),
        ([job(8), job(9)], 8),
        ([job(9), job(8, job_type="clear")], 9),
        ([job(8, job_type="refresh")], None),
        ([job(8, "failed"), job(9)], 8),
    ],
    ids=str,
)
def test_the_oldest_sync_since_an_uncertain_submission(jobs, found):
    oldest = oldest_sync_after(jobs, 7)
    assert (None if oldest is None else oldest.job_id) == found


@pytest.mark.parametrize(
    ("created", "submitted_at", "is_found"),
    [
        (1000.0, 1000.0, True),
        (1299.0, 1000.0, True),
        (1300.0, 1000.0, False),
        (500.0, 1000.0, True),
        (None, 1000.0, True),
        (9999.0, None, True),
    ],
)
def test_no_submission_takes_five_minutes(created, submitted_at, is_found):
    found = oldest_sync_after([replace(job(8), created=created)], 7, submitted_at)
    assert (found is not None) == is_found


def test_a_job_that_was_created_too_late_hides_no_later_one():
    jobs = [replace(job(8), created=5000.0), replace(job(9), created=5001.0)]
    assert oldest_sync_after(jobs, 7, 1000.0) is None


@pytest.mark.parametrize(
    ("jobs", "found"),
    [
        ([], None),
        ([job(8, "succeeded"), job(7, "failed"), job(6, "cancelled")], None),
        ([job(6, "pending"), job(7)], 7),
        ([job(7, "a new status")], 7),
        ([job(8, job_type="clear"), job(7)], 8),
        ([job(8, "succeeded"), job(7, "incomplete")], 7),
    ],
    ids=str,
)
def test_the_job_that_keeps_a_connection_busy(jobs, found):
    busy = job_in_the_way(jobs)
    assert (None if busy is None else busy.job_id) == found


def test_the_newest_id_is_that_of_any_type_in_any_order():
    assert newest_id([job(3), job(9, job_type="clear"), job(4)]) == 9
    assert newest_id([]) == 0


@dataclass(frozen=True)
class History:
    """A server's history: its jobs, the jobs of others, and the results of submissions."""

    past: list[tuple[str, str]]
    active: tuple[str, str] | None
    at_submission: str | None
    later: list[tuple[float, str]]
    faults: list[object]
    lists: list[object]
    order: str
    ignores: tuple[str, ...]
    wait_seconds: float
    run_seconds: float
    ends: str
    crashes: list[int]
    on_running: str
    timeout: float


# Certain: the response shows whether a job was created. Uncertain: it does not.
CERTAIN = st.sampled_from([None, None, "refused", 429, 422])
UNCERTAIN = st.sampled_from(
    ["lost before", "lost after", "html after", 500, 503, 504, "500 after", "504 after", made_later(40.0)]
)


def histories(faults: st.SearchStrategy, *, most_crashes: int) -> st.SearchStrategy[History]:
    kinds = st.sampled_from(TYPES)
    ended = st.tuples(kinds, st.sampled_from(["succeeded", "failed", "cancelled"]))
    active = st.tuples(kinds, st.sampled_from(["pending", "queued", "running", "incomplete"]))
    return st.builds(
        History,
        past=st.lists(ended, max_size=25),
        active=st.none() | active,
        at_submission=st.none() | kinds,
        later=st.lists(st.tuples(st.sampled_from([2.0, 20.0, 90.0, 300.0]), kinds), max_size=3),
        faults=st.lists(faults, max_size=3),
        lists=st.lists(st.sampled_from([None, None, 503, 404, "html after", "lost before"]), max_size=3),
        order=st.sampled_from(["newest", "oldest", "random"]),
        ignores=st.sampled_from([(), ("orderBy",), ("orderBy", "limit"), ("connectionId",)]),
        wait_seconds=st.sampled_from([0.0, 30.0]),
        run_seconds=st.sampled_from([0.5, 20.0, 400.0]),
        ends=st.sampled_from(["succeeded", "succeeded", "failed", "cancelled"]),
        crashes=st.lists(st.integers(1, 25), max_size=most_crashes),
        on_running=st.sampled_from(["adopt", "fail", "skip"]),
        timeout=st.sampled_from([30.0, 100_000.0]),
    )


def server_of(history: History) -> FakeAirbyte:
    airbyte = FakeAirbyte(
        order=history.order,
        ignores=history.ignores,
        wait_seconds=history.wait_seconds,
        run_seconds=history.run_seconds,
        end=history.ends,
    )
    for kind, status in history.past:
        airbyte.add(status, job_type=kind)
    if history.active is not None:
        airbyte.add(history.active[1], 50.0, job_type=history.active[0])
    if history.at_submission is not None:
        airbyte.just_before(POST, lambda: airbyte.start(job_type=history.at_submission))
    for seconds, kind in history.later:
        airbyte.later(seconds, lambda kind=kind: airbyte.start(job_type=kind))
    airbyte.fail(POST, *history.faults)
    airbyte.fail(LIST, *history.lists)
    return airbyte


def run_tries(history: History) -> tuple[FakeAirbyte, Runs, FakeJob | None]:
    """Run tries that are killed and one that ends. Return the job with which it succeeded."""
    airbyte = server_of(history)
    runs = Runs(airbyte)
    more = {"on_running": history.on_running, "timeout": history.timeout}
    result = None
    try:
        for effects in history.crashes:
            runs.crash(effects, PreviousTry(state=runs.state) if runs.saved else None, **more)
        previous = PreviousTry(state=runs.state) if runs.saved else None
        result = runs.sync(previous, **more)
    except (SyncError, SyncSkipped, ApiError, JobEndedError, JobTimedOutError):
        pass
    return airbyte, runs, None if result is None else airbyte.jobs[result.job_id - 1]


@pytest.mark.slow
@settings(max_examples=300)
@given(histories(CERTAIN, most_crashes=0))
def test_with_certain_responses_no_foreign_job_is_claimed_or_cancelled(history):
    airbyte, runs, result = run_tries(history)
    check_jobs(airbyte, runs, result, history)
    claimed = {state.job_id for state in runs.saved if state.role is Role.OWN}
    assert all("us" in airbyte.jobs[number - 1].requested_by for number in {*claimed, *airbyte.cancelled})


@pytest.mark.slow
@settings(max_examples=300)
@given(histories(CERTAIN | UNCERTAIN, most_crashes=2))
def test_with_uncertain_responses_or_killed_tries_there_is_no_second_job(history):
    airbyte, runs, result = run_tries(history)
    check_jobs(airbyte, runs, result, history)


def check_jobs(airbyte: FakeAirbyte, runs: Runs, result: FakeJob | None, history: History) -> None:
    """Check the invariants of every history against the server's counts."""
    ours = [job for job in airbyte.ours if job.job_type == "sync"]
    # Only an unsuccessful job is replaced by another one.
    for one, other in itertools.pairwise(ours):
        assert one.status in ("failed", "cancelled")
        assert one.ended_at <= other.started_at
    for state in runs.saved:
        if state.role in (Role.OWN, Role.ADOPTED):
            assert airbyte.jobs[state.job_id - 1].job_type == "sync"
        if state.role is Role.OWN:
            assert state.job_id > (state.seen or 0)
    if result is not None:
        assert (result.job_type, result.status, result.connection_id) == ("sync", "succeeded", UUID)
        assert result.job_id > len(history.past)
    assert all(airbyte.jobs[number - 1].job_type == "sync" for number in airbyte.cancelled)


def test_only_a_job_created_after_all_polls_can_be_a_second_one():
    airbyte = FakeAirbyte(run_seconds=3600)
    runs = Runs(airbyte)
    airbyte.fail(POST, made_later(sum(DISCOVERY_PAUSES) + 0.5), *["lost before"] * 2)
    runs.sync(timeout=7200)
    assert len(airbyte.jobs) == 1


def test_a_persons_waiting_sync_in_the_response_to_a_submission_is_shared():
    airbyte = FakeAirbyte(wait_seconds=30.0)
    runs = Runs(airbyte)
    airbyte.just_before(POST, airbyte.start)
    assert runs.sync().job_id == 1
    assert airbyte.jobs[0].requested_by == {"us", "person"}
