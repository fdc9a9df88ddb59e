"""One try of a task in a worker: runs its protocols and undoes them; the operators import this."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException

from dag_factory.airbyte import pace
from dag_factory.airbyte.api import Access, Api
from dag_factory.airbyte.drivers import Surroundings, run_blocking
from dag_factory.airbyte.errors import ApiError, JobEndedError, JobTimedOutError, SyncError, SyncSkipped
from dag_factory.airbyte.exchange import Protocol, Remember
from dag_factory.airbyte.pages import find_page
from dag_factory.airbyte.terms import Means
from dag_factory.airbyte.undoing import order

T = TypeVar("T")

# How long a killed task waits for its sync to be cancelled. Airflow 3 leaves 5 seconds between the signal to
# end and the one that cannot be caught (`airflow/sdk/execution_time/supervisor.py`, `escalation_delay`).
KILL_SECONDS = 3.0


class Attempt:
    """Runs protocols for a task, keeps what they remember, and can undo it when the task is killed.

    `keep` stores the facts of a start where a later try can find them; `facts` are those of this try.
    """

    def __init__(
        self,
        access: Access,
        connection_id: str,
        log: logging.Logger,
        keep: Callable[[Mapping[str, int]], None],
        facts: Mapping[str, int] | None = None,
    ) -> None:
        self.facts = dict(facts or {})
        self.page: str | None = None
        self._pace = pace.REAL
        self.means = Means(
            api=Api(access, self._pace.clock), clock=self._pace.clock, spread=self._pace.spread
        )
        self._access = access
        self._connection_id = connection_id
        self._log = log
        self._keep = keep
        self._surroundings = Surroundings(say=log.info, remember=self._on_remember)

    def run(self, protocol: Protocol[T]) -> T:
        """Run a protocol to its end; raises AirflowException with a line of text, or AirflowSkipException."""
        try:
            return run_blocking(protocol, self._access, self._surroundings, self._pace.sleep)
        except SyncSkipped as skipped:
            raise AirflowSkipException(str(skipped)) from None
        except (JobEndedError, JobTimedOutError) as error:
            raise AirflowException(self.with_page(str(error))) from None
        except (SyncError, ApiError) as error:
            raise AirflowException(str(error)) from None

    def find_page(self) -> None:
        """Look up the connection's page in Airbyte, once."""
        if self.page is None:
            self.page = self.run(find_page(self.means, self._access.host, self._connection_id))

    def with_page(self, text: str) -> str:
        """Add the page to look at to what is said of a job."""
        return f"{text}; see {self.page}" if self.page else text

    def undo(self) -> None:
        """Cancel what this try has started; for `on_kill`, which runs in the midst of anything.

        It asks Airflow nothing: a call to it may be under way, and a second one would wait for ever. The
        work is done by a process of its own, since this one has a few seconds left.
        """
        if "job" not in self.facts and ("seen" not in self.facts or "adopted" in self.facts):
            return
        words = json.dumps(order(self._access, self._connection_id, self.facts))
        process = _start_undoing()
        try:
            told, _ = process.communicate(words, timeout=KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._log.info("Process %s goes on cancelling the sync", process.pid)
        else:
            self._log.info("%s", told.strip())

    def remember(self, facts: Mapping[str, int]) -> None:
        """Add to the facts what a trigger has remembered."""
        if facts:
            self._on_remember(Remember(facts=facts))

    def _on_remember(self, effect: Remember) -> None:
        self.facts = effect.onto(self.facts)
        self._keep(self.facts)


def _start_undoing() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dag_factory.airbyte.undoing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Airflow ends the whole process group of a task.
        start_new_session=True,
    )
