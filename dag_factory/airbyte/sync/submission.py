"""Start a sync: at most one new job, whatever the server answers, and none while the connection is busy."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, replace

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import NOT_SYNCING, Job, unknown_job
from dag_factory.airbyte.api.urls import page_of
from dag_factory.airbyte.effects import Effects, Log, SaveState, Sleep
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
from dag_factory.airbyte.sync.retries import START_SECONDS, pause_after, with_retries
from dag_factory.airbyte.sync.types import SyncContext, SyncRequest, Target

# Pauses in seconds before the polls for the job of an uncertain submission. A server can take more than a
# minute to create a job, and gateways give up before that (apache/airflow#71092: 30 to 130 s).
DISCOVERY_PAUSES = (0.0, 1.0, 3.0, 6.0, 10.0, 20.0, 30.0, 30.0, 30.0)
# Airbyte runs one job of a connection at a time. If a list shows more as active, only this many
# are polled.
_MAX_STATUS_CHECKS = 3


def start(context: SyncContext, request: SyncRequest, state: SyncState | None = None) -> Effects[Target]:
    """Submit a sync, or treat the job that the connection is busy with by the policy `on_running`.

    `state` is what an earlier submission left, or only the newest job that was `seen`. Raises SyncError,
    SyncSkipped, or ApiError if Airbyte does not answer.
    """
    yield from describe_connection(context)
    _refuse_if_not_syncing(context)
    submission = _Submission(context=context, request=request, begun=context.clock())
    state = state or SyncState()
    for step_number in itertools.count(1):
        step = yield from submission.advance(state, step_number)
        if isinstance(step, Target):
            return step
        state = step
    raise AssertionError  # the count has no end


def describe_connection(context: SyncContext) -> Effects[None]:
    """Get the connection's name, page and status; without an answer they stay unknown."""
    try:
        context.connection = yield from context.api.connection(context.connection.connection_id)
    except ApiError as error:
        # Any server answers 404 if the host is not the API's URL. The next call reports that.
        is_missing = error.is_unknown_connection and context.api.access.context.host_is_api
        context.connection = replace(context.connection, status="missing" if is_missing else None)
        yield Log(f"the name and page of {context.label} are unknown: {error}")
        return
    context.page = page_of(context.api.access.host, context.connection)
    access = context.api.access
    yield Log(f"Airbyte {context.label} at {access.shown_host} (Airflow connection '{access.conn_id}')")
    if context.connection.schedule is not None:
        yield Log(
            f"Airbyte schedules this connection too ({context.connection.schedule}), so it may sync twice: "
            "set its schedule to manual in Airbyte",
            level=logging.WARNING,
        )


def discover(context: SyncContext, state: SyncState, seconds: float) -> Effects[Job | None]:
    """Find the job of an uncertain submission: the oldest sync after `seen`.

    Lists that Airbyte does not answer are retried, for `seconds` in all: to give up would leave a job behind.
    """
    deadline = context.clock() + seconds
    for pause in DISCOVERY_PAUSES:
        if pause:
            yield Sleep(pause)
        found = _found((yield from _list_after(context, state.seen or 0, deadline - context.clock())), state)
        if found is not None:
            return found
    return None


def log_page(context: SyncContext) -> Effects[None]:
    """Log the URL of the connection's page on a line of its own, so that people can click it."""
    if context.page is not None:
        yield Log(context.page)


