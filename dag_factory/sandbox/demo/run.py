"""The demo: run every DAG once on a real Airflow, and show the results in a table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from dag_factory.sandbox.airbyte import AirbyteApi, Job
from dag_factory.sandbox.airflow.model import DagImportError
from dag_factory.sandbox.configuration import Expected, Options, read_expected
from dag_factory.sandbox.console import Console
from dag_factory.sandbox.demo.polling import find_job, run_all, wait_for_dags
from dag_factory.sandbox.demo.progress import Progress
from dag_factory.sandbox.demo.results import Sync, failures, missing, rows, syncs, table
from dag_factory.sandbox.loopback import free_port
from dag_factory.sandbox.stack import Plan, Stack, stack
from dag_factory.sandbox.workspace import workspace

PARSE_SECONDS = 60.0


def run_demo(options: Options, console: Console, *, timeout_seconds: float) -> bool:
    """Start everything, run every DAG once, show the results, and return whether all succeeded."""
    begin = time.monotonic()
    with workspace(options.work / "demo", is_fresh=True) as folder:
        plan = Plan(
            options=options,
            expected=read_expected(options),
            folder=folder,
            port=free_port(),
            paused_at_creation=True,
        )
        with stack(plan, console) as running:
            console.line(f"Airflow is ready after {time.monotonic() - begin:.0f} s: {running.home.url}")
            has_succeeded = _run_all(running, plan.expected, console, timeout_seconds)
    console.line(f"done after {time.monotonic() - begin:.0f} s")
    return has_succeeded


def _run_all(running: Stack, expected: Expected, console: Console, timeout_seconds: float) -> bool:
    airflow, children = running.airflow, running.children
    loaded = wait_for_dags(airflow, expected, children, console, timeout_seconds=PARSE_SECONDS)
    console.line(f"{len(loaded.dags)} DAGs: {', '.join(dag.dag_id for dag in loaded.dags)}")
    _show_import_errors(loaded.import_errors, console)
    progress = run_all(airflow, loaded.dags, children, console, timeout_seconds=timeout_seconds)
    if not progress.is_finished:
        console.event(f"not all runs finished within {timeout_seconds:.0f} s")
    errors = airflow.import_errors()
    _show_import_errors([error for error in errors if error not in loaded.import_errors], console)
    return _show_outcome(running, progress, expected, errors, console)


def _show_import_errors(errors: Iterable[DagImportError], console: Console) -> None:
    for error in errors:
        console.line(f"import error in {error.file}:")
        for line in error.text.rstrip().splitlines():
            console.line(f"  {line}".rstrip())


def _show_outcome(
    running: Stack,
    progress: Progress,
    expected: Expected,
    errors: Sequence[DagImportError],
    console: Console,
) -> bool:
    """Show the table and the failures; return whether there are none."""
    console.line()
    for line in table(rows(progress, _with_jobs(running, syncs(progress, expected.modes)))):
        console.line(line)
    console.line()
    problems = [
        *failures(progress),
        *missing(progress, expected.dag_ids),
        *(f"import error in {error.file}, see above" for error in errors),
    ]
    for problem in problems:
        console.line(f"FAILED  {problem}")
    console.line(f"rows are in {running.data}, task logs in {running.home.folder / 'logs'}")
    return not problems


def _with_jobs(running: Stack, found: Sequence[Sync]) -> list[tuple[Sync, Job | None]]:
    with AirbyteApi(running.airbyte) as airbyte:
        return [(sync, find_job(sync, running.airflow, airbyte)) for sync in found]
