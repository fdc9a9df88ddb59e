"""Runs jobs as their scripts say, with a thread for each; active jobs continue after a restart."""

from __future__ import annotations

import logging
import threading

from dag_factory.local_airbyte.jobs.attempt import AttemptRunner
from dag_factory.local_airbyte.jobs.connector_process import ConnectorError
from dag_factory.local_airbyte.jobs.job_control import JobControl, JobEnded, ServerStopping
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.job import ACTIVE_STATUSES, FAILED, INCOMPLETE, RUNNING, Job, Script
from dag_factory.local_airbyte.model.job_life_cycle import may_follow
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.job_scripts import STATUS_OF_END, STATUS_OF_STEP
from dag_factory.local_airbyte.storage.data_folder import UnsafePathError
from dag_factory.local_airbyte.storage.store import Store

LOG = logging.getLogger(__name__)
MANY = 1_000_000


class Runner:
    """The threads of the active jobs."""

    def __init__(self, *, store: Store, clock: Clock, attempts: AttemptRunner) -> None:
        self._store, self._clock, self._attempts = store, clock, attempts
        self._lock = threading.Lock()
        self._running: dict[int, tuple[threading.Thread, JobControl]] = {}
        self._stopped = False

    def resume(self) -> None:
        """Continue the jobs that an earlier server left active."""
        for status in ACTIVE_STATUSES:
            for job in self._store.jobs(JobQuery(status=status, limit=MANY)):
                self.start(job)

    def start(self, job: Job) -> None:
        """Run the job from its current step."""
        control = JobControl()
        name = f"job-{job.job_id}"
        thread = threading.Thread(target=self._run, args=(job, control), name=name, daemon=True)
        with self._lock:
            if self._stopped:  # a late request: the next server runs the job
                return
            self._running[job.job_id] = thread, control
        thread.start()

    def end(self, job_id: int, status: str) -> None:
        """Make the job end with this status, without waiting for it."""
        if (running := self._find(job_id)) is not None:
            running[1].end(status)

    def hurry(self, job_id: int) -> None:
        """Start the next attempt of an incomplete job now."""
        if (running := self._find(job_id)) is not None:
            running[1].hurry()

    def wait_again(self, job_id: int) -> None:
        """Begin the wait of an incomplete job again."""
        if (running := self._find(job_id)) is not None:
            running[1].wait_again()

    def wait(self, job_id: int) -> None:
        """Wait until the job's thread has ended, because the job has ended or because the server stops."""
        if (running := self._find(job_id)) is not None:
            running[0].join()

    def stop(self) -> None:
        """End all threads and their child processes; the jobs stay active in the store."""
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for _, control in running:
            control.stop()
        for thread, _ in running:
            thread.join()

    def _find(self, job_id: int) -> tuple[threading.Thread, JobControl] | None:
        with self._lock:
            return self._running.get(job_id)

    def _run(self, job: Job, control: JobControl) -> None:
        try:
            self._finish(job.job_id, *self._outcome(job, control))
        except ServerStopping:
            LOG.info("job %s continues when the server starts again", job.job_id)
        finally:
            with self._lock:
                del self._running[job.job_id]

    def _outcome(self, job: Job, control: JobControl) -> tuple[str, str | None]:
        """Follow the script to its end; return the job's final status, and the reason of a failure."""
        try:
            self._follow(job, control)
        except JobEnded as ended:
            control.wind_down(self._store.settings().cancel_seconds)
            return ended.status, None
        except (ConnectorError, UnsafePathError) as error:
            return FAILED, str(error)
        except ServerStopping:
            raise
        except Exception as error:  # the boundary of a job: a bug here fails the job and ends no thread
            LOG.exception("job %s failed because of an internal error of the local Airbyte", job.job_id)
            return FAILED, f"internal error of the local Airbyte: {error!r}"
        status = STATUS_OF_END[job.script.end] or FAILED
        return status, "the script ends with 'fail'" if status == FAILED else None

    def _follow(self, job: Job, control: JobControl) -> None:
        for index in range(job.step, len(job.script.steps)):
            step = job.script.steps[index]
            control.check()
            control.forget_hurry()
            if STATUS_OF_STEP[step.name] == RUNNING:
                self._enter_attempt(job.job_id, index)
                part = _part_of_rest(job.script, index)
                self._attempts.run(self._store.job(job.job_id), step.seconds, part, control)
            else:
                self._set_status(job.job_id, STATUS_OF_STEP[step.name], step=index)
                control.sleep(step.seconds, may_hurry=step.name == INCOMPLETE)
        if STATUS_OF_END[job.script.end] is None:  # hang
            control.sleep(None)

    def _enter_attempt(self, job_id: int, index: int) -> None:
        job = self._store.update_job(job_id, now=self._clock.now(), step=index)
        if job.status != RUNNING:  # else the server was restarted during the attempt
            self._attempts.begin_attempt(job)

    def _finish(self, job_id: int, status: str, failure: str | None) -> None:
        # A person may end a job with a status that its current one does not allow.
        if not may_follow(self._store.job(job_id).status, status):
            status, failure = FAILED, f"the job cannot become {status}"
        self._set_status(job_id, status, failure=failure)

    def _set_status(self, job_id: int, status: str, **changes: object) -> None:
        with self._store.transaction():
            job = self._store.job(job_id)
            if not may_follow(job.status, status):
                message = f"job {job_id} cannot go from {job.status} to {status}"
                raise ValueError(message)
            self._store.update_job(job_id, now=self._clock.now(), status=status, **changes)


def _part_of_rest(script: Script, index: int) -> float:
    """Return the part of the remaining rows for the `run` step at the index: all of them for the last one."""
    seconds = [step.seconds for step in script.steps[index:] if step.name == "run"]
    total = sum(seconds, start=0.0)
    return seconds[0] / total if len(seconds) > 1 and total else 1.0
