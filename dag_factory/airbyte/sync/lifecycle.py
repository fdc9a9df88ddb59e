"""The protocol of one sync, in the steps that all modes share: begin, wait, follow, finish, undo.

Every function is a generator of effects: it decides, and a driver acts. `ownership` has the rules that decide
whose job a job is.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import CANCELLED, SUCCEEDED, Job
from dag_factory.airbyte.effects import Effects, Log, SaveState, Sleep
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync.errors import JobEndedError, JobTimedOutError
from dag_factory.airbyte.sync.formatting import duration_text, moved_text
from dag_factory.airbyte.sync.polling import CANCEL_SECONDS, cancel, cancel_once, ended_late_text, wait
from dag_factory.airbyte.sync.retries import START_SECONDS, with_retries
from dag_factory.airbyte.sync.submission import describe_connection, discover, log_page, start
from dag_factory.airbyte.sync.types import PreviousTry, SyncContext, SyncRequest, Target

# Airbyte cancels what a connection is running, whichever job is named. If a cleared try is still cancelling
# its job, its last call has to arrive before the next job starts. It gets this many seconds.
SETTLE_SECONDS = 5.0
# Airbyte counts rows a moment after a job has ended: how often it is polled for them, and the pause in
# seconds.
_ROW_POLLS, _ROW_PAUSE = 3, 5.0


def begin(context: SyncContext, request: SyncRequest, previous: PreviousTry | None) -> Effects[Target]:
    """Resume what an earlier try left, or start a sync; raises what `start` raises."""
    if previous is None:
        return (yield from start(context, request))
    if previous.is_settled:
        return (yield from start(context, request, SyncState(seen=previous.state.newest_known)))
    job = yield from _previous_job(context, request, previous.state)
    # A try that had to replace a cleared task's job has not done so: that job is still no result.
    if previous.is_clear or previous.state.role is Role.CLEARED:
        target = yield from _end_cleared(context, request, previous.state, job)
    else:
        target = yield from _resume(context, request, previous, job)
    if target is not None:
        return target
    return (yield from start(context, request, _left_of(previous.state, job)))


def complete(context: SyncContext, request: SyncRequest, target: Target) -> Effects[Job]:
    """Wait for a job and for what follows it. Returns the job that succeeded.

    Raises what `wait` and `finish` raise.
    """
    deadline = context.clock() + request.timeout
    while True:
        job = yield from wait(context, request, target, deadline - context.clock())
        ended = replace(target, job=job)
        if not is_followed(ended):
            job = yield from count_rows(context, request, job)
            return (yield from finish(context.label, request, replace(ended, job=job)))
        target = yield from follow(context, request, ended, deadline - context.clock())


def follow(context: SyncContext, request: SyncRequest, ended: Target, seconds_left: float) -> Effects[Target]:
    """Start the sync that has to follow a job that ended; call it only if `is_followed`.

    A sync follows a job that was in the way. It also replaces a job that was cancelled although this try did
    not start it: an earlier try that was killed may be cancelling the job that this one found. That happens
    once in a try, since a person may be cancelling the jobs.

    Raises JobTimedOutError if no `seconds_left` of the timeout, else what `start` raises.
    """
    state = ended.state
    if seconds_left <= 0:
        raise JobTimedOutError(ended_late_text(context, request, ended.job))
    if ended.role in (Role.BLOCKER, Role.CLEARED):
        yield Log(f"job {ended.job.job_id}, which was in the way, is {ended.job.status}")
        if ended.role is Role.CLEARED:
            yield Sleep(SETTLE_SECONDS)
        left = replace(_left_of(state, ended.job), is_replaced=state.is_replaced)
        return (yield from start(context, request, left))
    yield Log(f"job {ended.job.job_id}, which this try did not start, was cancelled: starting another")
    left = SyncState(seen=state.newest_known, is_replaced=True)
    return (yield from start(context, request, left))


def is_followed(ended: Target) -> bool:
    """Whether another job has to follow one that ended."""
    if ended.role in (Role.BLOCKER, Role.CLEARED):
        return True
    is_foreign = ended.role is Role.ADOPTED or ended.state.is_inherited
    return is_foreign and not ended.state.is_replaced and ended.job.status == CANCELLED


def finish(label: str, request: SyncRequest, ended: Target) -> Effects[Job]:
    """Return an ended job as the result; raises JobEndedError if it is not a success of this sync.

    `label` names the connection. This makes no call, so that a job that succeeded is a success even if
    Airbyte cannot be reached any more.
    """
    job = ended.job
    reason = failure_of(job, request)
    if reason is not None:
        yield SaveState(replace(ended.state, is_reported=True))
        message = f"Airbyte {label}: {reason}"
        raise JobEndedError(message)
    yield Log(_success_text(job))
    if lacks_rows(request, job):
        text = f"Airbyte has not counted the rows of job {job.job_id}: min_rows cannot be checked"
        yield Log(text, level=logging.WARNING)
    return job


def lacks_rows(request: SyncRequest, job: Job) -> bool:
    """Whether `min_rows` needs a count of rows that Airbyte does not have yet."""
    return request.min_rows is not None and job.status == SUCCEEDED and job.rows is None


def undo(context: SyncContext, state: SyncState) -> Effects[Job | None]:
    """Cancel what a task has started, including a job whose submission was under way.

    Returns the job, None if there is nothing to cancel. A job that this task did not start is left alone.
    """
    if state.may_cancel and state.job_id is not None:
        return (yield from cancel(context, state.job_id))
    found = (yield from discover(context, state, CANCEL_SECONDS)) if state.is_submitting else None
    return None if found is None else (yield from cancel(context, found.job_id))


def failure_of(job: Job, request: SyncRequest) -> str | None:
    """Explain why an ended job is not a success of this sync; None if it is one."""
    if job.status != SUCCEEDED:
        ended = "was cancelled" if job.status == CANCELLED else job.status
        after = "" if job.seconds is None else f" after {duration_text(job.seconds)}"
        moved = moved_text(job.rows, job.bytes)
        hint = "Airbyte's page of the connection has the job's log"
        return f"job {job.job_id} {ended}{after}" + (f", having moved {moved}" if moved else "") + f". {hint}"
    if request.min_rows is not None and job.rows is not None and job.rows < request.min_rows:
        return f"job {job.job_id} moved {job.rows:,} rows, fewer than min_rows {request.min_rows:,}"
    return None


def _previous_job(context: SyncContext, request: SyncRequest, state: SyncState) -> Effects[Job | None]:
    """Find the job of an earlier try: by its id if that is known, else as the job of its submission.

    It may be running, so it is looked for as long as it may take.
    """
    seconds = max(request.timeout, START_SECONDS)
    if state.job_id is not None and state.role is not Role.BLOCKER:
        return (yield from _known_job(context, state.job_id, seconds))
    return (yield from discover(context, state, seconds)) if state.is_submitting else None


def _left_of(state: SyncState, job: Job | None) -> SyncState:
    """Return what a new submission has to know of the sync before it, whose job was `job` if it had one."""
    if state.is_submitting and (job is None or state.role is Role.BLOCKER):
        return SyncState(seen=state.seen, is_submitting=True, submitted_at=state.submitted_at)
    if job is not None:
        return SyncState(seen=max(state.newest_known, job.job_id))
    is_forgotten = state.job_id is not None and state.role is not Role.BLOCKER
    # An Airbyte that was reinstalled numbers its jobs from 1 again.
    return SyncState() if is_forgotten else SyncState(seen=state.newest_known)


def _known_job(context: SyncContext, job_id: int, seconds: float) -> Effects[Job | None]:
    """Get a job of an earlier try; None if Airbyte no longer knows it, as after a reinstallation."""
    try:
        return (
            yield from with_retries(
                context,
                lambda: context.api.get(job_id),
                seconds=seconds,
                permanent_seconds=context.api.access.give_up_after,
            )
        )
    except ApiError as error:
        if not error.is_unknown_job:
            raise
        yield Log(f"Airbyte no longer knows job {job_id}: {error}")
        return None


def _resume(
    context: SyncContext, request: SyncRequest, previous: PreviousTry, job: Job | None
) -> Effects[Target | None]:
    """Resume the job of an earlier try; None if a new one is needed.

    An active job is ours whatever `on_running` is. A job that succeeded is the result. One that failed is
    ignored, unless this same try started it.
    """
    state = previous.state
    if job is None or not job.is_sync:
        return None
    is_failed = not job.is_active and failure_of(job, request) is not None
    if is_failed and not previous.is_same_try:
        return None
    resumed = replace(
        state,
        job_id=job.job_id,
        role=Role.ADOPTED if state.role is Role.ADOPTED else Role.OWN,
        is_submitting=False,
        is_inherited=state.is_inherited or not previous.is_same_try,
        is_replaced=state.is_replaced and previous.is_same_try,
    )
    yield SaveState(resumed)
    yield from describe_connection(context)
    yield Log(f"job {job.job_id} was started by an earlier try: resuming it ({job.status})")
    yield from log_page(context)
    return Target(job=job, state=resumed)


def _end_cleared(
    context: SyncContext, request: SyncRequest, state: SyncState, job: Job | None
) -> Effects[Target | None]:
    """Cancel the job that a cleared task is still running, so that it can sync again; None if it has none."""
    is_own = state.role in (Role.OWN, Role.CLEARED) or (
        state.role is not Role.ADOPTED and state.is_submitting
    )
    if job is None or not job.is_active or not is_own:
        return None
    cleared = SyncState(seen=state.seen, job_id=job.job_id, role=Role.CLEARED)
    yield SaveState(cleared)
    if request.on_kill == "leave":
        yield Log(
            f"job {job.job_id} was started before the task was cleared: waiting for its end, "
            "because on_kill is leave"
        )
        return Target(job=job, state=cleared)
    yield Log(f"job {job.job_id} was started before the task was cleared: cancelling it, then syncing again")
    job = yield from _cancel_briefly(context, job)
    if job.is_active:
        return Target(job=job, state=cleared)
    yield Sleep(SETTLE_SECONDS)
    return None


def _cancel_briefly(context: SyncContext, job: Job) -> Effects[Job]:
    """Cancel a job without waiting long for its end: the wait for it repeats the cancellation."""
    try:
        job = yield from cancel_once(context, job.job_id)
    except ApiError as error:
        yield Log(str(error))
    return job


def count_rows(context: SyncContext, request: SyncRequest, job: Job) -> Effects[Job]:
    """Poll a job that succeeded a few more times, for the rows that `min_rows` needs."""
    for _ in range(_ROW_POLLS):
        if not lacks_rows(request, job):
            break
        yield Sleep(_ROW_PAUSE)
        try:
            job = yield from context.api.get(job.job_id)
        except ApiError as error:
            yield Log(str(error))
    return job


def _success_text(job: Job) -> str:
    parts = [moved_text(job.rows, job.bytes), "" if job.seconds is None else duration_text(job.seconds)]
    known = ", ".join(part for part in parts if part)
    return f"job {job.job_id} succeeded" + (f": {known}" if known else "")
