"""The protocol of one sync: start it once, wait for it, cancel it for certain.

Every function is a generator over `exchange`: it decides, and leaves the doing to a driver. A job is active
in every status but the three final ones, also in one that nobody knows yet. One try of a task never makes
two jobs: what came to no clear answer is looked for among the connection's jobs before it is tried again.
Ids of jobs only grow, so a job with a greater id than the newest before (`seen`) was made since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from dag_factory.airbyte.errors import ApiError, JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.exchange import Pause, Protocol, Remember, Say
from dag_factory.airbyte.model import CANCELLED, SUCCEEDED, UNSEEN, Job
from dag_factory.airbyte.terms import Earlier, Means, Started, Unanswered, Wanted

T = TypeVar("T")

# How long a start is tried, and a cancellation repeated, in seconds.
START_SECONDS = 600.0
CANCEL_SECONDS = 120.0
# The longest pause between two attempts of a call that fails, in seconds.
LONGEST_PAUSE = 60.0
# So many answers in a row that no waiting can change (401, 403, 404, ...) end the waiting.
STUBBORN_ANSWERS = 5
# A server can take a minute to make a job that it was asked for: so long it is looked for, in seconds.
LOOKS = (0.0, 1.0, 3.0, 6.0, 10.0, 20.0, 30.0)


def start(means: Means, wanted: Wanted) -> Protocol[Started]:
    """Start a sync, or take the one that runs already as `on_running` says.

    Raises SyncError with what to do, SyncSkipped, or ApiError where Airbyte does not answer.
    """
    newest = yield from _patiently(means, lambda: means.api.newest(wanted.connection_id))
    active = next((job for job in newest if job.is_active), None)
    if active is not None:
        return (yield from _meet(active, wanted))
    return (yield from _submit(means, wanted.connection_id, newest[0].job_id if newest else 0))


def resume(means: Means, wanted: Wanted, earlier: Earlier) -> Protocol[Started | None]:
    """Find the job that an earlier try has started and nobody has judged; None if a new one is due.

    An active one is ours whatever `on_running` says. One that has ended well is the result; one that has
    not is left behind.
    """
    newest = yield from _patiently(means, lambda: means.api.newest(wanted.connection_id))
    since = _beginning(means.api.server_time, earlier.age)
    found = next((job for job in newest if _is_of_earlier_try(job, earlier.seen, since)), None)
    if found is None or found.job_id == earlier.judged:
        return None
    if not found.is_active and fault(found, wanted) is not None:
        return None
    yield Say(f"job {found.job_id} was started by an earlier try: going on with it")
    if found.job_id == earlier.adopted:
        return Started(job=found, is_ours=False)
    yield Remember(facts={"job": found.job_id})
    return Started(job=found, is_ours=True, is_inherited=True)


def wait(means: Means, wanted: Wanted, started: Started) -> Protocol[Job]:
    """Wait until a job has ended, for as long as `timeout` allows, counted from the call.

    Raises JobTimedOutError, after the job was cancelled if that is wanted, and SyncError where the job
    cannot be asked for.
    """
    job_id = started.job.job_id
    deadline = means.clock() + wanted.timeout
    failures = stubborn = 0
    job = started.job
    pause = 0.0 if job.status == UNSEEN else means.spread(wanted.wait_seconds)
    while job.is_active:
        if means.clock() >= deadline:
            return (yield from time_out(means, wanted, started))
        yield Pause(min(pause, deadline - means.clock()))
        try:
            job = yield from means.api.get(job_id)
            failures = stubborn = 0
            pause = means.spread(wanted.wait_seconds)
        except ApiError as error:
            failures += 1
            stubborn += not error.is_passing
            if stubborn >= STUBBORN_ANSWERS:
                raise SyncError(str(error)) from error
            pause = _pause_after(error, failures, means)
            yield Say(f"{error}; asking again in {pause:.0f} seconds")
    return job


def look(means: Means, job_id: int, failures: int) -> Protocol[Job | Unanswered]:
    """Ask for a job once, where `failures` looks in a row before have come to nothing."""
    try:
        return (yield from means.api.get(job_id))
    except ApiError as error:
        pause = _pause_after(error, failures + 1, means)
        return Unanswered(text=str(error), pause=pause, is_stubborn=not error.is_passing)


def cancel(means: Means, job_id: int) -> Protocol[Job]:
    """Cancel a job and see that it is cancelled; one that has ended is left as it is.

    The server cancels what the connection runs now, so the job is looked at before each call; and it
    ignores a cancellation between two attempts of a job, so the call is repeated. Raises SyncError if the
    job is still active at the end.
    """
    deadline = means.clock() + CANCEL_SECONDS
    for number in _numbers():
        try:
            job = yield from means.api.get(job_id)
            if job.is_active:
                job = yield from means.api.cancel(job_id)
            yield Say(f"job {job_id} is {job.status}")
            if not job.is_active:
                return job
        except ApiError as error:
            yield Say(str(error))
        if means.clock() >= deadline:
            break
        yield Pause(min(float(number), 5.0))
    message = f"job {job_id} could not be cancelled within {CANCEL_SECONDS:.0f} seconds: cancel it in Airbyte"
    raise SyncError(message)


def fault(job: Job, wanted: Wanted) -> str | None:
    """Say why an ended job is no success of this sync; None if it is one."""
    if job.status != SUCCEEDED:
        return f"Airbyte job {job.job_id} of connection {job.connection_id} {_ended(job)}"
    if wanted.min_rows is not None and (job.rows or 0) < wanted.min_rows:
        return f"Airbyte job {job.job_id} moved {job.rows or 0} rows, fewer than min_rows {wanted.min_rows}"
    return None


def begin(means: Means, wanted: Wanted, earlier: Earlier | None) -> Protocol[Started]:
    """Find the job of an earlier try, or start one; raises as `start` does."""
    found = None if earlier is None else (yield from resume(means, wanted, earlier))
    return found if found is not None else (yield from start(means, wanted))


def complete(means: Means, wanted: Wanted, started: Started) -> Protocol[Job]:
    """Wait for a job and return the one that succeeded; raises as `wait` and `judge` do."""
    job = yield from wait(means, wanted, started)
    instead = yield from replace_adopted(means, wanted, started, job)
    if instead is not None:
        job = yield from wait(means, wanted, instead)
    return (yield from judge(wanted, job))


def replace_adopted(means: Means, wanted: Wanted, started: Started, job: Job) -> Protocol[Started | None]:
    """Start a sync in place of one that this try has not started and that was cancelled; else None.

    The job of an earlier try can be found just while that one, which was killed, cancels it. To be called
    once in a try, so that no person who cancels again and again is fought.
    """
    is_own = started.is_ours and not started.is_inherited
    if is_own or job.status != CANCELLED:
        return None
    yield Say(f"job {job.job_id}, which this try did not start, was cancelled: starting one of its own")
    return (yield from start(means, wanted))


def judge(wanted: Wanted, job: Job) -> Protocol[Job]:
    """Give an ended job as the result, and keep that it was; raises JobEndedError where it is no success."""
    yield Remember(facts={"judged": job.job_id})
    reason = fault(job, wanted)
    if reason is not None:
        raise JobEndedError(reason)
    return job


def undo(means: Means, connection_id: str, facts: Mapping[str, int]) -> Protocol[Job | None]:
    """Cancel what one try has remembered to have started; None if there is nothing.

    Also a job whose submission was under way: it is looked for. A job that was adopted is left.
    """
    job_id = facts.get("job")
    if job_id is None and "seen" in facts and "adopted" not in facts:
        found = yield from _look(means, connection_id, facts["seen"], LOOKS)
        job_id = None if found is None else found.job_id
    return None if job_id is None else (yield from cancel(means, job_id))


def _meet(active: Job, wanted: Wanted) -> Protocol[Started]:
    told = f"connection {wanted.connection_id} is syncing already: job {active.job_id} is {active.status}"
    if wanted.on_running == "fail":
        raise SyncError(told)
    if wanted.on_running == "skip":
        raise SyncSkipped(told)
    yield Say(f"{told}; waiting for it")
    yield Remember(facts={"seen": active.job_id - 1, "adopted": active.job_id}, is_start=True)
    return Started(job=active, is_ours=False)


def _submit(means: Means, connection_id: str, seen: int) -> Protocol[Started]:
    """Submit until there is a job that was not there before."""
    yield Remember(facts={"seen": seen}, is_start=True)
    deadline = means.clock() + START_SECONDS
    for failures in _numbers():
        try:
            job = yield from means.api.submit(connection_id)
            yield Remember(facts={"job": job.job_id})
            return Started(job=job, is_ours=job.job_id > seen)
        except ApiError as error:
            yield Say(f"{error}; looking whether a job was made")
            may_come = error.was_done or error.status == 409
            found = yield from _look(means, connection_id, seen, LOOKS if may_come else LOOKS[:1])
            if found is not None:
                yield Say(f"job {found.job_id} was not there before: it is ours")
                yield Remember(facts={"job": found.job_id})
                return Started(job=found, is_ours=True)
            if means.clock() >= deadline or not (error.is_passing or _is_busy(error)):
                raise SyncError(_refusal(error, connection_id)) from error
            yield Pause(_pause_after(error, failures, means))
    raise AssertionError  # the numbers have no end


def _look(means: Means, connection_id: str, seen: int, delays: Iterable[float]) -> Protocol[Job | None]:
    """Look for a job that is newer than `seen`, once after each delay."""
    for delay in delays:
        if delay:
            yield Pause(delay)
        newest = yield from _patiently(means, lambda: means.api.newest(connection_id, limit=5))
        found = next((job for job in newest if job.job_id > seen), None)
        if found is not None:
            return found
    return None


def time_out(means: Means, wanted: Wanted, started: Started) -> Protocol[Job]:
    """End the wait for a job that took too long; gives the job if it has succeeded just now.

    Raises JobTimedOutError, after the job was cancelled if that is wanted, and SyncError if it cannot be.
    """
    job_id = started.job.job_id
    told = f"job {job_id} was still active after {wanted.timeout:.0f} seconds"
    if wanted.on_timeout == "leave" or not started.is_ours:
        why = "on_timeout is leave" if started.is_ours else "this task did not start it"
        message = f"{told}; it goes on, since {why}"
        raise JobTimedOutError(message)
    job = yield from cancel(means, job_id)
    if job.status == SUCCEEDED:
        return job
    yield Remember(facts={"judged": job_id})
    message = f"{told}; it is {job.status} now"
    raise JobTimedOutError(message)


def _patiently(means: Means, call: Callable[[], Protocol[T]]) -> Protocol[T]:
    """Repeat a call without effects while waiting may help. Raises the ApiError that stays."""
    deadline = means.clock() + START_SECONDS
    for failures in _numbers():
        try:
            return (yield from call())
        except ApiError as error:
            if not error.is_passing or means.clock() >= deadline:
                raise
            pause = _pause_after(error, failures, means)
            yield Say(f"{error}; asking again in {pause:.0f} seconds")
            yield Pause(pause)
    raise AssertionError  # the numbers have no end


def _pause_after(error: ApiError, failures: int, means: Means) -> float:
    """How long to leave a server alone that did not answer well: what it asks for, else ever longer."""
    if error.retry_after is not None:
        return means.spread(min(error.retry_after, 10 * LONGEST_PAUSE))
    return means.spread(min(2.0 ** min(failures, 10), LONGEST_PAUSE))


def _beginning(server_time: datetime | None, age: float | None) -> datetime | None:
    """When the run began on the server's clock, which tells whole seconds."""
    if server_time is None or age is None:
        return None
    return server_time - timedelta(seconds=age + 2)


def _is_of_earlier_try(job: Job, seen: int | None, since: datetime | None) -> bool:
    if seen is not None:
        return job.job_id > seen
    return since is not None and job.created is not None and job.created >= since


def _is_busy(error: ApiError) -> bool:
    """Whether the connection was busy with a job that is not to be seen, such as a reset."""
    return error.status == 409 and "already running" in error.detail


def _refusal(error: ApiError, connection_id: str) -> str:
    if error.status != 409:
        return str(error)
    return f"{error}; see in Airbyte whether connection {connection_id} is enabled"


def _ended(job: Job) -> str:
    return "was cancelled" if job.status == CANCELLED else job.status


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number
