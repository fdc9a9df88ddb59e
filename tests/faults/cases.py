"""One case: a fault, a mode, and whose operators are to stand it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Protocol
from unittest.mock import patch

import httpx
from airflow.sdk import DAG

from tests.faults.faults import Fault, Outcome
from tests.faults.lab import Lab, Server
from tests.faults.runs import Run


class Subject(Protocol):
    """Operators to be put to the test."""

    def make_dag(self, lab: Lab, fault: Fault, mode: str, dag_id: str) -> DAG:
        """Make the DAG of a case."""

    def at_pace(self, lab: Lab) -> AbstractContextManager[None]:
        """Let its waits be those of the lab."""


def carry_out(server: Server, fault: Fault, mode: str, subject: Subject) -> Outcome:
    """Run a case; the server is up again afterwards."""
    lab, run = carried_out(server, fault, mode, subject)
    return _outcome(lab, run)


def carried_out(server: Server, fault: Fault, mode: str, subject: Subject) -> tuple[Lab, Run]:
    """Run a case; gives what is left to look at."""
    with prepared(server, fault, subject) as lab:
        run = Run(subject.make_dag(lab, fault, mode, f"d{lab.connection_id}"), lab)
        run.finish()
        for _ in range(fault.clears):
            run.clear()
            run.finish()
    return lab, run


@contextmanager
def prepared(server: Server, fault: Fault, subject: Subject) -> Iterator[Lab]:
    """Make a lab with a fault; as long as it is open, whatever waits does so by its hours."""
    lab = Lab(server, fault)
    lab.prepare()
    with lab.connection(), _watched_calls(lab), _hours_of_sensors(lab), subject.at_pace(lab):
        yield lab


def _outcome(lab: Lab, run: Run) -> Outcome:
    jobs = lab.jobs()
    states = run.states()
    last = next(state for task_id, (state, _) in states.items() if not task_id.endswith("trigger"))
    outcome = Outcome(
        jobs=sum(job.started_by != "person" for job in jobs),
        left=sum(job.is_active for job in jobs),
        state="failed" if last == "upstream_failed" else last,
        tries=max(tries for _, tries in states.values()),
    )
    # What is left would go on for ever.
    lab.end_job("cancelled")
    return outcome


@contextmanager
def _watched_calls(lab: Lab) -> Iterator[None]:
    """Tell the lab of the calls that a worker makes to Airbyte."""
    send = httpx.Client.send

    def watched(client: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        is_airbyte = str(request.url).startswith(lab.server.airbyte.url)
        path = request.url.path.rsplit("/v1/", 1)[-1]
        if is_airbyte:
            lab.calling(request.method, path)
        response = send(client, request, **options)
        if is_airbyte:
            lab.called(request.method, path)
        return response

    with patch.object(httpx.Client, "send", watched):
        yield


@contextmanager
def _hours_of_sensors(lab: Lab) -> Iterator[None]:
    """Let Airflow's sensors go by the lab's clock, which says when the next look is due."""
    with patch("airflow.sdk.bases.sensor.timezone", SimpleNamespace(utcnow=lab.hours.today)):
        yield
