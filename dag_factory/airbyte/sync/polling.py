"""Wait for a job: poll it until it has ended, log its progress, and cancel it when it takes too long."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import SUCCEEDED, UNKNOWN, Job
from dag_factory.airbyte.effects import Effects, Log, SaveState, Sleep
from dag_factory.airbyte.state import Role
from dag_factory.airbyte.sync.errors import JobTimedOutError, SyncError
from dag_factory.airbyte.sync.formatting import duration_text, moved_text
from dag_factory.airbyte.sync.retries import pause_after
from dag_factory.airbyte.sync.types import PollFailure, SyncContext, SyncRequest, Target

# How many seconds a cancellation is repeated. Airbyte ignores it between two attempts of a job, which can be
# 30 minutes apart (airbyte-workers, `application.yml`: back-off of complete failures).
CANCEL_SECONDS = 2700.0
# The longest pause between two cancellations, in seconds.
MAX_CANCEL_PAUSE_SECONDS = 30.0
# A waiting task logs the job's progress when its status changes, and at this interval in seconds.
REPORT_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """The last line that was logged about a job: its status, and the time in seconds on any clock."""

    status: str = ""
    at: float = 0.0

    def is_due(self, job: Job, now: float) -> bool:
        """Whether to log the progress of an active job."""
        return job.is_active and (job.status != self.status or now - self.at >= REPORT_SECONDS)


def wait(context: SyncContext, request: SyncRequest, target: Target, seconds: float) -> Effects[Job]:
    """Wait until a job has ended, at most for the `seconds` that are left of the timeout.

    The job is polled once more at the end. Raises SyncError if it cannot be polled, and JobTimedOutError if
    it takes too long, after cancelling it if it is ours and `on_timeout` is `cancel`.
    """
    deadline = context.clock() + seconds
    poller = _Poller(context, request, target)
    pause = 0.0 if target.job.status == UNKNOWN else request.wait_seconds
    pause = context.first_pause(pause)
    job = target.job
    while job.is_active:
        if pause > 0:
            yield Sleep(max(min(pause, deadline - context.clock()), 0.0))
        is_last = context.clock() >= deadline
        job, pause = yield from poller.poll()
        if is_last and job.is_active:
            return (yield from time_out(context, request, target))
    return job


def poll(
    context: SyncContext, request: SyncRequest, target: Target, failures: int
) -> Effects[Job | PollFailure]:
    """Poll a job once, after `failures` failed polls in a row. Also cancels the job of a cleared try."""
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
    """Describe the progress of an active job."""
    moved = moved_text(job.rows, job.bytes)
    age = "" if job.seconds is None else f" after {duration_text(job.seconds)}"
    return f"job {job.job_id} is {job.status}" + (f": {moved}{age}" if moved else age)


def cancel(context: SyncContext, job_id: int) -> Effects[Job]:
    """Cancel a job until it has ended.

    The server cancels whatever the connection is running, so the job is polled before each call. It ignores
    a cancellation between two attempts of a job, so the call is repeated for CANCEL_SECONDS. Raises SyncError
    if the job is still active after that.
    """
    deadline = context.clock() + CANCEL_SECONDS
    pause = 1.0
    logged = ""
    while True:
        try:
            job = yield from cancel_once(context, job_id)
            text = f"job {job_id} is {job.status}"
            if not job.is_active:
                yield Log(text)
                return job
            text = (
                f"{text} although it was cancelled; Airbyte ignores that between two attempts: trying again"
            )
        except ApiError as error:
            text = str(error)
        if text != logged:
            yield Log(text)
            logged = text
        if context.clock() >= deadline:
            raise SyncError(cancel_failed_text(job_id, CANCEL_SECONDS))
        yield Sleep(pause)
        pause = min(2 * pause, MAX_CANCEL_PAUSE_SECONDS)


def cancel_failed_text(job_id: int, seconds: float) -> str:
    """Explain that a job is still active after being cancelled for `seconds`."""
    return f"job {job_id} could not be cancelled within {duration_text(seconds)}: cancel it in Airbyte"


def cancel_once(context: SyncContext, job_id: int) -> Effects[Job]:
    """Cancel a job if it is active; raises ApiError."""
    job = yield from context.api.get(job_id)
    return (yield from context.api.cancel(job_id)) if job.is_active else job


def try_to_cancel(context: SyncContext, request: SyncRequest, target: Target) -> Effects[Job | None]:
    """Cancel a job once at its timeout. Returns it if it has ended."""
    yield Log(f"{timeout_text(context, request, target)}: cancelling it")
    try:
        job = yield from cancel_once(context, target.job.job_id)
    except ApiError as error:
        yield Log(str(error))
        return None
    yield Log(f"job {job.job_id} is {job.status}")
    return None if job.is_active else job


def time_out(context: SyncContext, request: SyncRequest, target: Target) -> Effects[Job]:
    """End the wait for a job that took too long. Returns the job if it has just succeeded.

    Raises JobTimedOutError, after cancelling the job if it is ours and `on_timeout` is `cancel`, and
    SyncError if it cannot be cancelled.
    """
    if not cancels_on_timeout(request, target):
        raise JobTimedOutError(timeout_text(context, request, target))
    yield Log(f"{timeout_text(context, request, target)}: cancelling it")
    job = yield from cancel(context, target.job.job_id)
    return (yield from timed_out(context, request, target, job))


def timed_out(context: SyncContext, request: SyncRequest, target: Target, job: Job) -> Effects[Job]:
    """Return the job that was cancelled at its timeout if it succeeded, else raise JobTimedOutError."""
    if job.status == SUCCEEDED:
        return job
    yield SaveState(replace(target.state, is_reported=True))
    message = f"{timeout_text(context, request, target)}; it is {job.status} now"
    raise JobTimedOutError(message)


def cancels_on_timeout(request: SyncRequest, target: Target) -> bool:
    """Whether to cancel the job when it takes too long."""
    return target.role is Role.OWN and request.on_timeout == "cancel"


def timeout_text(context: SyncContext, request: SyncRequest, target: Target) -> str:
    """Explain that a job was active at the end of the timeout, and what becomes of it."""
    text = (
        f"Airbyte {context.label}: job {target.job.job_id} was still active "
        f"when this task had waited {duration_text(request.timeout)} (timeout)"
    )
    if cancels_on_timeout(request, target):
        return text
    if target.role is Role.OWN:
        return f"{text}; it continues, because on_timeout is leave"
    if target.role is Role.CLEARED:
        return f"{text}, although the cleared task's job has to end before a new one starts"
    return f"{text}; it continues, because this task did not start it"


def ended_late_text(context: SyncContext, request: SyncRequest, job: Job) -> str:
    """Explain that the job before a sync had not ended within the timeout."""
    return (
        f"Airbyte {context.label}: job {job.job_id}, which was in the way, had not ended "
        f"when this task had waited {duration_text(request.timeout)} (timeout)"
    )


class _Poller:
    """Polls one job, with pauses that depend on the answers, until its errors have lasted too long."""

    def __init__(self, context: SyncContext, request: SyncRequest, target: Target) -> None:
        self._context, self._request, self._target = context, request, target
        self._failures = 0
        self._permanent_since: float | None = None
        self._reported = Reported(at=context.clock())

    def poll(self) -> Effects[tuple[Job, float]]:
        """Poll once. Returns the last known job and the pause before the next poll."""
        polled = yield from poll(self._context, self._request, self._target, self._failures)
        if isinstance(polled, PollFailure):
            return (yield from self._failed(polled))
        self._failures, self._permanent_since = 0, None
        now = self._context.clock()
        if self._reported.is_due(polled, now):
            self._reported = Reported(status=polled.status, at=now)
            yield Log(progress_text(polled))
        return polled, self._context.jitter(self._request.wait_seconds)

    def _failed(self, failure: PollFailure) -> Effects[tuple[Job, float]]:
        self._failures += 1
        now = self._context.clock()
        if failure.is_retryable:
            self._permanent_since = None
        elif self._permanent_since is None:
            self._permanent_since = now
        elif now - self._permanent_since >= self._context.api.access.give_up_after:
            raise SyncError(failure.text)
        yield Log(f"{failure.text}; polling again in {duration_text(failure.pause)}")
        return self._target.job, failure.pause
