"""One case: a fault, a mode, and whose operators are to stand it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

import httpx
from airflow.providers.common.compat.sdk import DAG

from dag_factory.airbyte.effects import Request, Response
from dag_factory.airbyte.http import worker_client
from tests.faults.faults import Fault, Outcome
from tests.faults.lab import Lab, Server
from tests.faults.runs import Run
from tests.faults.virtual_clock import virtual_time_in_airbyte, virtual_time_in_airflow

Answer = TypeVar("Answer")


class Subject(Protocol):
    """The operators under test."""

    def make_dag(self, lab: Lab, fault: Fault, mode: str, dag_id: str) -> DAG:
        """Make the DAG of a case."""

    def at_speed(self, lab: Lab) -> AbstractContextManager[None]:
        """Make the operators wait in the lab's virtual time."""


def outcome_of_case(server: Server, fault: Fault, mode: str, subject: Subject) -> Outcome:
    """Run a case and return its outcome; the server runs again afterwards."""
    lab, run = run_case(server, fault, mode, subject)
    return _outcome(lab, run)


def run_case(server: Server, fault: Fault, mode: str, subject: Subject) -> tuple[Lab, Run]:
    """Run a case and return its lab and run for inspection."""
    with prepared_lab(server, fault, subject) as lab:
        run = Run(subject.make_dag(lab, fault, mode, f"d{lab.connection_id}"), lab)
        run.finish()
        for _ in range(fault.clears):
            run.clear()
            run.finish()
    return lab, run


@contextmanager
def prepared_lab(server: Server, fault: Fault, subject: Subject) -> Iterator[Lab]:
    """Yield a lab with a fault; until the block ends, all waits are in its virtual time."""
    lab = Lab(server, fault)
    lab.prepare()
    with (
        lab.connection(),
        _watched_calls(lab),
        virtual_time_in_airflow(lab.clock),
        virtual_time_in_airbyte(lab.clock),
        subject.at_speed(lab),
    ):
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
    # A job that is left would run forever.
    lab.end_job("cancelled")
    return outcome


@contextmanager
def _watched_calls(lab: Lab) -> Iterator[None]:
    """Report a worker's calls to Airbyte to the lab, from our client or the provider's."""
    ours, theirs = worker_client.ThreadClient.send, httpx.Client.send

    def send_ours(client: worker_client.ThreadClient, request: Request) -> Response:
        return _watched(lab, request.method, request.url, lambda: ours(client, request))

    def send_theirs(client: httpx.Client, request: httpx.Request, **options: object) -> httpx.Response:
        return _watched(lab, request.method, str(request.url), lambda: theirs(client, request, **options))

    with (
        patch.object(worker_client.ThreadClient, "send", send_ours),
        patch.object(httpx.Client, "send", send_theirs),
    ):
        yield


def _watched(lab: Lab, method: str, url: str, send: Callable[[], Answer]) -> Answer:
    if not url.startswith(lab.server.airbyte.url):
        return send()
    path = urlsplit(url).path.rsplit("/v1/", 1)[-1]
    lab.before_call(method, path)
    answer = send()
    lab.after_call(method, path)
    return answer
