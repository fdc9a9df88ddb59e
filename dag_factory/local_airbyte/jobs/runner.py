"""Carries jobs out, one thread a job, as their scripts say; jobs under way go on after a restart."""

from __future__ import annotations

import logging
import threading

from dag_factory.local_airbyte.jobs.attempt import Extraction
from dag_factory.local_airbyte.jobs.connector_process import ConnectorError
from dag_factory.local_airbyte.jobs.job_control import Ended, Signals, Stopped
from dag_factory.local_airbyte.model.clock import Clock
from dag_factory.local_airbyte.model.job import (
    ACTIVE_STATUSES,
    FAILED,
    INCOMPLETE,
    RUNNING,
    Job,
    Script,
)
from dag_factory.local_airbyte.model.job_life_cycle import may_follow
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.job_scripts import STATUS_OF_END, STATUS_OF_STEP
from dag_factory.local_airbyte.storage.data_folder import UnsafePathError
from dag_factory.local_airbyte.storage.store import Store

LOG = logging.getLogger(__name__)
MANY = 1_000_000


class Runner:
    """The threads of the active jobs."""

    def __init__(self, *, store: Store, clock: Clock, extraction: Extraction) -> None:
        self._store, self._clock, self._extraction = store, clock, extraction
        self._lock = threading.Lock()
        self._running: dict[int, tuple[threading.Thread, Signals]] = {}
        self._stopped = False

    def resume(self) -> None:
        """Go on with the jobs that an earlier server left."""
        for status in ACTIVE_STATUSES:
            for job in self._store.jobs(JobQuery(status=status, limit=MANY)):
                self.start(job)

    def start(self, job: Job) -> None:
        """Carry the job out from the step it is at."""
        signals = Signals()
        name = f"job-{job.job_id}"
        thread = threading.Thread(target=self._carry_out, args=(job, signals), name=name, daemon=True)
        with self._lock:
            if self._stopped:  # a last request while the server stops: the job goes on with the next server
                return
            self._running[job.job_id] = thread, signals
        thread.start()

    def end(self, job_id: int, status: str) -> None:
        """Make the job end with this status; returns at once."""
        if (running := self._find(job_id)) is not None:
            running[1].end(status)

    def hurry(self, job_id: int) -> None:
        """Start the next attempt of an incomplete job now."""
        if (running := self._find(job_id)) is not None:
            running[1].hurry()

    def wait(self, job_id: int) -> None:
        """Return when the job's thread has ended, because the job has or because the server stops."""
        if (running := self._find(job_id)) is not None:
            running[0].join()

    def stop(self) -> None:
        """End all threads and their child processes; the jobs stay active in the store."""
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for _, signals in running:
            signals.stop()
        for thread, _ in running:
            thread.join()

    def _find(self, job_id: int) -> tuple[threading.Thread, Signals] | None:
        with self._lock:
            return self._running.get(job_id)

    def _carry_out(self, job: Job, signals: Signals) -> None:
        try:
            self._finish(job.job_id, *self._outcome(job, signals))
        except Stopped:
            LOG.info("job %s waits for the next start of the server", job.job_id)
        finally:
            with self._lock:
                del self._running[job.job_id]

    def _outcome(self, job: Job, signals: Signals) -> tuple[str, str | None]:
        """Follow the script to its end; the job's final status, with the reason of a failure."""
        try:
            self._follow(job, signals)
        except Ended as ended:
            signals.wind_down(self._store.settings().cancel_seconds)
            return ended.status, None
        except (ConnectorError, UnsafePathError) as error:
            return FAILED, str(error)
        except Stopped:
            raise
        except (
            Exception
        ) as error:  # the labelled boundary: a fault of the runner is a failed job, not a lost thread
            LOG.exception("job %s failed because of a fault of the local Airbyte", job.job_id)
            return FAILED, f"fault of the local Airbyte: {error!r}"
        status = STATUS_OF_END[job.script.end] or FAILED
        return status, "the script ends with fail" if status == FAILED else None

    def _follow(self, job: Job, signals: Signals) -> None:
        for index in range(job.step, len(job.script.steps)):
            step = job.script.steps[index]
            signals.check()
            signals.forget_hurry()
            if STATUS_OF_STEP[step.name] == RUNNING:
                self._enter_attempt(job.job_id, index)
                part = _part_of_rest(job.script, index)
                self._extraction.run(self._store.job(job.job_id), step.seconds, part, signals)
            else:
                self._set_status(job.job_id, STATUS_OF_STEP[step.name], step=index)
                signals.sleep(step.seconds, may_hurry=step.name == INCOMPLETE)
        if STATUS_OF_END[job.script.end] is None:  # hang
            signals.sleep(None)

    def _enter_attempt(self, job_id: int, index: int) -> None:
        job = self._store.update_job(job_id, now=self._clock.now(), step=index)
        if job.status != RUNNING:  # else the server was restarted in the middle of the attempt
            self._extraction.begin_attempt(job)

    def _finish(self, job_id: int, status: str, failure: str | None) -> None:
        if not may_follow(
            self._store.job(job_id).status, status
        ):  # a person ended it as what it cannot become
            status, failure = FAILED, f"the job could not become {status}"
        self._set_status(job_id, status, failure=failure)

    def _set_status(self, job_id: int, status: str, **changes: object) -> None:
        with self._store.transaction():
            job = self._store.job(job_id)
            if not may_follow(job.status, status):
                msg = f"job {job_id} cannot go from {job.status} to {status}"
                raise ValueError(msg)
            self._store.update_job(job_id, now=self._clock.now(), status=status, **changes)


def _part_of_rest(script: Script, index: int) -> float:
    """The part of the remaining rows that the run step at the index moves: all of them, if it is the last."""
    seconds = [step.seconds for step in script.steps[index:] if step.name == "run"]
    total = sum(seconds, start=0.0)
    return seconds[0] / total if len(seconds) > 1 and total else 1.0
