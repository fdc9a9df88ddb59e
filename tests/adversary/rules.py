"""Check the result of a history against the guarantees, using the ground truth that only the models know.

Each rule yields one line per violation. Unavoidable violations are counted by name instead: an *exclusion* is
a case where the API does not reveal the truth, a *hole* is a case where Airflow runs none of our code or does
not report what happened. Each is defined as narrowly as possible; the counts show how much they hide.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred

from tests.adversary.airbyte_model import Delete, Job, Post
from tests.adversary.airflow_model import Actor, AirflowRescheduleException, Report, Run, Task
from tests.adversary.network import Call, route_of
from tests.adversary.world import REST, SECRET, World

ALLOWED = (AirflowException, TaskDeferred, AirflowRescheduleException)
# How long after an uncertain submission a job may be attributed to it, in seconds.
SUBMISSION_SECONDS = 300.0
MAX_CALLS = 1500
# How long a cancellation is repeated, and how long the job of a killed task is searched for, in seconds.
CANCEL_SECONDS = 2600.0
DISCOVERY_SECONDS = 125.0
# Within how many seconds a triggerer is notified that a task has ended.
NOTICE_SECONDS = 2.0
# How long an unexplained response is treated as a restarting proxy, in seconds.
DENIAL_SECONDS = 540.0


@dataclass(kw_only=True, slots=True)
class Verdict:
    """The findings about one history."""

    violations: list[str] = field(default_factory=list)
    exclusions: Counter[str] = field(default_factory=Counter)
    holes: Counter[str] = field(default_factory=Counter)


class Checker:
    """Checks one finished history."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.verdict = Verdict()
        self._jobs = list(world.airbyte.jobs.values())
        self._posts = [call for call in world.network.calls if call.method == "POST" and _is_jobs(call)]

    def check(self) -> Verdict:
        """Apply all rules and return the verdict."""
        rules = (
            self._one_job_per_try,
            self._one_success_per_run,
            self._deletes,
            self._needless_deletes,
            self._successes,
            self._failures,
            self._orphans,
            self._waits_for_others,
            self._exceptions,
            self._leaks,
            self._variables,
            self._ends,
            self._plain_run,
        )
        for rule in rules:
            self.verdict.violations += rule()
        return self.verdict

    # Ownership of jobs.

    def _made_by(self, run: Run) -> list[Job]:
        """Return the jobs that submissions of a run created."""
        return [
            job for job in self._jobs if any(_made(post, job) and _run_of(post) is run for post in job.posts)
        ]

    def _is_of(self, run: Run, job: Job) -> bool:
        """Whether a submission of a run created a job or was answered with it."""
        return any(_run_of(post) is run for post in job.posts)

    def _is_only_of(self, run: Run, job: Job) -> bool:
        return bool(job.posts) and all(_run_of(post) is run for post in job.posts)

    def _is_excused(self, run: Run, job: Job) -> bool:
        """Whether somebody else's job is indistinguishable from that of an uncertain submission of the run.

        Such a job is the first sync since the last list that the sender could read before a submission
        without a clear response, and the submission's own job, if any, was created later.
        """
        for call in self._posts:
            if call.actor.run is not run or not (_is_uncertain(call) or self._was_overtaken(call)):
                continue
            own = _job_of(call)
            if own is not None and own.created <= job.created:
                continue
            until = float("inf") if self._was_misdated(call) else call.sent + SUBMISSION_SECONDS
            if self._is_first_since(self._last_list(call), until, job):
                return True
        return self._may_be_of_dead_worker(run, job)

    def _was_overtaken(self, post: Call) -> bool:
        """Whether a cleared task began again before its submission was answered.

        Its record says then that it was about to submit, but not that it was refused.
        """
        answered = float("inf") if post.answered_at is None else post.answered_at
        return any(
            actor.generation > post.actor.generation and actor.begun <= answered
            for actor in post.actor.task.actors
        )

    def _was_misdated(self, post: Call) -> bool:
        """Whether the sender of a submission had read no date or a wrong one, so no time limit applies."""
        return any(
            each.actor is post.actor and each.fault == "no date" and each.sent < post.sent
            for each in self.world.network.calls
        )

    def _may_be_of_dead_worker(self, run: Run, job: Job) -> bool:
        """Whether a job is the first sync since the last list of a worker that died before submitting.

        The worker's saved state says that it was about to submit, but not whether it had done so.
        """
        for task in run.tasks:
            for actor in task.actors:
                calls = [
                    call
                    for call in self.world.network.calls
                    if call.actor is actor and route_of(call.method, call.path) != "token"
                ]
                if actor.ended_at is None or not calls or not _is_jobs(calls[-1]):
                    continue
                last = calls[-1]
                is_clear = last.method == "GET" or _is_refused(last)
                shown = last.sent - self.world.history.list_lag
                if is_clear and self._is_first_since(shown, actor.ended_at + SUBMISSION_SECONDS, job):
                    return True
        return False

    def _is_first_since(self, listed: float, until: float, job: Job) -> bool:
        later = [each for each in self._jobs if each.created >= listed and each.job_type == "sync"]
        return bool(later) and later[0] is job and job.created <= until

    def _was_hidden(self, run: Run, job: Job) -> bool:
        """Whether a stale list hid a job from a run that then submitted."""
        lag = self.world.history.list_lag
        return any(
            call.actor.run is run and -lag <= self._last_list(call) + 1.0 - job.created <= 1.0
            for call in self._posts
            if lag > 0.0
        )

    def _last_list(self, call: Call) -> float:
        """Return the time of the last list that a sender read before a submission, else that of the call."""
        lag = self.world.history.list_lag
        shown = (
            time
            for time, each in self.world.airbyte.lists
            if isinstance(each, Call)
            and each.actor is call.actor
            and each.sent < call.sent
            and each.status == 200
        )
        return max(shown, default=call.sent - lag)

    # The rules.

    def _one_job_per_try(self) -> Iterator[str]:
        """(a) A try creates at most one job."""
        made: dict[tuple[Task, int], list[Job]] = {}
        for job in self._jobs:
            keys = {_try_of(post) for post in job.posts if _made(post, job) and post.sender.is_ours}
            for key in keys:
                made.setdefault(key, []).append(job)
        for (task, number), found in made.items():
            jobs = found
            for reason, is_excused in (
                ("a job was cancelled before its submission was answered", self._was_cancelled_unseen),
                ("a job came after the search for it had ended", self._came_late),
                ("a job ended before its submission was answered with a reset", self._was_answered_by_reset),
            ):
                kept = [job for job in jobs if not is_excused(job)] if len(jobs) > 1 else jobs
                if len(kept) < len(jobs):
                    self.verdict.exclusions[reason] += 1
                jobs = kept
            pairs = itertools.pairwise(jobs)
            doubled = [after for before, after in pairs if not self._was_cleared(task.run, before, after)]
            if doubled and all(_was_first_cleared_alone(task.run, job.created) for job in doubled):
                self.verdict.holes["the first task was cleared alone"] += 1
            elif doubled:
                yield f"a: try {number} of {task.name} made jobs {_ids(jobs)}"

    def _came_late(self, job: Job) -> bool:
        """Whether a job was created so long after its submission that nothing searches for it any more."""
        return any(
            job.created - post.sent > DISCOVERY_SECONDS
            for post in job.posts
            if post.sender.is_ours and _is_uncertain(post.sender)
        )

    def _was_answered_by_reset(self, job: Job) -> bool:
        """Whether the submission that created a job was answered with one that is not a sync."""
        return any(
            _made(post, job) and post.named is not None and post.named.job_type != "sync"
            for post in job.posts
        )

    def _was_cancelled_unseen(self, job: Job) -> bool:
        """Whether a person ended a job before the submission that created it was answered."""
        answer_times = [
            post.sender.answered_at for post in job.posts if _made(post, job) and post.sender.is_ours
        ]
        return (
            job.status == "cancelled"
            and job.ended is not None
            and all(time is None or time >= job.ended for time in answer_times)
        )

    def _one_success_per_run(self) -> Iterator[str]:
        """(a) A run creates no second job after one that achieved what was requested."""
        for run in self.world.scheduler.runs:
            made = self._made_by(run)
            for number, job in enumerate(made):
                for before in made[:number]:
                    if self._has_succeeded(run, before) and not self._is_explained(run, before, job):
                        reason = f"though job {before.job_id} had succeeded"
                        yield f"a: {run.dag_id} made job {job.job_id} {reason}"

    def _is_explained(self, run: Run, before: Job, job: Job) -> bool:
        """Whether a run had a reason to create a job after one that had succeeded."""
        if self._was_cleared(run, before, job):
            return True
        if _was_first_cleared_alone(run, job.created):
            self.verdict.holes["the first task was cleared alone"] += 1
            return True
        if self._died_knowing(run, before, job):
            self.verdict.holes["died after its job had succeeded"] += 1
            return True
        is_behind = bool(self.world.history.list_lag)
        excuses = {
            "a job came after another was taken for it": lambda: self._claimed_another(run, before),
            "the list was behind and hid the run's own job": lambda: (
                is_behind and not self._has_read(run, before)
            ),
            "the list was behind and hid a job that was taken for the run's own": lambda: (
                is_behind and self._hid_an_older_job(run, before)
            ),
            "a job came after the search for it had ended": lambda: self._came_late(before),
            "a job ended before its submission was answered with a reset": lambda: (
                self._was_answered_by_reset(before)
            ),
            "the API denied for ten minutes that there is such a job": lambda: self._was_denied(run, before),
            "a job ended before the cancellation that a person had asked for": lambda: (
                self._was_ended_while_submitting(run, before)
            ),
        }
        excuse = next((reason for reason, holds in excuses.items() if holds()), None)
        if excuse is not None:
            self.verdict.exclusions[excuse] += 1
        return excuse is not None

    def _was_ended_while_submitting(self, run: Run, job: Job) -> bool:
        """Whether a person ended the task that created a job before its submission was answered."""
        return any(
            task is post.sender.actor.task
            and post.sender.actor.begun <= time
            and (post.sender.answered_at is None or time <= post.sender.answered_at)
            for post in job.posts
            if _made(post, job) and _run_of(post) is run
            for time, task, _ in self.world.kills
        )

    def _hid_an_older_job(self, run: Run, job: Job) -> bool:
        """Whether the last list before a job's submission lacked a sync of somebody else that existed."""
        others = [each for each in self._jobs if each.job_type == "sync" and not self._is_of(run, each)]
        return any(
            self._last_list(post.sender) <= each.created <= post.sent
            for post in job.posts
            if isinstance(post.sender, Call) and _run_of(post) is run and _is_uncertain(post.sender)
            for each in others
        )

    def _has_succeeded(self, run: Run, job: Job) -> bool:
        rows, least = job.plan.rows, run.setup.min_rows
        return job.status == "succeeded" and (rows is None or least is None or rows >= least)

    def _was_cleared(self, run: Run, before: Job, job: Job) -> bool:
        asked = min(post.sent for post in before.posts if _run_of(post) is run)
        latest = max(post.sent for post in job.posts if _run_of(post) is run)
        return any(asked <= time <= latest for task in run.tasks for time in task.generations[1:]) or any(
            time <= latest
            for post in before.posts
            if _run_of(post) is run
            for time in post.sender.actor.task.generations[post.sender.actor.generation + 1 :]
        )

    def _died_knowing(self, run: Run, before: Job, job: Job) -> bool:
        """Whether a try knew that the job had succeeded, but its worker died before reporting it."""
        ends = [(time, actor) for time, task, actor in self.world.crashes if task.run is run]
        ends += [
            (time, actor)
            for time, task, how in self.world.kills
            if task.run is run and how == "evicted"
            for actor in task.actors
        ]
        readers = {
            (call.actor.task, call.actor.try_number)
            for _, call, _, status in self._reads(before)
            if status == "succeeded"
        }
        return any(
            before.ended is not None
            and before.ended <= time <= job.created
            and (actor.task, actor.try_number) in readers
            for time, actor in ends
        )

    def _was_denied(self, run: Run, job: Job) -> bool:
        """Whether the API denied a run's own job for longer than the run ignores such responses."""
        denied = [
            call.sent
            for call in self.world.network.calls
            if call.actor.run is run and call.fault == "not found" and call.path.endswith(f"/{job.job_id}")
        ]
        return bool(denied) and denied[-1] - denied[0] >= DENIAL_SECONDS

    def _reads(self, job: Job) -> list[tuple[float, Call, int, str]]:
        return [read for read in self.world.airbyte.reads if read[2] == job.job_id]

    def _deletes(self) -> Iterator[str]:
        """(b) No DELETE of ours hits a job that no submission of ours can have created."""
        for delete in self.world.airbyte.deletes:
            hit = delete.hit
            if hit is None or not isinstance(delete.sender, Call):
                continue
            run = delete.sender.actor.run
            if self._is_of(run, hit):
                if any(_run_of(post) is not run for post in hit.posts):
                    self.verdict.exclusions["cancelled a job that was shared"] += 1
            elif self._is_excused(run, hit):
                self.verdict.exclusions["cancelled what an uncertain submission may have made"] += 1
            elif not self._is_excused_delete(delete, run, hit):
                at = f"at {delete.arrived:.1f} s"
                yield f"b: {delete.sender} cancelled job {hit.job_id} of {hit.maker} {at}"

    def _needless_deletes(self) -> Iterator[str]:
        """(b) A job is cancelled only at the timeout, or after a person or a machine ended a task."""
        for delete in self.world.airbyte.deletes:
            if delete.hit is None or not isinstance(delete.sender, Call):
                continue
            actor = delete.sender.actor
            was_ended = any(
                task.run is actor.run and time <= delete.sent for time, task, _ in self.world.kills
            )
            began = min(each.begun for each in actor.task.actors if each.try_number == actor.try_number)
            if not was_ended and delete.sent - began < actor.run.setup.timeout - 1.0:
                yield f"b: {delete.sender} cancelled job {delete.hit.job_id} for no reason"

    def _is_excused_delete(self, delete: Delete, run: Run, hit: Job) -> bool:
        if self._was_hidden(run, hit):
            self.verdict.exclusions["the list was behind and hid somebody's job"] += 1
        elif self._is_late(delete):
            self.verdict.exclusions["the job ended between the poll and the DELETE"] += 1
        else:
            return False
        return True

    def _is_late(self, delete: Delete) -> bool:
        """Whether the job that a DELETE names was still active when its sender polled it just before."""
        call = delete.sender
        named = self.world.airbyte.jobs[delete.named]
        if not self._is_of(call.actor.run, named) and not self._is_excused(call.actor.run, named):
            return False
        before = [
            each for each in self.world.network.calls if each.actor is call.actor and each.sent < call.sent
        ]
        if not before or named.ended is None:
            return False
        # A request that was queued is read after its sender has given up.
        reads = [
            time
            for time, sender, _, _ in self._reads(named)
            if sender in before[-3:] and sender.status is not None
        ]
        return bool(reads) and reads[-1] <= named.ended <= delete.arrived

    def _successes(self) -> Iterator[str]:
        """(c) A success belongs to a current sync of this connection, and to ours unless it was adopted."""
        for run in self.world.scheduler.runs:
            last = run.tasks[-1]
            for report in last.reports:
                if report.outcome == "success":
                    yield from self._success(run, report)
                elif report.outcome == "skipped" and run.setup.on_running != "skip":
                    yield f"c: {last.name} was skipped with on_running {run.setup.on_running}"

    def _success(self, run: Run, report: Report) -> Iterator[str]:
        job = self.world.airbyte.jobs.get(report.result) if isinstance(report.result, int) else None
        prefix = f"c: {report.task.name} succeeded with job {report.result}"
        if job is None or job.job_type != "sync" or job.status_at(report.time) != "succeeded":
            yield f"{prefix}, which is {'no job' if job is None else f'{job.status} ({job.job_type})'}"
        else:
            yield from self._success_of(run, report, job, prefix)

    def _success_of(self, run: Run, report: Report, job: Job, prefix: str) -> Iterator[str]:
        is_ours = self._is_of(run, job) or self._is_excused(run, job)
        broken = list(self._faults_of_success(run, report, job, prefix))
        if broken and self._is_of_before_a_running_clear(run, report, job):
            self.verdict.holes["Airflow does not show that a running task was cleared"] += 1
        elif broken and (excuse := self._excuse_of_list(run, job, is_ours)) is not None:
            self.verdict.exclusions[excuse] += 1
        else:
            yield from broken
        if is_ours and not self._is_of(run, job):
            self.verdict.exclusions["took for its own what an uncertain submission may have made"] += 1

    def _faults_of_success(self, run: Run, report: Report, job: Job, prefix: str) -> Iterator[str]:
        assert job.ended is not None
        began = report.task.generations[report.generation]
        if report.task is not run.tasks[0] and not self._was_waited_for(report, job):
            began = job.created  # the first task left a job that nobody has waited for yet
        if not self._has_succeeded(run, job):
            yield f"{prefix} of {job.plan.rows} rows"
        if job.ended < began:
            yield f"{prefix}, which had ended at {job.ended:.1f} s, before it began at {began:.1f} s"
        elif self._is_only_of(run, job) and job.created < began and report.generation > 0:
            yield from self._cleared_too_late(run, report, job, prefix)
        elif not self._is_of(run, job) and not self._is_excused(run, job):
            yield from self._foreign_success(run, report, job, prefix)

    def _was_waited_for(self, report: Report, job: Job) -> bool:
        """Whether a task had read a job before its clear, and after the first task had last returned it."""
        first = report.task.run.tasks[0]
        returned = max((each.time for each in first.reports if each.result == job.job_id), default=0.0)
        return any(
            call.actor.task is report.task
            and call.actor.generation < report.generation
            and call.sent >= returned
            for _, call, _, _ in self._reads(job)
        )

    def _cleared_too_late(self, run: Run, report: Report, job: Job, prefix: str) -> Iterator[str]:
        """(g) Clearing a task whose job is running cancels the job and starts a new sync."""
        began = report.task.generations[report.generation]
        if any(began <= post.sent for post in job.posts if _run_of(post) is run):
            return  # it was submitted again and answered with the old job
        if run.setup.on_kill == "leave":
            self.verdict.holes["on_kill is leave: a cleared task's job went on"] += 1
        elif any(self._saved_nothing(run, task, actor, began) for _, task, actor in self.world.crashes):
            self.verdict.holes["a worker was lost before it had saved its record, and all was cleared"] += 1
        elif any(child.run is run for child in self.world.lost_children):
            self.verdict.holes["the machine was lost with the cancelling process"] += 1
        else:
            yield f"g: {prefix[3:]}, which was made before the clear at {began:.1f} s"

    def _saved_nothing(self, run: Run, task: Task, actor: Actor, before: float) -> bool:
        """Whether a worker of the waiting task was lost as it started, before a moment."""
        is_waiting = task.run is run and task.upstream is not None and actor.begun < before
        return is_waiting and not any(call.actor is actor for call in self.world.network.calls)

    def _failures(self) -> Iterator[str]:
        """(c) A job that failed before a retry began does not fail the retry, which starts another."""
        for run in self.world.scheduler.runs:
            for task in run.tasks:
                for report in task.reports:
                    named = _ENDED.search(report.text) if report.outcome == "failed" else None
                    job = None if named is None else self.world.airbyte.jobs[int(named[1])]
                    if job is None or not self._had_failed(report, job):
                        continue
                    if _was_first_cleared_alone(run, report.time):
                        self.verdict.holes["the first task was cleared alone"] += 1
                    elif self._seemed_active(run, job):
                        self.verdict.exclusions["the list was behind, and an ended job looked active"] += 1
                    else:
                        at = f"try {report.try_number} of {task.name}"
                        yield f"c: {at} failed for job {job.job_id} of before"

    def _had_failed(self, report: Report, job: Job) -> bool:
        """Whether a job had ended before a try began, and an earlier try had polled it."""
        task, number, generation = report.task, report.try_number, report.generation
        own = [actor for actor in task.actors if actor.generation == generation]
        began = min(actor.begun for actor in own if actor.try_number == number)
        earlier = {actor for actor in own if actor.try_number < number}
        is_known = any(call.actor in earlier for _, call, _, _ in self._reads(job))
        return is_known and job.ended is not None and job.ended < began

    def _excuse_of_list(self, run: Run, job: Job, is_ours: bool) -> str | None:
        if not is_ours and self._was_hidden(run, job):
            return "the list was behind and hid somebody's job"
        return (
            "the list was behind, and an ended job looked active" if self._seemed_active(run, job) else None
        )

    def _seemed_active(self, run: Run, job: Job) -> bool:
        lag = self.world.history.list_lag
        return lag > 0.0 and any(
            call.actor.run is run
            and call.method == "GET"
            and _is_jobs(call)
            and job.ended is not None
            and job.created <= job.ended <= (call.answered_at or 0.0) <= job.ended + lag + 1.0
            for call in self.world.network.calls
        )

    def _is_of_before_a_running_clear(self, run: Run, report: Report, job: Job) -> bool:
        began = report.task.generations[report.generation]
        if report.generation not in report.task.cleared_running or job.created >= began:
            return False
        return not any(began <= post.sent for post in job.posts if _run_of(post) is run)

    def _foreign_success(self, run: Run, report: Report, job: Job, prefix: str) -> Iterator[str]:
        if run.setup.on_running != "adopt":
            yield f"{prefix} of {job.maker} with on_running {run.setup.on_running}"
            return
        assert job.ended is not None
        # The first task may have adopted the job for the last one, which was cleared later.
        began = min(
            max(time for time in task.generations if time <= report.time)
            for task in run.tasks
            if task.generations[0] <= report.time
        )
        own = [
            each.ended for each in self._made_by(run) if each.created < job.created and each.ended is not None
        ]
        since = max([began, *own])
        asked = [
            call.sent
            for call in self.world.network.calls
            if call.actor.run is run and _is_jobs(call) and call.sent >= since
        ]
        if own and (not asked or job.ended < min(asked)):
            yield f"{prefix} of {job.maker}, which had ended before anybody could adopt it"

    def _orphans(self) -> Iterator[str]:
        """(d) A finished run leaves none of its own jobs active."""
        for run, job, status in self.world.active_at_end:
            posts = job.posts
            if job not in self._made_by(run) or any(_run_of(post) is not run for post in posts):
                continue
            hole = self._hole(run, job)
            if hole is None:
                yield f"d: job {job.job_id} of {run.dag_id} is {status} {REST * 0.9:.0f} s after its run"
            else:
                self.verdict.holes[hole] += 1

    def _hole(self, run: Run, job: Job) -> str | None:
        setup = run.setup
        kills = [(time, task, how) for time, task, how in self.world.kills if task.run is run]
        kills = [kill for kill in kills if kill[0] >= job.created - 120.0]
        if setup.on_kill == "leave" and kills:
            return "on_kill is leave"
        if setup.on_timeout == "leave" and (self._has_timed_out(run) or self._timed_out_unaware(run, kills)):
            return "on_timeout is leave"
        if any(task.run is run and time >= job.created - 120.0 for time, task, _ in self.world.crashes):
            return "a worker was lost on the last try"
        if any(child.run is run for child in self.world.lost_children):
            return "the machine was lost with the cancelling process"
        return self._hole_of_ended(run, job, kills) or self._hole_of_killed(run, job, kills)

    def _hole_of_ended(self, run: Run, job: Job, kills: list[tuple[float, Task, str]]) -> str | None:
        idle = ("None", "scheduled", "up_for_retry", "up_for_reschedule", "restarting", *_FINISHED)
        if any(how.rpartition(" while ")[2] in idle for _, _, how in kills):
            return "ended by a person while no code ran"
        if any(how.endswith("None") for _, task, how in self.world.kills if task.run is run):
            return "ended by a person before it began"
        if _was_first_cleared_alone(run, job.created):
            return "the first task was cleared alone, and nobody waits for its job"
        if any(how.endswith("deferred") and self._has_no_triggerer(task, time) for time, task, how in kills):
            return "ended by a person while no triggerer held the trigger"
        if self._has_timed_out(run) and not self._has_read_after(run, job):
            return "nothing was answered between an uncertain submission and the timeout"
        return None

    def _hole_of_killed(self, run: Run, job: Job, kills: list[tuple[float, Task, str]]) -> str | None:
        if self._came_late(job):
            return "a job came after the search for it had ended"
        if self._claimed_another(run, job):
            return "a job came after another had been taken for it"
        if self._was_refused(run):
            return "the API refused for longer than give_up_after"
        if self._cancelled_in_vain(run):
            return "the server did not cancel for as long as it was asked"
        if any(how.endswith("running") and self._ended_unaware(task, time) for time, task, how in kills):
            return "ended by a person just before its code ended"
        return None

    def _has_no_triggerer(self, task: Task, time: float) -> bool:
        """Whether no triggerer had the trigger yet, or none lived long enough to cancel."""
        begun = [actor for actor in task.actors if actor.begun <= time]
        if not begun or begun[-1].kind != "trigger":
            return True
        return any(begins - 2700.0 <= time <= ends + 70.0 for begins, ends in self.world.outages)

    def _cancelled_in_vain(self, run: Run) -> bool:
        """Whether a cancelling process or trigger used up its time, or is still trying."""
        asked: dict[Actor, list[float]] = {}
        for call in self.world.network.calls:
            actor = call.actor
            if actor.run is run and (actor.kind == "canceller" or call.sent > run.finished_at):
                asked.setdefault(actor, []).append(call.sent)
        judged = run.finished_at + REST * 0.9 - 120.0
        tried = any(times[-1] - times[0] >= CANCEL_SECONDS or times[-1] >= judged for times in asked.values())
        return tried or self._was_unanswered(run)

    def _was_unanswered(self, run: Run) -> bool:
        """Whether all last calls of a task failed for as long as it cancels at its timeout."""
        since: dict[Task, float] = {}
        last: dict[Task, float] = {}
        for call in self.world.network.calls:
            # A token alone does not answer the task's own calls, which it cannot send without one.
            is_answer = call.fault is not None or route_of(call.method, call.path) != "token"
            if call.actor.run is run and is_answer:
                task = call.actor.task
                last[task] = call.sent
                if call.fault is None:
                    since.pop(task, None)
                else:
                    since.setdefault(task, call.sent)
        return any(last[task] - begun >= CANCEL_SECONDS for task, begun in since.items())

    def _was_refused(self, run: Run) -> bool:
        """Whether all calls of a task were refused, or answered unlike Airbyte, for ten minutes."""
        last: dict[Task, float] = {}
        for call in self.world.network.calls:
            is_refused = call.fault in ("unauthorized", "forbidden", "not found", "garbage after")
            # A token alone does not answer the task's own calls, which it cannot send without one.
            if call.actor.run is run and (is_refused or route_of(call.method, call.path) != "token"):
                task = call.actor.task
                begun = last.setdefault(task, call.sent) if is_refused else last.pop(task, 0.0)
                if is_refused and call.sent - begun >= 590.0:
                    return True
        return False

    def _has_read_after(self, run: Run, job: Job) -> bool:
        """Whether the run got an answer about its jobs after the submission that made this one."""
        calls = (call for call in self.world.network.calls if call.actor.run is run and _is_jobs(call))
        return any(
            call.method == "GET" and call.sent >= job.created and call.is_answered_well and call.status == 200
            for call in calls
        )

    def _has_read(self, run: Run, job: Job) -> bool:
        return any(call.actor.run is run for _, call, _, _ in self._reads(job))

    def _claimed_another(self, run: Run, job: Job) -> bool:
        """Whether the run has seen an older job that could as well have been its own."""
        others = (each for each in self._jobs if each.created <= job.created and not self._is_of(run, each))
        return any(self._has_seen(run, each) and self._is_excused(run, each) for each in others)

    def _has_seen(self, run: Run, job: Job) -> bool:
        """Whether the run has read a job, or a list that shows it."""
        lists = (
            time
            for time, each in self.world.airbyte.lists
            if isinstance(each, Call) and each.actor.run is run and each.status == 200
        )
        return self._has_read(run, job) or any(time >= job.created for time in lists)

    def _ended_unaware(self, task: Task, time: float) -> bool:
        """Whether a worker's process finished after its task was ended, but before it was notified."""
        return any(
            actor.kind == "worker" and actor.ended_at is None and actor.begun <= time <= actor.over_at
            for actor in task.actors
        )

    def _has_timed_out(self, run: Run) -> bool:
        """Whether a try of the run took all of its `timeout`."""
        return any(
            report.time - actor.begun >= run.setup.timeout - 1.0
            for task in run.tasks
            for report in task.reports
            for actor in task.actors
            if report.outcome == "failed"
            and (actor.try_number, actor.generation) == (report.try_number, report.generation)
        )

    def _timed_out_unaware(self, run: Run, kills: list[tuple[float, Task, str]]) -> bool:
        """Whether a trigger reached the timeout of its sync before it was notified of the end of its task."""
        return any(
            how.endswith("deferred") and time + NOTICE_SECONDS >= _deferred_at(task, time) + run.setup.timeout
            for time, task, how in kills
        )

    def _waits_for_others(self) -> Iterator[str]:
        """(e) With `on_running` set to `fail` or `skip`, no run waits for somebody else's sync."""
        for run in self.world.scheduler.runs:
            if run.setup.on_running == "adopt":
                continue
            for job in self._jobs:
                if self._is_of(run, job) or job.job_type != "sync" or self._is_excused(run, job):
                    continue
                if self._was_hidden(run, job):
                    continue
                readers = (call.actor for _, call, _, _ in self._reads(job) if call.actor.run is run)
                tries = Counter((actor.task, actor.try_number, actor.generation) for actor in readers)
                if max(tries.values(), default=0) >= 3:
                    yield f"e: {run.dag_id} asked again and again for job {job.job_id} of {job.maker}"

    def _exceptions(self) -> Iterator[str]:
        """(f) Tasks raise only exceptions that Airflow expects."""
        for report in self.world.scheduler.reports:
            if report.error is not None and not isinstance(report.error, ALLOWED):
                yield f"f: {report.task.name} ended by {report.error!r}"
        for deferral, error in self.world.kept.trigger_errors:
            yield f"f: the trigger of {deferral.task.name} ended by {error!r}"
        for triggerer in self.world.scheduler.triggerers:
            for error in triggerer.loop.errors:
                yield f"f: a triggerer's loop was left {error!r}"

    def _leaks(self) -> Iterator[str]:
        """(f) No log line or error contains the secret."""
        for text in self.world.kept.leaks:
            yield f"f: a log contains the secret: {text}"
        for report in self.world.scheduler.reports:
            if SECRET in report.text:
                yield f"f: an error contains the secret: {report.text}"

    def _variables(self) -> Iterator[str]:
        """(j) A success leaves no Variable, unless the worker was lost before the callback."""
        for key, task in self.world.written_variables.items():
            is_ours = task.state == "success" and task.state_by == "code"
            if is_ours and key in self.world.variables and task not in self.world.without_callback:
                yield f"j: {task.name} left a Variable"

    def _ends(self) -> Iterator[str]:
        """(h) Nothing waits forever. (i) The number of calls is bounded."""
        if self.world.is_stuck:
            states = [f"{task.name} {task.state}" for run in self.world.scheduler.runs for task in run.tasks]
            yield f"h: not over at {self.world.timeline.now:.0f} s: {', '.join(states)}"
        if len(self.world.network.calls) > MAX_CALLS:
            yield f"i: {len(self.world.network.calls)} calls"

    def _plain_run(self) -> Iterator[str]:
        """(plain) Without disturbances, a sync succeeds at its first try with one job."""
        history = self.world.history
        if history.acts or history.faults or len(history.setups) > 1 or history.refuses_order:
            return
        plan = history.plans[0]
        setup = history.setups[0]
        seconds = sum(phase.seconds for phase in plan.phases)
        has_rows = plan.rows is not None and (setup.min_rows is None or plan.rows >= setup.min_rows)
        if plan.end != "succeeded" or seconds > setup.timeout - 300 or not has_rows:
            return
        run = self.world.scheduler.runs[0]
        made = len(self._jobs) - history.old_jobs
        if made != 1 or any(task.state != "success" or task.try_number != 1 for task in run.tasks):
            states = [f"{task.name} {task.state} (try {task.try_number})" for task in run.tasks]
            yield f"plain: {made} jobs, {', '.join(states)}"


