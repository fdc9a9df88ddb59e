"""The Airbyte side of a case: one connection of a local Airbyte, its jobs and its faults."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from dag_factory.local_airbyte.model.job import Job
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.server import LocalAirbyte
from tests.faults.faults import AFTER, AT, BEFORE, DURING, POLLED, Fault
from tests.faults.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from tests.faults.runs import Run

CLIENT_ID, SECRET = "the-fault-matrix", "a-secret-of-the-fault-matrix"
CONNECTION_VARIABLE = "AIRFLOW_CONN_AIRBYTE_DEFAULT"
# How long a call may take, in real seconds; it stands in for the `{"timeout": 120}` of a full-size Airbyte.
CALL_SECONDS = 0.5


class Server:
    """A local Airbyte that can be stopped and started again at the same URL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.airbyte = self._started(0)

    def stop(self) -> None:
        """Stop it; its active jobs continue after the next start."""
        if self.airbyte.is_alive:
            self.airbyte.stop()

    def start(self) -> None:
        """Start it again."""
        if not self.airbyte.is_alive:
            self.airbyte = self._started(self.airbyte.port)

    def _started(self, port: int) -> LocalAirbyte:
        return LocalAirbyte.start(self._folder, port=port, client_id=CLIENT_ID, client_secret=SECRET)


class Lab:
    """Injects a fault on a connection of its own.

    It intercepts each wait of a task, so that jobs begin, change and end in the tasks' virtual time, and each
    call about jobs, so that acts can run just before or just after a submission.
    """

    def __init__(self, server: Server, fault: Fault) -> None:
        self.server = server
        self.clock = VirtualClock()
        self.connection_id = str(uuid.uuid4())
        # The run of the case, which acts can change while it is active.
        self.run: Run | None = None
        self._fault = fault
        self._started_at: dict[int, float] = {}
        self._acts = {moment: list(acts) for moment, acts in fault.acts.items()}
        self._due: list[tuple[float, Callable[[], None]]] = []

    def prepare(self) -> None:
        """Make the connection and the faults that are active from the start."""
        self.admin("DELETE", "/faults")
        self.admin("PATCH", "/settings", {"ignore_cancel": False, "clock_shift": 0})
        self.admin("POST", "/tokens/revoke")
        self.admin("PUT", f"/connections/{self.connection_id}", {"name": self.connection_id})
        plan = {"scripts": [{"steps": [{"run": 0}], "end": "hang"}], **self._fault.plan}
        self.admin("PATCH", f"/connections/{self.connection_id}", plan)
        for fault in self._fault.faults:
            self.fault(**fault)
        self._act(BEFORE)

    @contextmanager
    def connection(self) -> Iterator[None]:
        """Define the server's Airflow connection in the environment."""
        os.environ[CONNECTION_VARIABLE] = json.dumps(
            {
                "conn_type": "airbyte",
                "host": self.server.airbyte.url,
                "login": CLIENT_ID,
                "password": self._fault.secret or SECRET,
                "extra": {"timeout": CALL_SECONDS},
            }
        )
        yield
        del os.environ[CONNECTION_VARIABLE]

    def wait(self, seconds: float) -> None:
        """Let time pass for a task and for the jobs."""
        self._observe()
        end = self.clock.monotonic() + seconds
        while due := min(
            (each for each in self._due if each[0] <= end), key=lambda each: each[0], default=None
        ):
            self._due.remove(due)
            self.clock.skip(due[0] - self.clock.monotonic())
            self._advance_jobs()
            due[1]()
            self.record_starts()
        self.clock.skip(end - self.clock.monotonic())
        self._advance_jobs()

    async def wait_in_loop(self, seconds: float) -> None:
        """Let time pass for a trigger."""
        self.wait(seconds)

    def before_call(self, method: str, path: str) -> None:
        """Handle a call that is about to be sent."""
        if (method, path) == ("POST", "jobs"):
            self._act(AT)

    def after_call(self, method: str, path: str) -> None:
        """Handle a call that was answered."""
        if (method, path) == ("POST", "jobs"):
            self._act(AFTER)
        if method == "GET" and path.startswith("jobs/") and not _in_event_loop():
            self._act(POLLED)

    def later(self, minutes: float, act: Callable[[], None]) -> None:
        """Do something after some minutes of the tasks' virtual time."""
        self._due.append((self.clock.monotonic() + minutes * 60, act))

    def admin(self, method: str, path: str, body: object = None) -> None:
        """Call the server's admin API."""
        url = self.server.airbyte.admin_url + path
        # Reading all certificates for each call would take longer than the call.
        httpx.request(method, url, json=body, timeout=10, verify=False).raise_for_status()

    def fault(self, route: str, kind: str, **more: Any) -> None:
        """Add a fault to the server."""
        self.admin("POST", "/faults", {"route": route, "kind": kind, **more})

    def jobs(self) -> list[Job]:
        """Return all jobs of the connection, oldest first."""
        self.server.start()
        every = self.server.airbyte.platform.store.jobs(JobQuery(connection_ids=(self.connection_id,)))
        return sorted(every, key=lambda job: job.job_id)

    def submit(self) -> None:
        """Make the job of a submission that was already answered."""
        with suppress(ProblemError):
            self.server.airbyte.platform.submit(self.connection_id, "sync")

    def end_job(self, status: str) -> None:
        """End the active job as a person would."""
        self.server.airbyte.platform.end_active_job(self.connection_id, status)

    def _act(self, moment: str) -> None:
        acts = self._acts.pop(moment, [])
        for act in acts:
            act(self)

    def _observe(self) -> None:
        if not self.server.airbyte.is_alive:
            return
        if self.record_starts():
            self._act(DURING)

    def record_starts(self) -> bool:
        """Record when jobs began, in the tasks' virtual time. Return whether one is active."""
        if not self.server.airbyte.is_alive:
            return False
        active = [job for job in self.jobs() if job.is_active]
        for job in active:
            self._wait_for_start(job.job_id)
            self._started_at.setdefault(job.job_id, self.clock.monotonic())
        return bool(active)

    def _wait_for_start(self, job_id: int) -> None:
        """Wait until the server's thread has started a job, so that it cannot interfere later."""
        store = self.server.airbyte.platform.store
        while job_id not in self._started_at and store.job(job_id).status == "pending":
            time.sleep(0.001)

    def _advance_jobs(self) -> None:
        if not self.server.airbyte.is_alive:
            return
        for number, job in enumerate(self.jobs()):
            if job.is_active and job.job_id in self._started_at:
                self._advance(job, number)

    def _advance(self, job: Job, number: int) -> None:
        age = self.clock.monotonic() - self._started_at[job.job_id]
        ends = self._fault.ends
        end = ends[min(number, len(ends) - 1)]
        if end is not None and age >= self._fault.job_minutes * 60:
            self._set_status(job, "running")
            self.end_job(end)
            return
        due = [status for minute, status in self._fault.statuses if age >= minute * 60]
        if due:
            self._set_status(job, due[-1])

    def _set_status(self, job: Job, status: str) -> None:
        """Set the status of a job without the work that would lead to it."""
        store = self.server.airbyte.platform.store
        if job.status != status:
            store.update_job(job.job_id, now=self.server.airbyte.platform.clock.now(), status=status)


def _in_event_loop() -> bool:
    """Whether this code runs in a triggerer, judging by a running event loop, as the provider's calls do."""
    with suppress(RuntimeError):
        return asyncio.get_running_loop() is not None
    return False
