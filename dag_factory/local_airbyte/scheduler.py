"""Starts the syncs of connections with a schedule, while the setting `run_schedules` is on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from dag_factory.local_airbyte.model.connection import CONNECTION
from dag_factory.local_airbyte.model.job import ACTIVE_STATUSES, QUEUED, SYNC, Job, JobTimes
from dag_factory.local_airbyte.model.job_life_cycle import SCHEDULE
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.schedules.schedule import Schedule, ScheduleError, due_at, read_schedule
from dag_factory.local_airbyte.storage.timers import put_timer, read_timers

LOG = logging.getLogger(__name__)
PAUSE = 0.2  # seconds between two looks at the clock, which a test may set forward
MANY = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """An active connection with a schedule: when its next sync is due (None: never), and its active job."""

    connection_id: str
    due: float | None
    active: Job | None

    def is_over(self, now: float) -> bool:
        """Whether the next sync is due; `now` is in seconds since the epoch."""
        return self.due is not None and self.due <= now


class Scheduler:
    """A thread that looks at all schedules a few times a second."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._one_look = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Start no more syncs, without waiting for the thread."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until the thread has ended: it may wait for a job that the runner has to stop first."""
        if self._thread.ident is not None:
            self._thread.join()

    def check(self) -> list[Job]:
        """Start every sync that is due by the server's clock; return the new jobs."""
        with self._one_look:
            now = self._platform.clock.now()
            over = [wait for wait in self.waits() if wait.is_over(now)]
            jobs = [self._start(wait.connection_id) for wait in over if wait.active is None]
            for wait in over:
                if wait.active is not None and wait.active.status == QUEUED:
                    # A job that still waits for capacity when the next sync is due is given up.
                    self._platform.end_active_job(wait.connection_id)
            return [job for job in jobs if job is not None]

    def waits(self) -> list[Wait]:
        """Return what all active connections with a schedule wait for."""
        store = self._platform.store
        with store.transaction():
            timers, times, active = read_timers(store), store.job_times(), self._active_jobs()
            waits = []
            for connection_id, schedule in self._schedules():
                since = timers.get(connection_id)
                if since is None:
                    since = self._platform.clock.now()
                    put_timer(store, connection_id, since)
                job = active.get(connection_id)
                due = _due(schedule, since, times.get(connection_id), job)
                waits.append(Wait(connection_id=connection_id, due=due, active=job))
            return waits

    def _schedules(self) -> Iterator[tuple[str, Schedule]]:
        for document in self._platform.store.documents(CONNECTION):
            if document["status"] == "active":
                try:
                    schedule = read_schedule(document["schedule"])
                except ScheduleError:
                    continue  # Airbyte does not start it either
                if schedule is not None:
                    yield str(document["connectionId"]), schedule

    def _active_jobs(self) -> dict[str, Job]:
        return {
            job.connection_id: job
            for status in ACTIVE_STATUSES
            for job in self._platform.store.jobs(JobQuery(status=status, limit=MANY))
        }

    def _start(self, connection_id: str) -> Job | None:
        try:
            job = self._platform.submit(connection_id, SYNC, started_by=SCHEDULE)
        except ProblemError:  # somebody started a job or changed the connection meanwhile
            return None
        return job if job.started_by == SCHEDULE else None

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE):
            if self._platform.store.settings().run_schedules:
                try:
                    self.check()
                except Exception:  # the boundary of the thread: a bug here must not end all schedules
                    LOG.exception("an internal error of the local Airbyte while it looked at the schedules")


def _due(schedule: Schedule, since: float, times: JobTimes | None, active: Job | None) -> float | None:
    if active is not None:  # the sync after this job, should it still be in the queue then
        return due_at(schedule, waiting_since=active.created_at, last_sync=active.created_at)
    if times is None:
        return due_at(schedule, waiting_since=since, last_sync=None)
    # Airbyte begins to wait when the last job has ended.
    return due_at(schedule, waiting_since=max(since, times.last_change), last_sync=times.last_sync)
