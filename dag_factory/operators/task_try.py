"""One try of a task in a worker: runs its protocols, and cancels what they started when it is killed."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NoReturn, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException

from dag_factory.airbyte import clock, drivers
from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Connection, Job
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.cancel_process import payload_of
from dag_factory.airbyte.drivers import EffectHandlers
from dag_factory.airbyte.effects import Effects, Log, Request
from dag_factory.airbyte.http import worker_client
from dag_factory.airbyte.state import SyncState
from dag_factory.airbyte.sync import lifecycle
from dag_factory.airbyte.sync.errors import JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.sync.types import SyncContext, SyncRequest, Target
from dag_factory.operators.task_state import TaskState

T = TypeVar("T")

# How many seconds a killed task waits for its sync to be cancelled. Airflow 3 sends SIGKILL 5 seconds after
# SIGTERM (`airflow/sdk/execution_time/supervisor.py`, `escalation_delay`).
KILL_SECONDS = 3.0


class TaskTry:
    """Runs protocols for a task and stores the state that they save. `undo` is for a task that is killed.

    `find_access` looks up the Airflow connection when the first protocol needs it.
    """

    def __init__(
        self,
        find_access: Callable[[], Access],
        connection_id: str,
        log: logging.Logger,
        task_state: TaskState,
    ) -> None:
        self.task_state = task_state
        self._connection_id = connection_id
        self._find_access = find_access
        self._log = log
        self._handlers = EffectHandlers(log=self._write, save_state=self._save)
        self._is_killed = False

    @cached_property
    def access(self) -> Access:
        """The server's URL and credentials, looked up once; raises SyncError, or what Airflow raises."""
        return self._find_access()

    @cached_property
    def context(self) -> SyncContext:
        """What the protocols of this try work with; raises what `access` raises."""
        real = clock.SYSTEM_CLOCK
        return SyncContext(
            api=Api(self.access, TokenCache(real.monotonic)),
            clock=real.monotonic,
            jitter=real.jitter,
            first_pause=lambda seconds: seconds,
            connection=self.connection,
            page=self.task_state.record.page,
        )

    @property
    def connection(self) -> Connection:
        """The Airbyte connection, as far as this or an earlier try knows it."""
        return Connection(connection_id=self._connection_id, name=self.task_state.record.name)

    @property
    def page(self) -> str | None:
        """The connection's page in Airbyte, once it is known."""
        return self.task_state.record.page

    def run(self, make: Callable[[SyncContext], Effects[T]]) -> T:
        """Run a protocol to its end.

        Raises AirflowSkipException, or AirflowException with the error and the connection's page.
        """
        with self._airflow_exceptions(), worker_client.open_worker_client(self.access) as client:
            try:
                return drivers.run_blocking(
                    make(self.context), client, self._handlers, clock.SYSTEM_CLOCK.sleep
                )
            finally:
                self._note_connection()

    def finish(self, request: SyncRequest, ended: Target) -> Job:
        """Return an ended job as the result, without a call; raises AirflowException if it failed."""
        with self._airflow_exceptions():
            protocol = lifecycle.finish(self.connection.label, request, ended)
            return drivers.run_blocking(protocol, _NoCalls(), self._handlers, clock.SYSTEM_CLOCK.sleep)

    def with_page(self, text: str) -> str:
        """Add the connection's page to an error, on a line of its own."""
        return f"{text}\n{self.page}" if self.page else text

    def undo(self, *, cancels: bool) -> None:
        """Start nothing more and, if it `cancels`, cancel what this task has started; for `on_kill`.

        `on_kill` may interrupt any code. It must not call Airflow: another call may be in progress, and a
        second one would block forever. A separate process does the work, since this one has only a few
        seconds left.
        """
        self._is_killed = True
        state = self.task_state.record.state
        if not cancels or "access" not in self.__dict__ or not (state.may_cancel or state.is_submitting):
            return
        process = start_cancel_process(json.dumps(payload_of(self.access, self.connection, state)))
        try:
            printed, _ = process.communicate(timeout=KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._log.info("Process %s continues to cancel the sync", process.pid)
        else:
            self._log.info("%s", printed.strip())

    @contextmanager
    def _airflow_exceptions(self) -> Iterator[None]:
        try:
            yield
        except SyncSkipped as skipped:
            raise AirflowSkipException(str(skipped)) from None
        except (JobEndedError, JobTimedOutError, SyncError, ApiError) as error:
            # Airflow logs the exception below its own traceback, where few people find it.
            for line in self.with_page(str(error)).splitlines():
                self._log.error("%s", line)
            raise AirflowException(self.with_page(str(error))) from None

    def _write(self, line: Log) -> None:
        self._log.log(line.level, "%s", line.text)

    def _save(self, state: SyncState) -> None:
        if self._is_killed:
            # Airflow 3 lets a task run for 5 more seconds. Nobody would cancel what it submits now.
            message = "the task was ended: it starts nothing more"
            raise SyncError(message)
        self._note_connection()
        self.task_state.update(state=state)

    def _note_connection(self) -> None:
        """Note what a protocol has learned about the connection."""
        if "context" in self.__dict__:
            self.task_state.note_connection(name=self.context.connection.name, page=self.context.page)


class _NoCalls:
    """The client of a protocol that makes no call."""

    def send(self, request: Request) -> NoReturn:
        message = f"unexpected {request.method}"
        raise AssertionError(message)


def start_cancel_process(text: str) -> subprocess.Popen[str]:
    """Start the process that cancels what a payload names; it outlives this one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dag_factory.airbyte.cancel_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Airflow ends the whole process group of a task.
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 (asked for above)
    process.stdin.write(text)
    process.stdin.close()
    process.stdin = None  # `communicate` would write to it
    return process
