"""Polls Airflow until it has loaded all DAGs, and until each has run once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dag_factory.sandbox.airbyte import AirbyteApi, Job
from dag_factory.sandbox.airflow.api import AirflowApi, RefusedError
from dag_factory.sandbox.airflow.model import Dag, DagImportError
from dag_factory.sandbox.configuration import Expected
from dag_factory.sandbox.console import Console
from dag_factory.sandbox.demo.progress import Change, Progress, advance, changes, due, to_pause
from dag_factory.sandbox.demo.results import Sync, job_of
from dag_factory.sandbox.processes.child import Child, check_alive, wait_until

POLL_SECONDS = 1.0
# DAG files are read in parallel, and the first DAGs appear before the last file is read.
UNCHANGED_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedDags:
    """The DAGs and import errors that Airflow has read from the DAG files."""

    dags: tuple[Dag, ...] = ()
    import_errors: tuple[DagImportError, ...] = ()


def wait_for_dags(
    api: AirflowApi,
    expected: Expected,
    children: Sequence[Child],
    console: Console,
    *,
    timeout_seconds: float,
) -> LoadedDags:
    """Wait until Airflow has read all DAG files; after the timeout, return what it has read so far."""
    latest, since = LoadedDags(), time.monotonic()

    def is_settled() -> bool:
        nonlocal latest, since
        loaded = LoadedDags(dags=tuple(api.dags()), import_errors=tuple(api.import_errors()))
        if loaded != latest:
            latest, since = loaded, time.monotonic()
        return _is_complete(latest, expected) and time.monotonic() - since >= UNCHANGED_SECONDS

    tick = console.waiting("waiting for Airflow to read the DAGs")
    wait_until(is_settled, children, timeout_seconds=timeout_seconds, tick=tick)
    return latest


def run_all(
    api: AirflowApi,
    dags: Sequence[Dag],
    children: Sequence[Child],
    console: Console,
    *,
    timeout_seconds: float,
) -> Progress:
    """Unpause all DAGs; return when each has run once, or after the timeout."""
    progress = Progress(dags=tuple(dags))
    deadline = time.monotonic() + timeout_seconds
    api.unpause_all()
    while not progress.is_finished and time.monotonic() < deadline:
        check_alive(children)
        progress = _step(api, progress, console)
        time.sleep(POLL_SECONDS)
    return progress


def find_job(sync: Sync, api: AirflowApi, airbyte: AirbyteApi) -> Job | None:
    """Return the Airbyte job of a sync, or None if it did not get so far."""
    if sync.connection_id is None:
        return None
    return job_of(sync, api.xcom(sync.submitting_task), airbyte.jobs(sync.connection_id))


def _is_complete(loaded: LoadedDags, expected: Expected) -> bool:
    """Return whether all expected DAGs and errors are there; with neither, nothing has been read yet."""
    if not loaded.dags and not loaded.import_errors:
        return False
    has_errors = bool(loaded.import_errors) or not expected.has_errors_in_config
    return has_errors and expected.dag_ids <= {dag.dag_id for dag in loaded.dags}


def _step(api: AirflowApi, before: Progress, console: Console) -> Progress:
    now = time.monotonic()
    after = advance(before, api.snapshot(), now)
    for change in changes(before, after):
        console.event(_describe(change))
    pausing = to_pause(after)
    for dag_id in pausing:
        api.pause(dag_id)
    return replace(_trigger(api, after, due(after, now), console), paused=after.paused | set(pausing))


def _trigger(api: AirflowApi, progress: Progress, dag_ids: Sequence[str], console: Console) -> Progress:
    refused = set()
    for dag_id in dag_ids:
        try:
            api.trigger(dag_id)
        except RefusedError as error:
            refused.add(dag_id)
            console.event(f"{dag_id}  cannot be triggered: {error}")
    return replace(progress, triggered=progress.triggered | set(dag_ids), refused=progress.refused | refused)


def _describe(change: Change) -> str:
    name = f"{change.dag_id}.{change.task_id}" if change.task_id else change.dag_id
    return f"{name}  {change.state}"