# How an error names a job that ended without success.
_ENDED = re.compile(r"job (\d+) (?:failed|was cancelled|moved)")
_FINISHED = ("success", "failed", "skipped", "upstream_failed")


def _is_jobs(call: Call) -> bool:
    return call.path.endswith("/jobs")


def _made(post: Post, job: Job) -> bool:
    return post.made is job


def _run_of(post: Post) -> Run | None:
    return post.sender.actor.run if post.sender.is_ours else None


def _try_of(post: Post) -> tuple[Task, int]:
    return post.sender.actor.task, post.sender.actor.try_number


def _job_of(call: Call) -> Job | None:
    """Return the sync that a submission created or shared."""
    job: Job | None = None if call.post is None else call.post.job
    return job if job is not None and job.job_type == "sync" else None


def _is_uncertain(call: Call) -> bool:
    """Whether a submission may have created a job, as far as its sender knows."""
    if call.actor.ended_at is not None and call.actor.ended_at <= (call.answered_at or call.actor.ended_at):
        return True  # its sender was already dead and could not read the response
    if _is_refused(call):
        return False
    if call.fault is not None or call.status is None:
        return True
    return call.status >= 500 or (call.status == 409 and "Could not" in call.post.answer)


def _is_refused(call: Call) -> bool:
    """Whether the response makes clear that nothing was done."""
    return call.status in (401, 403, 404, 429) or "refused" in call.outcome


def _ids(jobs: list[Job]) -> str:
    return ", ".join(str(job.job_id) for job in jobs)


def _deferred_at(task: Task, time: float) -> float:
    """Return when the try of a task that was deferred at a moment was first deferred."""
    # A worker that was lost has not ended by itself, and deferred nothing.
    workers = [each for each in task.actors if each.kind == "worker" and 0.0 <= each.over_at <= time]
    last = workers[-1]
    return min(actor.over_at for actor in workers if _place(actor) == _place(last))


def _place(actor: Actor) -> tuple[int, int]:
    return actor.generation, actor.try_number


def _was_first_cleared_alone(run: Run, time: float) -> bool:
    """Whether the submitting task had been cleared by then without the waiting one."""
    return any(cleared <= time for cleared in run.first_cleared_alone)
