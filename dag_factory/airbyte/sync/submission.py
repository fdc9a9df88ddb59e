"""Starts a sync: at most one new job, whatever the server answers, and none where the connection is busy."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, replace

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import NOT_SYNCING, Job, unknown_job
from dag_factory.airbyte.api.urls import page_of
from dag_factory.airbyte.effects import Pause, Protocol, Save, Say
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync.errors import SyncError, SyncSkipped
from dag_factory.airbyte.sync.ownership import (
    Fate,
    fate_of,
    is_answer_ours,
    job_in_the_way,
    newest_id,
    oldest_sync_after,
)
from dag_factory.airbyte.sync.retries import START_SECONDS, patiently, pause_after
from dag_factory.airbyte.sync.types import SyncContext, SyncRequest, Target

# When a job is looked for that an uncertain submission may have made: pauses in seconds. A server can take
# more than a minute to make a job, and gateways give up on it before (apache/airflow#71092: 30 to 130 s).
DISCOVERY_PAUSES = (0.0, 1.0, 3.0, 6.0, 10.0, 20.0, 30.0, 30.0, 30.0)
# Airbyte runs one job of a connection at a time: of so many that a list calls active, the status is asked.
_MOST_ASKED = 3


def start(context: SyncContext, request: SyncRequest, state: SyncState | None = None) -> Protocol[Target]:
    """Submit a sync, or take the job that the connection is busy with as `on_running` says.

    `state` is what an earlier submission left, or only the newest job that was `seen`. Raises SyncError with
    what to do, SyncSkipped, or ApiError where Airbyte does not answer.
    """
    yield from describe_connection(context)
    _refuse_if_not_syncing(context)
    submission = _Submission(context=context, request=request, begun=context.clock())
    state = state or SyncState()
    for attempt in itertools.count(1):
        step = yield from submission.advance(state, attempt)
        if isinstance(step, Target):
            return step
        state = step
    raise AssertionError  # the count has no end


def describe_connection(context: SyncContext) -> Protocol[None]:
    """Ask for the connection's name, page and status; without an answer they stay unknown."""
    try:
        context.connection = yield from context.api.connection(context.connection.connection_id)
    except ApiError as error:
        # Any server answers 404 where its host is not the API's address: the next call says so.
        is_missing = error.is_unknown_connection and context.api.access.context.host_is_api
        context.connection = replace(context.connection, status="missing" if is_missing else None)
        yield Say(f"the name and page of {context.label} are unknown: {error}")
        return
    context.page = page_of(context.api.access.host, context.connection)
    access = context.api.access
    yield Say(f"Airbyte {context.label} at {access.shown_host} (Airflow connection '{access.conn_id}')")
    if context.connection.schedule is not None:
        yield Say(
            f"Airbyte schedules this connection too ({context.connection.schedule}), so it may sync twice: "
            "set its schedule to manual in Airbyte",
            level=logging.WARNING,
        )


def discover(context: SyncContext, state: SyncState) -> Protocol[Job | None]:
    """Look for the job of a submission whose fate is uncertain: the oldest sync after `seen`."""
    for pause in DISCOVERY_PAUSES:
        if pause:
            yield Pause(pause)
        found = _found((yield from _list_after(context, state.seen or 0)), state)
        if found is not None:
            return found
    return None


def say_page(context: SyncContext) -> Protocol[None]:
    """Write the address of the connection's page as a line of its own, so that it can be clicked."""
    if context.page is not None:
        yield Say(context.page)


