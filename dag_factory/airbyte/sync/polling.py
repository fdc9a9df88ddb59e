"""Waits for a job: polls it until it has ended, cancels it when it takes too long, and reports on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import SUCCEEDED, UNKNOWN, Job
from dag_factory.airbyte.effects import Pause, Protocol, Save, Say
from dag_factory.airbyte.state import Role
from dag_factory.airbyte.sync.errors import JobTimedOutError, SyncError
from dag_factory.airbyte.sync.formatting import duration_text, moved_text
from dag_factory.airbyte.sync.retries import pause_after
from dag_factory.airbyte.sync.types import PollFailure, SyncContext, SyncRequest, Target

# How long a cancellation is repeated, in seconds. Airbyte ignores it between two attempts of a job, which
# can be 30 minutes apart (airbyte-workers, `application.yml`: back-off of complete failures).
CANCEL_SECONDS = 2700.0
# The longest pause between two cancellations, in seconds.
LONGEST_CANCEL_PAUSE = 30.0
# A waiting task writes a line when the job's status changes, and after so many seconds.
REPORT_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """The last line that was written of a job: its status, and when, in seconds on any clock."""

    status: str = ""
    at: float = 0.0

    def is_due(self, job: Job, now: float) -> bool:
        """Whether to write a line of a job that is active."""
        return job.is_active and (job.status != self.status or now - self.at >= REPORT_SECONDS)


def wait(context: SyncContext, request: SyncRequest, target: Target, seconds: float) -> Protocol[Job]:
    """Wait until a job has ended, at most for `seconds`, which are what is left of the timeout.

    A job is asked for once more before it is given up. Raises JobTimedOutError, after the job was cancelled
    if it is ours and `on_timeout` says so, and SyncError where the job cannot be asked for.
    """
    deadline = context.clock() + seconds
    poller = _Poller(context, request, target)
    pause = 0.0 if target.job.status == UNKNOWN else request.wait_seconds
    pause = context.first_pause(pause)
    job = target.job
    while job.is_active:
        if pause > 0:
            yield Pause(max(min(pause, deadline - context.clock()), 0.0))
        is_last = context.clock() >= deadline
        job, pause = yield from poller.poll()
        if is_last and job.is_active:
            return (yield from time_out(context, request, target))
    return job


def poll(
    context: SyncContext, request: SyncRequest, target: Target, failures: int
) -> Protocol[Job | PollFailure]:
    """Ask for a job once, after `failures` failed polls in a row. One of a cleared try is cancelled too."""
    job_id = target.job.job_id
    try:
        job = yield from context.api.get(job_id)
        if job.is_active and target.role is Role.CLEARED and request.on_kill == "cancel":
            job = yield from context.api.cancel(job_id)
    except ApiError as error:
        pause = pause_after(error, failures + 1, context)
        return PollFailure(text=str(error), pause=pause, is_retryable=error.is_retryable)
    return job


def progress_text(job: Job) -> str:
    """Say what an active job is doing."""
    moved = moved_text(job.rows, job.bytes)
    age = "" if job.seconds is None else f" after {duration_text(job.seconds)}"
    return f"job {job.job_id} is {job.status}" + (f": {moved}{age}" if moved else age)


def cancel(context: SyncContext, job_id: int, seconds: float = CANCEL_SECONDS) -> Protocol[Job]:
    """Cancel a job and see that it has ended; one that has ended is left as it is.

    The server cancels what the connection runs now, so the job is asked for before each call; and it
    ignores a cancellation between two attempts of a job, so the call is repeated for `seconds`. Raises
    SyncError if the job is still active then.
    """
    deadline = context.clock() + seconds
    pause = 1.0
    said = ""
    while True:
        try:
            job = yield from cancel_once(context, job_id)
            text = f"job {job_id} is {job.status}"
            if not job.is_active:
                yield Say(text)
                return job
            text = (
                f"{text} although it was cancelled; Airbyte ignores that between two attempts: trying again"
            )
        except ApiError as error:
            text = str(error)
        if text != said:
            yield Say(text)
            said = text
        if context.clock() >= deadline:
            raise SyncError(cancel_failed_text(job_id, seconds))
        yield Pause(pause)
        pause = min(2 * pause, LONGEST_CANCEL_PAUSE)


def cancel_failed_text(job_id: int, seconds: float) -> str:
    """Say that a job went on although it was cancelled for `seconds`."""
    return f"job {job_id} could not be cancelled within {duration_text(seconds)}: cancel it in Airbyte"


def cancel_once(context: SyncContext, job_id: int) -> Protocol[Job]:
    """Cancel a job if it is active; raises ApiError."""
    job = yield from context.api.get(job_id)
    return (yield from context.api.cancel(job_id)) if job.is_active else job


def try_to_cancel(context: SyncContext, request: SyncRequest, target: Target) -> Protocol[Job | None]:
    """Cancel a job at its timeout, once; gives it if it has ended."""
    yield Say(f"{timeout_text(context, request, target)}: cancelling it")
    try:
        job = yield from cancel_once(context, target.job.job_id)
    except ApiError as error:
        yield Say(str(error))
        return None
    yield Say(f"job {job.job_id} is {job.status}")
    return None if job.is_active else job


def time_out(context: SyncContext, request: SyncRequest, target: Target) -> Protocol[Job]:
    """End the wait for a job that took too long; gives the job if it succeeded just now.

    Raises JobTimedOutError, after the job was cancelled if it is ours and `on_timeout` says so, and
    SyncError if it cannot be cancelled.
    """
    if not cancels_on_timeout(request, target):
        raise JobTimedOutError(timeout_text(context, request, target))
    yield Say(f"{timeout_text(context, request, target)}: cancelling it")
    job = yield from cancel(context, target.job.job_id)
    return (yield from timed_out(context, request, target, job))


def timed_out(context: SyncContext, request: SyncRequest, target: Target, job: Job) -> Protocol[Job]:
    """Give the job that was cancelled at its timeout if it succeeded, else raise JobTimedOutError."""
    if job.status == SUCCEEDED:
        return job
    yield Save(replace(target.state, is_reported=True))
    message = f"{timeout_text(context, request, target)}; it is {job.status} now"
    raise JobTimedOutError(message)


def cancels_on_timeout(request: SyncRequest, target: Target) -> bool:
    """Whether the job is cancelled when it takes too long."""
    return target.role is Role.OWN and request.on_timeout == "cancel"


def timeout_text(context: SyncContext, request: SyncRequest, target: Target) -> str:
    """Say that a job was active at the end of the timeout, and what becomes of it."""
    text = (
        f"Airbyte {context.label}: job {target.job.job_id} was still active "
        f"when this task had waited {duration_text(request.timeout)} (timeout)"
    )
    if cancels_on_timeout(request, target):
        return text
    if target.role is Role.OWN:
        return f"{text}; it goes on, since on_timeout is leave"
    if target.role is Role.CLEARED:
        return f"{text}, although the cleared task's job was to end before a new one starts"
    return f"{text}; it goes on, since this task did not start it"


def ended_late_text(context: SyncContext, request: SyncRequest, job: Job) -> str:
    """Say that a job which a sync was to follow ended when the timeout was over."""
    return (
        f"Airbyte {context.label}: job {job.job_id}, which was in the way, had not ended "
        f"when this task had waited {duration_text(request.timeout)} (timeout)"
    )


class _Poller:
    """Polls one job, with the pauses and the patience that the answers call for."""

    def __init__(self, context: SyncContext, request: SyncRequest, target: Target) -> None:
        self._context, self._request, self._target = context, request, target
        self._failures = 0
        self._permanent_since: float | None = None
        self._reported = Reported(at=context.clock())

    def poll(self) -> Protocol[tuple[Job, float]]:
        """Poll once; gives the job, as it was last known, and the pause before the next poll."""
        polled = yield from poll(self._context, self._request, self._target, self._failures)
        if isinstance(polled, PollFailure):
            return (yield from self._failed(polled))
        self._failures, self._permanent_since = 0, None
        now = self._context.clock()
        if self._reported.is_due(polled, now):
            self._reported = Reported(status=polled.status, at=now)
            yield Say(progress_text(polled))
        return polled, self._context.jitter(self._request.wait_seconds)

    def _failed(self, failure: PollFailure) -> Protocol[tuple[Job, float]]:
        self._failures += 1
        now = self._context.clock()
        if failure.is_retryable:
            self._permanent_since = None
        elif self._permanent_since is None:
            self._permanent_since = now
        elif now - self._permanent_since >= self._context.api.access.give_up_after:
            raise SyncError(failure.text)
        yield Say(f"{failure.text}; polling again in {duration_text(failure.pause)}")
        return self._target.job, failure.pause