@dataclass(frozen=True, kw_only=True)
class _Submission:
    """The steps of one start, which began at `begun` seconds of the context's clock.

    A step returns the job to wait for, or the state for the next step.
    """

    context: SyncContext
    request: SyncRequest
    begun: float

    def advance(self, state: SyncState, step_number: int) -> Effects[Target | SyncState]:
        """Check what the connection is busy with, else submit once."""
        jobs = yield from self._jobs(state)
        if state.is_submitting:
            found = _found(jobs, state)
            if found is not None:
                return (yield from self._claim_found(state, found))
        busy = yield from self._busy_with(jobs)
        if busy is not None:
            return (yield from self._meet(state, busy))
        # A list may be older than what an earlier try has seen. After an uncertain submission it may show
        # jobs that are too late to be that one's. They are not ours if the next one is uncertain too.
        seen = max(newest_id(jobs), state.seen or 0)
        return (yield from self._submit(replace(state, seen=seen), seen, step_number))

    def _jobs(self, state: SyncState) -> Effects[list[Job]]:
        """List the jobs, with long retries if one of ours may be among them."""
        if state.is_submitting:
            return (yield from _list_after(self.context, state.seen or 0, self._patience()))
        api, connection_id = self.context.api, self.request.connection_id
        return (yield from with_retries(self.context, lambda: api.jobs(connection_id)))

    def _busy_with(self, jobs: list[Job]) -> Effects[Job | None]:
        """Return the job that the connection is busy with. A stale list shows ended jobs as active."""
        for _ in range(_MAX_STATUS_CHECKS):
            listed = job_in_the_way(jobs)
            if listed is None:
                return None
            try:
                job = yield from self.context.api.get(listed.job_id)
            except ApiError as error:
                yield Log(str(error))
                return listed
            if job.is_active:
                return job
            yield Log(f"job {job.job_id} is {job.status}, although the list of jobs shows {listed.status}")
            jobs = [each for each in jobs if each.job_id != job.job_id]
        return None

    def _submit(self, state: SyncState, seen: int, step_number: int) -> Effects[Target | SyncState]:
        # Saved before the call: after a crash, the next try has to know that a job may have been created.
        # The last of several submissions bounds the jobs that they can have created.
        sent = replace(
            state, is_submitting=True, submitted_at=self.context.api.server_time, job_id=None, role=None
        )
        yield SaveState(sent)
        try:
            job = yield from self.context.api.submit(self.request.connection_id)
        except ApiError as error:
            if fate_of(error) is Fate.UNCERTAIN:
                return (yield from self._after_uncertain(error, sent, step_number))
            # It created nothing, so an earlier one bounds the jobs that may still appear.
            return (yield from self._after_refusal(error, state, step_number))
        if is_answer_ours(job, seen):
            yield Log(f"submitted job {job.job_id}")
            return (yield from self._claim(sent, job))
        if job.is_active:
            return (yield from self._meet(state, job))
        # An answer with an old job says nothing about the job that was submitted.
        return (
            yield from self._discover(
                sent, step_number, f"Airbyte answered with job {job.job_id}, which ended"
            )
        )

    def _after_uncertain(
        self, error: ApiError, state: SyncState, step_number: int
    ) -> Effects[Target | SyncState]:
        """Continue after a submission that may have created a job."""
        if error.status == 409:  # "could not fulfill": disabled meanwhile, or not created in time
            yield from describe_connection(self.context)
            _refuse_if_not_syncing(self.context)
        return (yield from self._discover(state, step_number, str(error)))

    def _after_refusal(self, error: ApiError, state: SyncState, step_number: int) -> Effects[SyncState]:
        """Continue after a submission that created nothing, with the `state` before it."""
        yield SaveState(state)
        is_busy = fate_of(error) is Fate.BUSY
        if is_busy and not state.is_submitting:
            self._raise_unless_adopting(f"Airbyte {self.context.label} is busy: {error.detail}")
        if self._is_over() or not (is_busy or error.is_retryable):
            raise SyncError(str(error)) from None
        # The list shows what a busy connection is running, without a pause.
        pause = 0.0 if is_busy and step_number == 1 else pause_after(error, step_number, self.context)
        yield Log(f"{error}; trying again in {pause:.0f} seconds")
        yield Sleep(pause)
        return state

    def _discover(self, state: SyncState, step_number: int, reason: str) -> Effects[Target | SyncState]:
        """Poll for the job of an uncertain submission; submit again if none appears."""
        yield Log(f"{reason}; checking whether a job was created")
        found = yield from discover(self.context, state, self._patience())
        if found is not None:
            return (yield from self._claim_found(state, found))
        if self._is_over():
            message = f"{reason}; no job has appeared so far: check the connection's page in Airbyte"
            raise SyncError(message)
        yield Log("no job was created: submitting again")
        yield Sleep(self.context.jitter(float(step_number)))
        return state

    def _claim_found(self, state: SyncState, job: Job) -> Effects[Target]:
        yield Log(f"job {job.job_id} is this task's: it is the oldest sync since its submission")
        return (yield from self._claim(state, job))

    def _claim(self, state: SyncState, job: Job) -> Effects[Target]:
        claimed = replace(state, is_submitting=False, job_id=job.job_id, role=Role.OWN)
        yield SaveState(claimed)
        yield from log_page(self.context)
        # Only a poll of the job itself shows that it has ended, not a list or the answer to a submission.
        asked = job if job.is_active else unknown_job(job.job_id, self.request.connection_id)
        return Target(job=asked, state=claimed)

    def _meet(self, state: SyncState, job: Job) -> Effects[Target]:
        """Treat the job that the connection is busy with by the policy `on_running`."""
        kind = "sync" if job.is_sync else job.job_type
        text = (
            f"Airbyte {self.context.label} is busy: job {job.job_id}, a {kind} that this task did not start, "
            f"is {job.status}"
        )
        role = Role.ADOPTED if job.is_sync else Role.BLOCKER
        met = replace(state, job_id=job.job_id, role=role)
        adopts = self.request.on_running == "adopt"
        yield SaveState(met if adopts else state)
        self._raise_unless_adopting(text)
        then = "its end is this task's result" if job.is_sync else "a sync is submitted when it has ended"
        yield Log(f"{text}; waiting for it: {then}")
        yield from log_page(self.context)
        return Target(job=job, state=met)

    def _raise_unless_adopting(self, text: str) -> None:
        if self.request.on_running == "skip":
            raise SyncSkipped(text)
        if self.request.on_running == "fail":
            raise SyncError(text)

    def _patience(self) -> float:
        """Return how many seconds more a job that may be running is looked for: as long as it may take."""
        return max(self.request.timeout - (self.context.clock() - self.begun), START_SECONDS)

    def _is_over(self) -> bool:
        return self.context.clock() - self.begun >= START_SECONDS


def _found(jobs: list[Job], state: SyncState) -> Job | None:
    """Return the job that the submission of a state has created."""
    return oldest_sync_after(jobs, state.seen or 0, state.submitted_at)


def _list_after(context: SyncContext, seen: int, seconds: float) -> Effects[list[Job]]:
    """List all jobs after `seen`, and retry that for `seconds`: a job of ours may be running."""
    connection_id = context.connection.connection_id
    return (
        yield from with_retries(
            context,
            lambda: context.api.jobs(connection_id, down_to=seen),
            seconds=seconds,
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
