"""Remove one protection at a time and show which tests detect it: `python -m tests.faults.mutants`.

Each protection is removed from a copy of the package, on which its unit tests run: a few seconds each. With
`--matrix`, the matrix of faults runs too in the modes that a protection names: half a minute per mode.
Arguments select protections by parts of their names.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("dag_factory", "schemas", "tests", "docs", "pyproject.toml")
# The ends of test ids in the matrix, for pytest's -k.
SYNC, ASYNC, DEFERRED = "-sync]", "-async]", "deferrable]"
# One failure is enough to detect a removed protection, and the first comes within seconds.
MAX_FAILURES = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """A protection, and the change of one `file` of the package that removes it.

    `tests` names files in `tests` without `test_` and `.py`, optionally with a test in them. `modes` names
    the modes of the matrix that must detect it too.
    """

    protection: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    modes: tuple[str, ...] = ()


MUTANTS = (
    Mutant(
        protection="treating only a newer job in a response as ours",
        file="airbyte/sync/ownership.py",
        old="return answered.is_sync and answered.job_id > seen",
        new="return answered.is_sync",
        tests=("airbyte/sync/ownership",),
    ),
    Mutant(
        protection="treating only a sync in a response as ours",
        file="airbyte/sync/ownership.py",
        old="return answered.is_sync and answered.job_id > seen",
        new="return answered.job_id > seen",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="knowing that a 409 of a busy connection created nothing",
        file="airbyte/sync/ownership.py",
        old="    if error.is_busy:\n        return Fate.BUSY\n",
        new="",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="knowing that a rejected submission created nothing",
        file="airbyte/sync/ownership.py",
        old="return Fate.UNCERTAIN if error.may_have_acted else Fate.NOTHING_CREATED",
        new="return Fate.UNCERTAIN",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
    ),
    Mutant(
        protection="knowing that a lost submission may have created a job",
        file="airbyte/sync/ownership.py",
        old="return Fate.UNCERTAIN if error.may_have_acted else Fate.NOTHING_CREATED",
        new="return Fate.NOTHING_CREATED",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="choosing the oldest sync since a submission",
        file="airbyte/sync/ownership.py",
        old="oldest = min(newer",
        new="oldest = max(newer",
        tests=("airbyte/sync/ownership",),
    ),
    Mutant(
        protection="attributing only syncs to a submission",
        file="airbyte/sync/ownership.py",
        old="newer = (job for job in jobs if job.is_sync and job.job_id > seen)",
        new="newer = (job for job in jobs if job.job_id > seen)",
        tests=("airbyte/sync/ownership", "airbyte/sync/lifecycle"),
    ),
    Mutant(
        protection="attributing only later jobs to a submission",
        file="airbyte/sync/ownership.py",
        old="newer = (job for job in jobs if job.is_sync and job.job_id > seen)",
        new="newer = (job for job in jobs if job.is_sync)",
        tests=("airbyte/sync/ownership", "airbyte/sync/lifecycle"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="ignoring a job that was created too late for a submission",
        file="airbyte/sync/ownership.py",
        old="if oldest.created - submitted_at < MAX_SUBMISSION_SECONDS else None",
        new="",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
    ),
    Mutant(
        protection="treating only active jobs as in the way",
        file="airbyte/sync/ownership.py",
        old="(job for job in jobs if job.is_active)",
        new="jobs",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="recording jobs of every type as seen",
        file="airbyte/sync/ownership.py",
        old="return max((job.job_id for job in jobs), default=0)",
        new="return max((job.job_id for job in jobs if job.is_sync), default=0)",
        tests=("airbyte/sync/ownership", "airbyte/sync/submission"),
    ),
    Mutant(
        protection="submitting nothing while a job is active",
        file="airbyte/sync/submission.py",
        old="        if busy is not None:\n",
        new="        if False:\n",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="adopting a sync and nothing else",
        file="airbyte/sync/submission.py",
        old="role = Role.ADOPTED if job.is_sync else Role.BLOCKER",
        new="role = Role.ADOPTED",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="not claiming a job that is in the way",
        file="airbyte/sync/submission.py",
        old="role = Role.ADOPTED if job.is_sync else Role.BLOCKER",
        new="role = Role.OWN if job.is_sync else Role.BLOCKER",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="saving before a submission that it may create a job",
        file="airbyte/sync/submission.py",
        old="        yield SaveState(sent)\n",
        new="",
        tests=("airbyte/sync/submission", "airbyte/sync/lifecycle"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="saving whose job it is",
        file="airbyte/sync/submission.py",
        old="        yield SaveState(claimed)\n",
        new="",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="saving that a rejected submission created nothing",
        file="airbyte/sync/submission.py",
        old="        yield SaveState(state)\n        is_busy",
        new="        is_busy",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="searching for the job of a lost submission",
        file="airbyte/sync/submission.py",
        old=(
            "        found = yield from discover(self.context, state, self._patience())\n"
            "        if found is not None:"
        ),
        new="        found = None\n        if found is not None:",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="one limit for all lists of a search",
        file="airbyte/sync/submission.py",
        old="_list_after(context, state.seen or 0, deadline - context.clock())",
        new="_list_after(context, state.seen or 0, seconds)",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="searching for two minutes",
        file="airbyte/sync/submission.py",
        old="DISCOVERY_PAUSES = (0.0, 1.0, 3.0, 6.0, 10.0, 20.0, 30.0, 30.0, 30.0)",
        new="DISCOVERY_PAUSES = (0.0, 1.0)",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="not attributing a job that was too late for one submission to the next",
        file="airbyte/sync/submission.py",
        old="seen = max(newest_id(jobs), state.seen or 0)",
        new="seen = (state.seen or 0) if state.is_submitting else max(newest_id(jobs), state.seen or 0)",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="checking the connection after an unclear 409",
        file="airbyte/sync/submission.py",
        old="if error.status == 409:  #",
        new="if False:  #",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="rejecting an inactive connection",
        file="airbyte/sync/submission.py",
        old="    _refuse_if_not_syncing(context)\n    submission",
        new="    submission",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="applying on_running to a sync that begins just before a submission",
        file="airbyte/sync/submission.py",
        old="        if is_busy and not state.is_submitting:\n",
        new="        if False:\n",
        tests=("airbyte/sync/submission",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="accepting a conflict with the job of our own lost submission",
        file="airbyte/sync/submission.py",
        old="        if is_busy and not state.is_submitting:\n",
        new="        if is_busy:\n",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="ending a start after ten minutes",
        file="airbyte/sync/submission.py",
        old="return self.context.clock() - self.begun >= START_SECONDS",
        new="return False",
        tests=(
            "airbyte/sync/submission::test_a_rejected_submission_fails_at_once",
            (
                "airbyte/sync/submission::TestBusy::test_a_server_that_reports_busy_without_a_job_fails_after_ten_minutes"
            ),
        ),
    ),
    Mutant(
        protection="searching until the timeout for a job that may have been created",
        file="airbyte/sync/submission.py",
        old="return max(self.request.timeout - (self.context.clock() - self.begun), START_SECONDS)",
        new="return START_SECONDS",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="asking until the timeout for the job of an earlier try",
        file="airbyte/sync/lifecycle.py",
        old="seconds = max(request.timeout, START_SECONDS)",
        new="seconds = START_SECONDS",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="searching for the job of a killed task as long as one is cancelled",
        file="airbyte/sync/lifecycle.py",
        old="discover(context, state, CANCEL_SECONDS)",
        new="discover(context, state, START_SECONDS)",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="listing with retries while a job of ours may be running",
        file="airbyte/sync/submission.py",
        old="            permanent_seconds=context.api.access.give_up_after,\n",
        new="",
        tests=("airbyte/sync/ownership", "airbyte/sync/lifecycle", "airbyte/sync/submission"),
    ),
    Mutant(
        protection="resuming the job of the previous try",
        file="airbyte/sync/lifecycle.py",
        old="    job = yield from _previous_job(context, request, previous.state)\n",
        new="    job = None\n",
        tests=("airbyte/sync/lifecycle",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="identifying our own job by its id",
        file="airbyte/sync/lifecycle.py",
        old="    if state.job_id is not None and state.role is not Role.BLOCKER:\n",
        new="    if False:\n",
        tests=("airbyte/sync/lifecycle",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="not using the job in the way as the result of a retry",
        file="airbyte/sync/lifecycle.py",
        old="    if state.job_id is not None and state.role is not Role.BLOCKER:\n",
        new="    if state.job_id is not None:\n",
        tests=("airbyte/sync/lifecycle", "operators/operator"),
    ),
    Mutant(
        protection="replacing an unsuccessful job",
        file="airbyte/sync/lifecycle.py",
        old="    if is_failed and not previous.is_same_try:\n",
        new="    if False:\n",
        tests=("airbyte/sync/lifecycle",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="replacing a job whose end was reported",
        file="airbyte/sync/types.py",
        old="return self.state.is_reported or (",
        new="return (",
        tests=("airbyte/sync/lifecycle", "operators/task_state"),
        modes=(ASYNC,),
    ),
    Mutant(
        protection="syncing again after a clear",
        file="airbyte/sync/types.py",
        old="self.is_clear and self.state.is_done",
        new="False",
        tests=(
            "operators/task_state",
            "operators/operator",
            "operators/sensor",
            "operators/field_faults::TestClears",
        ),
    ),
    Mutant(
        protection="cancelling the job of a cleared task",
        file="airbyte/sync/lifecycle.py",
        old="    if job is None or not job.is_active or not is_own:\n",
        new="    if True:\n",
        tests=("airbyte/sync/lifecycle",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="cancelling only a cleared task's own job",
        file="airbyte/sync/lifecycle.py",
        old="    if job is None or not job.is_active or not is_own:\n",
        new="    if job is None or not job.is_active:\n",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="replacing a cancelled job that this try did not start",
        file="airbyte/sync/lifecycle.py",
        old="return is_foreign and not ended.state.is_replaced and ended.job.status == CANCELLED",
        new="return False",
        tests=("airbyte/sync/lifecycle",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="replacing it once",
        file="airbyte/sync/lifecycle.py",
        old="return is_foreign and not ended.state.is_replaced and ended.job.status == CANCELLED",
        new="return is_foreign and ended.job.status == CANCELLED",
        tests=("airbyte/sync/lifecycle::TestIsFollowed", "airbyte/sync/lifecycle::TestFollow"),
    ),
    Mutant(
        protection="syncing after a job that was in the way",
        file="airbyte/sync/lifecycle.py",
        old="    if ended.role in (Role.BLOCKER, Role.CLEARED):\n        return True\n",
        new="",
        tests=("airbyte/sync/lifecycle",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="undoing only the task's own job",
        file="airbyte/sync/lifecycle.py",
        old="    if state.may_cancel and state.job_id is not None:\n        return (yield",
        new="    if state.job_id is not None:\n        return (yield",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="undoing a pending submission",
        file="airbyte/sync/lifecycle.py",
        old=(
            "(yield from discover(context, state, CANCEL_SECONDS)) if state.is_submitting else None\n    "
            "return None if found is None else (yield"
        ),
        new="None\n    return None if found is None else (yield",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="saving that a failure was reported",
        file="airbyte/sync/lifecycle.py",
        old="        yield SaveState(replace(ended.state, is_reported=True))\n",
        new="",
        tests=("airbyte/sync/lifecycle",),
        modes=(ASYNC,),
    ),
    Mutant(
        protection="waiting for rows that are counted late",
        file="airbyte/sync/lifecycle.py",
        old="_ROW_POLLS, _ROW_PAUSE = 3, 5.0",
        new="_ROW_POLLS, _ROW_PAUSE = 0, 5.0",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="not treating uncounted rows as zero",
        file="airbyte/sync/lifecycle.py",
        old=("request.min_rows is not None and job.rows is not None and job.rows < request.min_rows"),
        new="request.min_rows is not None and (job.rows or 0) < request.min_rows",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="polling our own job while a proxy restarts",
        file="airbyte/sync/lifecycle.py",
        old="                permanent_seconds=context.api.access.give_up_after,\n",
        new="",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="polling once more at the timeout",
        file="airbyte/sync/polling.py",
        old="        is_last = context.clock() >= deadline\n        job, pause",
        new=(
            "        if context.clock() >= deadline:\n            return (yield from "
            "time_out(context, request, target))\n        is_last = False\n        job, pause"
        ),
        tests=("airbyte/sync/polling",),
        modes=(DEFERRED,),
    ),
    Mutant(
        protection="tolerating permanent errors for a while",
        file="airbyte/sync/polling.py",
        old="elif now - self._permanent_since >= self._context.api.access.give_up_after:",
        new="elif True:",
        tests=("airbyte/sync/polling",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="ending the wait if they persist",
        file="airbyte/sync/polling.py",
        old="            raise SyncError(failure.text)\n",
        new="            pass\n",
        tests=(("airbyte/sync/polling::TestWait::test_permanent_errors_end_the_wait_after_give_up_after"),),
    ),
    Mutant(
        protection="not cancelling an ended job",
        file="airbyte/sync/polling.py",
        old="return (yield from context.api.cancel(job_id)) if job.is_active else job",
        new="return (yield from context.api.cancel(job_id))",
        tests=("airbyte/sync/polling",),
    ),
    Mutant(
        protection="confirming that a cancelled job has ended",
        file="airbyte/sync/polling.py",
        old=(
            "            if not job.is_active:\n                yield Log(text)\n                return job\n"
        ),
        new="            return job\n",
        tests=("airbyte/sync/polling",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="cancelling for longer than a back-off",
        file="airbyte/sync/polling.py",
        old="CANCEL_SECONDS = 2700.0",
        new="CANCEL_SECONDS = 120.0",
        tests=("airbyte/sync/polling",),
    ),
    Mutant(
        protection="cancelling nobody else's job at the timeout",
        file="airbyte/sync/polling.py",
        old='return target.role is Role.OWN and request.on_timeout == "cancel"',
        new='return request.on_timeout == "cancel"',
        tests=("airbyte/sync/polling",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="on_timeout: leave",
        file="airbyte/sync/polling.py",
        old='return target.role is Role.OWN and request.on_timeout == "cancel"',
        new="return target.role is Role.OWN",
        tests=("airbyte/sync/polling",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="a success just before the cancellation",
        file="airbyte/sync/polling.py",
        old="    if job.status == SUCCEEDED:\n        return job\n",
        new="",
        tests=("airbyte/sync/polling",),
    ),
    Mutant(
        protection="polling a job of a cleared try until it is cancelled",
        file="airbyte/sync/polling.py",
        old='target.role is Role.CLEARED and request.on_kill == "cancel"',
        new="False",
        tests=("airbyte/sync/polling",),
    ),
    Mutant(
        protection="never pausing for a negative time",
        file="airbyte/sync/polling.py",
        old="yield Sleep(max(min(pause, deadline - context.clock()), 0.0))",
        new="yield Sleep(pause)",
        tests=("airbyte/sync/polling",),
    ),
    Mutant(
        protection="respecting Retry-After",
        file="airbyte/sync/retries.py",
        old="    if error.retry_after is not None:\n",
        new="    if False:\n",
        tests=("airbyte/sync/retries", "airbyte/drivers"),
    ),
    Mutant(
        protection="backing off from a struggling server",
        file="airbyte/sync/retries.py",
        old="2.0 ** min(failures, 10)",
        new="0.1",
        tests=("airbyte/sync/retries", "airbyte/sync/polling::TestWait"),
    ),
    Mutant(
        protection="treating every unknown status as active",
        file="airbyte/api/model.py",
        old="return self.status not in FINAL",
        new='return self.status in ("pending", "running", "incomplete", UNKNOWN)',
        tests=("airbyte/api/model", "airbyte/sync/polling"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="ignoring case in enumerations",
        file="airbyte/api/model.py",
        old="printable(value, _MAX_NAME_LENGTH).lower()",
        new="printable(value, _MAX_NAME_LENGTH)",
        tests=("airbyte/api/model",),
    ),
    Mutant(
        protection="rejecting an invalid id",
        file="airbyte/api/model.py",
        old="if number is None or not 0 < number <= _MAX_ID:",
        new="if number is None:",
        tests=("airbyte/api/model",),
    ),
    Mutant(
        protection="fetching a new token after a 401",
        file="airbyte/api/calls.py",
        old="if response.status == 401 and token is not None:",
        new="if False:",
        tests=("airbyte/api/calls",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="rejecting a response with another job",
        file="airbyte/api/calls.py",
        old="        if job.job_id != job_id:\n",
        new="        if False:\n",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="rejecting a response with another connection's job",
        file="airbyte/api/calls.py",
        old="        if job.connection_id != connection_id:\n",
        new="        if False:\n",
        tests=("airbyte/api/calls", "airbyte/sync/submission"),
    ),
    Mutant(
        protection="reading a list that is not newest first to its end",
        file="airbyte/api/calls.py",
        old="is_sorted = all(one > other for one, other in itertools.pairwise(ids))",
        new="is_sorted = True",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="ignoring other connections' jobs",
        file="airbyte/api/calls.py",
        old="own = (job for job in found.values() if job.connection_id == connection_id)",
        new="own = found.values()",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="listing without an order if it is rejected",
        file="airbyte/api/calls.py",
        old="            if error.status not in _ORDER_REFUSED:\n",
        new="            if True:\n",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="knowing that a call without a token was not sent",
        file="airbyte/api/calls.py",
        old="            raise _before_the_call(error) from None\n",
        new="            raise\n",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="knowing that a gateway's error does not reveal the call's fate",
        file="airbyte/api/calls.py",
        old="may_have_acted=status >= 500 or status in (408, 409),",
        new="may_have_acted=False,",
        tests=("airbyte/api/calls", "airbyte/sync/submission"),
        modes=(SYNC,),
    ),
    Mutant(
        protection="retrying unreadable responses",
        file="airbyte/api/calls.py",
        old="raise UnreadableError(self._clean(text), may_have_acted=True) from None",
        new="raise UnreadableError(self._clean(text)) from None",
        tests=("airbyte/api/calls",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="parsing any response",
        file="airbyte/api/calls.py",
        old=(
            "_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, "
            "ArithmeticError, RecursionError)"
        ),
        new="_UNREADABLE = (ValueError, TypeError, LookupError)",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="redacting secrets",
        file="airbyte/api/calls.py",
        old='                text = text.replace(secret, "***")\n',
        new="                pass\n",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="distinguishing a missing token endpoint from a missing job",
        file="airbyte/api/calls.py",
        old="        is_about_token=True,\n",
        new="",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="sharing the response to a token request",
        file="airbyte/http/shared_clients.py",
        old="(self._share(request) if request.is_shareable else self._send(request))",
        new="self._send(request)",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="not letting a cancelled caller end the token request of others",
        file="airbyte/http/shared_clients.py",
        old=(
            "task = self._shared[request.url] = asyncio.ensure_future(self._send(request))\n  "
            "      # A user who stops waiting must not cancel it for the others.\n        return "
            "await asyncio.shield(task)"
        ),
        new=(
            "task = self._shared[request.url] = asyncio.ensure_future(self._send(request))\n  "
            "      return await task"
        ),
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="redacting secrets before a text is truncated",
        file="airbyte/api/responses.py",
        old="printable(clean(str(said))[:2000], 300)",
        new="clean(printable(str(said)[:2000], 300))",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="hiding the user in a redirect's URL",
        file="airbyte/api/responses.py",
        old='bare = parts.netloc.rpartition("@")[2]',
        new="bare = parts.netloc",
        tests=("airbyte/api/responses", "airbyte/api/calls"),
    ),
    Mutant(
        protection="parsing a date without a zone",
        file="airbyte/api/responses.py",
        old="return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)",
        new="return moment",
        tests=("airbyte/api/responses",),
    ),
    Mutant(
        protection="rejecting a token that is invalid in a header",
        file="airbyte/api/tokens.py",
        old='    if not all("!" <= character <= "~" for character in value):\n',
        new="    if False:\n",
        tests=("airbyte/api/tokens", "airbyte/api/calls"),
    ),
    Mutant(
        protection="accepting any lifetime of a token",
        file="airbyte/api/tokens.py",
        old="    except (ValueError, OverflowError):\n        return _DEFAULT_LIFETIME\n",
        new="    except OverflowError:\n        return _DEFAULT_LIFETIME\n",
        tests=("airbyte/api/tokens", "airbyte/api/calls"),
    ),
    Mutant(
        protection="never dropping a newer token",
        file="airbyte/api/tokens.py",
        old="        if self._token == token:\n",
        new="        if True:\n",
        tests=("airbyte/api/tokens",),
    ),
    Mutant(
        protection="recognising passwords in any encoding",
        file="airbyte/api/access.py",
        old="return (password, unquote(password))",
        new="return (password,)",
        tests=("airbyte/api/calls",),
    ),
    Mutant(
        protection="not following redirects",
        file="airbyte/http/client.py",
        old='"follow_redirects": False',
        new='"follow_redirects": True',
        tests=("airbyte/http/client",),
    ),
    Mutant(
        protection="one time limit for a whole call",
        file="airbyte/http/client.py",
        old="async with asyncio.timeout(self._timeout):",
        new="async with asyncio.timeout(None):",
        tests=("airbyte/http/client::test_a_dripping_server_gets_no_more_than_the_timeout",),
    ),
    Mutant(
        protection="a limit for a body",
        file="airbyte/http/client.py",
        old="if len(content) > MAX_BODY_BYTES:",
        new="if len(content) > 1000 * MAX_BODY_BYTES:",
        tests=("airbyte/http/client::test_a_body_is_read_up_to_a_limit",),
    ),
    Mutant(
        protection="knowing what was never sent",
        file="airbyte/http/client.py",
        old="was_sent = not isinstance(error, _NEVER_SENT)",
        new="was_sent = True",
        tests=("airbyte/http/client",),
    ),
    Mutant(
        protection="knowing what was sent",
        file="airbyte/http/client.py",
        old="was_sent = not isinstance(error, _NEVER_SENT)",
        new="was_sent = False",
        tests=("airbyte/http/client",),
    ),
    Mutant(
        protection="quoting no header that could not be sent",
        file="airbyte/http/client.py",
        old="isinstance(error, httpx.LocalProtocolError | httpx.DecodingError)",
        new="False",
        tests=("airbyte/http/client",),
    ),
    Mutant(
        protection="rejecting an invalid URL permanently",
        file="airbyte/http/client.py",
        old=(
            'message = "the host is not a URL"\n            raise TransportError(message, '
            "was_sent=False, is_permanent=True) from None"
        ),
        new=(
            'message = "the host is not a URL"\n            raise TransportError(message, '
            "was_sent=False) from None"
        ),
        tests=("airbyte/http/client",),
    ),
    Mutant(
        protection="rejecting an unusable proxy",
        file="airbyte/http/client.py",
        old="        scheme = httpx.Proxy(url).url.scheme  # type: ignore[arg-type]\n",
        new='        scheme = "http"\n',
        tests=("airbyte/http/client", "operators/airflow_connection"),
    ),
    Mutant(
        protection="at most eight sockets",
        file="airbyte/http/shared_clients.py",
        old="self._slots = asyncio.Semaphore(MAX_SOCKETS)",
        new="self._slots = asyncio.Semaphore(1000)",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="at most fifty calls a second",
        file="airbyte/http/shared_clients.py",
        old="        await self._turn()\n",
        new="",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="sharing a client",
        file="airbyte/http/shared_clients.py",
        old="    client = clients.get(access)\n",
        new="    client = None\n",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="closing a client with its last user",
        file="airbyte/http/shared_clients.py",
        old="            await client.aclose()\n",
        new="            pass\n",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="not caching a failed lookup",
        file="airbyte/http/shared_clients.py",
        old=" or (task.done() and _has_failed(task))",
        new="",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="not ending a lookup that others wait for",
        file="airbyte/http/shared_clients.py",
        old=(
            "lookups[conn_id] = (now, task)\n    # A user who stops waiting must not cancel it "
            "for the others.\n    return await asyncio.shield(task)"
        ),
        new="lookups[conn_id] = (now, task)\n    return await task",
        tests=("airbyte/http/shared_clients",),
    ),
    Mutant(
        protection="distinguishing a clear from a retry",
        file="operators/task_state.py",
        old="found.max_tries == self._ti.max_tries",
        new="True",
        tests=("operators/task_state",),
        modes=(SYNC,),
    ),
    Mutant(
        protection="distinguishing a partner's record from the task's own",
        file="operators/task_state.py",
        old="is_retry = found.task_id == self._ti.task_id and",
        new="is_retry =",
        tests=("operators/task_state",),
    ),
    Mutant(
        protection="remembering a job that a stale list does not show",
        file="airbyte/sync/submission.py",
        old="max(newest_id(jobs), state.seen or 0)",
        new="newest_id(jobs)",
        tests=("airbyte/sync/lifecycle",),
    ),
    Mutant(
        protection="saving the record with both tasks",
        file="operators/task_state.py",
        old="for task_id in self._written:",
        new="for task_id in self._written[:1]:",
        tests=("operators/task_state", "operators/sensor"),
        modes=(ASYNC,),
    ),
    Mutant(
        protection="deleting the Variable of a failed sync",
        file="operators/task_state.py",
        old="if state.is_reported or not (",
        new="if not (",
        tests=("operators/task_state",),
    ),
    Mutant(
        protection="keeping the Variable until the success is recorded",
        file="operators/task_state.py",
        old="            return  # `delete_variable` follows",
        new="            return versions.delete_variable(self._key)  # `delete_variable` follows",
        tests=("operators/task_state", "operators/field_faults"),
    ),
    Mutant(
        protection="deleting the Variable after the success",
        file="operators/operator.py",
        old='(kwargs.get("on_success_callback")), delete_variable]',
        new='(kwargs.get("on_success_callback"))]',
        tests=("operators/field_faults",),
    ),
    Mutant(
        protection="keeping the records of runs separate",
        file="operators/task_state.py",
        old='f"{ti.dag_id} {ti.run_id} {ti.task_id} {ti.map_index}"',
        new='f"{ti.dag_id} {ti.task_id} {ti.map_index}"',
        tests=("operators/task_state",),
    ),
    Mutant(
        protection="saving that a sync has succeeded",
        file="operators/task_state.py",
        old="self.update(state=replace(self.record.state, is_done=True))",
        new="pass",
        tests=("operators/task_state", "operators/operator"),
    ),
    Mutant(
        protection="starting nothing after a kill",
        file="operators/task_try.py",
        old="        if self._is_killed:\n",
        new="        if False:\n",
        tests=("operators/task_try",),
    ),
    Mutant(
        protection="cancelling on a kill only the task's own job",
        file="operators/task_try.py",
        old="not (state.may_cancel or state.is_submitting)",
        new="False",
        tests=("operators/task_try",),
    ),
    Mutant(
        protection="checking the result of a template",
        file="operators/sync_task.py",
        old="            return str(uuid.UUID(text))\n",
        new="            return text\n",
        tests=("operators/sync_task",),
    ),
    Mutant(
        protection="starting over if an event is of an earlier try",
        file="operators/sync_task.py",
        old='return bool(kept.get("try_number", number) != number)',
        new="return False",
        tests=("operators/sync_task",),
    ),
    Mutant(
        protection="tolerating an unavailable Airflow connection",
        file="operators/sensor.py",
        old="        if error is not None:\n            return PollFailure",
        new="        if error is None:\n            return PollFailure",
        tests=("operators/field_faults::TestOrphans",),
    ),
    Mutant(
        protection="reporting that there is no job to wait for",
        file="operators/sensor.py",
        old="        if text.isdecimal():\n",
        new="        if True:\n",
        tests=("operators/field_faults::TestNoJobId",),
    ),
    Mutant(
        protection="not being due before Airflow has recorded the reschedule",
        file="operators/sensor.py",
        old="return max(pause, rescheduling.shortest_reschedule()) if self.reschedule else pause",
        new="return pause",
        tests=("operators/sensor",),
    ),
    Mutant(
        protection="checking whether a task is still deferred",
        file="operators/trigger.py",
        old='return state == "deferred"',
        new="return False",
        tests=("operators/trigger",),
    ),
    Mutant(
        protection="not moving the bound of an uncertain submission with one that created nothing",
        file="airbyte/sync/submission.py",
        old="(yield from self._after_refusal(error, state, step_number))",
        new="(yield from self._after_refusal(error, sent, step_number))",
        tests=("airbyte/sync/submission",),
    ),
    Mutant(
        protection="cancelling at the timeout once the Airflow connection is available again",
        file="operators/sensor.py",
        old="        if self._access_error(task_try) is not None:  #",
        new="        if False:  #",
        tests=("operators/field_faults::TestOrphans",),
    ),
    Mutant(
        protection="retrying the Airflow connection past the timeout of a job to cancel",
        file="operators/trigger.py",
        old="(CANCEL_SECONDS if cancels else 0.0)",
        new="0.0",
        tests=("operators/field_faults::TestOrphans",),
    ),
    Mutant(
        protection="retrying the Airflow connection when a deferred task resumes",
        file="operators/sync_task.py",
        old="self._access_with_retries if is_resumed else self._access",
        new="self._access",
        tests=("operators/field_faults::TestOrphans",),
    ),
    Mutant(
        protection="retrying the lookup of the Airflow connection",
        file="operators/trigger.py",
        old="            if clock.SYSTEM_CLOCK.now() >= deadline:\n                raise SyncError(text)\n",
        new="            raise SyncError(text)\n",
        tests=("operators/trigger",),
    ),
    Mutant(
        protection="not firing before the task may run again",
        file="operators/trigger.py",
        old="            await self._settle_deferral(begun)\n",
        new="",
        tests=("operators/trigger",),
    ),
    Mutant(
        protection="continuing a cancellation that is itself cancelled",
        file="operators/trigger.py",
        old="await asyncio.shield(task)",
        new="await task",
        tests=("operators/trigger",),
    ),
)


def main(words: list[str]) -> None:
    """Print a line per protection, with the tests that fail without it."""
    has_matrix = "--matrix" in words
    chosen = [word for word in words if word != "--matrix"]
    unnoticed = 0
    for mutant in MUTANTS:
        if not chosen or any(word in mutant.protection for word in chosen):
            red = failures(mutant, has_matrix=has_matrix)
            unnoticed += not red
            names = "\n".join(f"    {name}" for name in red) or "    NOTHING NOTICES"
            sys.stdout.write(f"{mutant.protection}: {len(red)} red\n{names}\n")
            sys.stdout.flush()
    sys.exit(1 if unnoticed else 0)


def failures(mutant: Mutant, *, has_matrix: bool) -> list[str]:
    """Run the tests without a protection and return the names of those that fail."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        mutate(copy / "dag_factory" / mutant.file, mutant)
        red = run_tests(copy, [path_of(name) for name in mutant.tests])
        if has_matrix and mutant.modes:
            chosen = f"-k={' or '.join(mutant.modes)}"
            red += run_tests(copy, ["tests/faults/test_matrix.py", chosen])
    return red


def path_of(name: str) -> str:
    """Return the path of a test that a mutant names."""
    module, _, test = name.partition("::")
    path = Path("tests", module)
    return str(path.with_name(f"test_{path.name}.py")) + (f"::{test}" if test else "")


def run_tests(folder: Path, chosen: list[str]) -> list[str]:
    """Run tests in a copy and return the name of the first that fails."""
    options = ["-q", "--tb=no", "-rfE", "--show-capture=no", "--timeout=120", f"--maxfail={MAX_FAILURES}"]
    command = [sys.executable, "-m", "pytest", *options, *chosen]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return re.findall(r"^(?:FAILED|ERROR) \S+?::(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)


def mutate(path: Path, mutant: Mutant) -> None:
    """Change the file, which must contain the old text exactly once."""
    text = path.read_text("utf-8")
    assert text.count(mutant.old) == 1, mutant.protection
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