@dataclass(frozen=True, kw_only=True)
class _Submission:
    """The steps of one start, which began at `begun` seconds of the context's clock.

    A step gives the job to wait for, or the state to go on with in the next step.
    """

    context: SyncContext
    request: SyncRequest
    begun: float

    def advance(self, state: SyncState, attempt: int) -> Protocol[Target | SyncState]:
        """Check what the connection is busy with, else submit once."""
        jobs = yield from self._jobs(state)
        if state.is_submitting:
            found = _found(jobs, state)
            if found is not None:
                return (yield from self._claim_found(state, found))
        busy = yield from self._busy_with(jobs)
        if busy is not None:
            return (yield from self._meet(state, busy))
        # A list can be behind what an earlier try has seen. After an uncertain submission it shows jobs that
        # came too late for that one: they are no more this task's when the next submission is uncertain too.
        seen = max(newest_id(jobs), state.seen or 0)
        return (yield from self._submit(replace(state, seen=seen), seen, attempt))

    def _jobs(self, state: SyncState) -> Protocol[list[Job]]:
        """List the jobs, patiently where one of ours may be among them."""
        if state.is_submitting:
            return (yield from _list_after(self.context, state.seen or 0))
        api, connection_id = self.context.api, self.request.connection_id
        return (yield from patiently(self.context, lambda: api.jobs(connection_id)))

    def _busy_with(self, jobs: list[Job]) -> Protocol[Job | None]:
        """Give the job that the connection is busy with; a list that is behind shows ended ones as active."""
        for _ in range(_MOST_ASKED):
            listed = job_in_the_way(jobs)
            if listed is None:
                return None
            try:
                job = yield from self.context.api.get(listed.job_id)
            except ApiError as error:
                yield Say(str(error))
                return listed
            if job.is_active:
                return job
            yield Say(f"job {job.job_id} is {job.status}, although the list of jobs says {listed.status}")
            jobs = [each for each in jobs if each.job_id != job.job_id]
        return None

    def _submit(self, state: SyncState, seen: int, attempt: int) -> Protocol[Target | SyncState]:
        # Kept before the call: whoever goes on after a crash has to know that a job may have been made.
        # The last of several submissions bounds what they can have made.
        sent = replace(
            state, is_submitting=True, submitted_at=self.context.api.server_time, job_id=None, role=None
        )
        yield Save(sent)
        try:
            job = yield from self.context.api.submit(self.request.connection_id)
        except ApiError as error:
            if fate_of(error) is Fate.UNCERTAIN:
                return (yield from self._after_uncertain(error, sent, attempt))
            # It made nothing, so that an earlier one bounds what may still come.
            return (yield from self._after_refusal(error, state, attempt))
        if is_answer_ours(job, seen):
            yield Say(f"submitted job {job.job_id}")
            return (yield from self._claim(sent, job))
        if job.is_active:
            return (yield from self._meet(state, job))
        # An answer that names a job of the past says nothing of the one that was asked for.
        return (
            yield from self._discover(sent, attempt, f"Airbyte answered with job {job.job_id}, which ended")
        )

    def _after_uncertain(
        self, error: ApiError, state: SyncState, attempt: int
    ) -> Protocol[Target | SyncState]:
        """Go on after a submission that may have made a job."""
        if error.status == 409:  # "could not fulfill": disabled meanwhile, or not made in time
            yield from describe_connection(self.context)
            _refuse_if_not_syncing(self.context)
        return (yield from self._discover(state, attempt, str(error)))

    def _after_refusal(self, error: ApiError, state: SyncState, attempt: int) -> Protocol[SyncState]:
        """Go on after a submission that made nothing, with the `state` before it."""
        yield Save(state)
        is_busy = fate_of(error) is Fate.BUSY
        if is_busy and not state.is_submitting:
            self._refuse_unless_adopting(f"Airbyte {self.context.label} is busy: {error.detail}")
        if self._is_over() or not (is_busy or error.is_retryable):
            raise SyncError(str(error)) from None
        # The list shows at once what a busy connection runs.
        pause = 0.0 if is_busy and attempt == 1 else pause_after(error, attempt, self.context)
        yield Say(f"{error}; trying again in {pause:.0f} seconds")
        yield Pause(pause)
        return state

    def _discover(self, state: SyncState, attempt: int, reason: str) -> Protocol[Target | SyncState]:
        """Look for the job of an uncertain submission; where none comes, go on to submit again."""
        yield Say(f"{reason}; checking whether a job was made")
        found = yield from discover(self.context, state)
        if found is not None:
            return (yield from self._claim_found(state, found))
        if self._is_over():
            message = f"{reason}; no job has come of it so far: check the connection's page in Airbyte"
            raise SyncError(message)
        yield Say("no job was made: submitting again")
        yield Pause(self.context.jitter(float(attempt)))
        return state

    def _claim_found(self, state: SyncState, job: Job) -> Protocol[Target]:
        yield Say(f"job {job.job_id} came of this task's submission: it is the oldest sync since")
        return (yield from self._claim(state, job))

    def _claim(self, state: SyncState, job: Job) -> Protocol[Target]:
        claimed = replace(state, is_submitting=False, job_id=job.job_id, role=Role.OWN)
        yield Save(claimed)
        yield from say_page(self.context)
        # The end of a job is believed of the job alone, not of a list or of the answer to a submission.
        asked = job if job.is_active else unknown_job(job.job_id, self.request.connection_id)
        return Target(job=asked, state=claimed)

    def _meet(self, state: SyncState, job: Job) -> Protocol[Target]:
        """Do with the job that the connection is busy with what `on_running` says."""
        kind = "sync" if job.is_sync else job.job_type
        text = (
            f"Airbyte {self.context.label} is busy: job {job.job_id}, a {kind} that this task did not start, "
            f"is {job.status}"
        )
        role = Role.ADOPTED if job.is_sync else Role.BLOCKER
        met = replace(state, job_id=job.job_id, role=role)
        adopts = self.request.on_running == "adopt"
        yield Save(met if adopts else state)
        self._refuse_unless_adopting(text)
        then = "its end is this task's result" if job.is_sync else "a sync is submitted when it has ended"
        yield Say(f"{text}; waiting for it: {then}")
        yield from say_page(self.context)
        return Target(job=job, state=met)

    def _refuse_unless_adopting(self, text: str) -> None:
        if self.request.on_running == "skip":
            raise SyncSkipped(text)
        if self.request.on_running == "fail":
            raise SyncError(text)

    def _is_over(self) -> bool:
        return self.context.clock() - self.begun >= START_SECONDS


def _found(jobs: list[Job], state: SyncState) -> Job | None:
    """The job that the submission of a state made."""
    return oldest_sync_after(jobs, state.seen or 0, state.submitted_at)


def _list_after(context: SyncContext, seen: int) -> Protocol[list[Job]]:
    """List all jobs after `seen`, patiently: a job of ours may run."""
    connection_id = context.connection.connection_id
    return (
        yield from patiently(
            context,
            lambda: context.api.jobs(connection_id, down_to=seen),
            permanent_seconds=context.api.access.give_up_after,
        )
    )


def _refuse_if_not_syncing(context: SyncContext) -> None:
    """Raise SyncError for a connection that is missing, disabled, deleted or locked."""
    status = context.connection.status
    if status in NOT_SYNCING:
        word, hint = NOT_SYNCING[status]
        message = (
            f"Airbyte {context.label} {word}: {hint} (Airflow connection '{context.api.access.conn_id}')"
        )
        raise SyncError(message)
