"""The demo: every DAG runs once on the real Airflow, and a table shows what came of it.

Only `cli` imports it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from dag_factory.sandbox.airbyte import AirbyteApi, Job
from dag_factory.sandbox.airflow.model import ImportProblem
from dag_factory.sandbox.configuration import Expected, Options, read_expected
from dag_factory.sandbox.console import Console
from dag_factory.sandbox.demo.polling import find_job, run_all, wait_for_dags
from dag_factory.sandbox.demo.progress import Progress
from dag_factory.sandbox.demo.results import (
    Sync,
    failures,
    missing,
    rows,
    syncs,
    table,
)
from dag_factory.sandbox.loopback import free_port
from dag_factory.sandbox.stack import Plan, Stack, stack
from dag_factory.sandbox.workspace import workspace

PARSE_SECONDS = 60.0


def demonstrate(options: Options, console: Console, *, timeout_seconds: float) -> bool:
    """Start everything, run every DAG once, show it, and return whether all has gone well."""
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
            is_well = _run_all(running, plan.expected, console, timeout_seconds)
    console.line(f"done after {time.monotonic() - begin:.0f} s")
    return is_well


def _run_all(running: Stack, expected: Expected, console: Console, timeout_seconds: float) -> bool:
    airflow, children = running.airflow, running.children
    parsed = wait_for_dags(airflow, expected, children, console, timeout_seconds=PARSE_SECONDS)
    console.line(f"{len(parsed.dags)} DAGs: {', '.join(dag.dag_id for dag in parsed.dags)}")
    _show_problems(parsed.problems, console)
    progress = run_all(airflow, parsed.dags, children, console, timeout_seconds=timeout_seconds)
    if not progress.is_finished:
        console.event(f"not all runs have ended within {timeout_seconds:.0f} s")
    problems = airflow.import_problems()
    _show_problems([problem for problem in problems if problem not in parsed.problems], console)
    return _show_outcome(running, progress, expected, problems, console)


def _show_problems(problems: Iterable[ImportProblem], console: Console) -> None:
    for problem in problems:
        console.line(f"import error in {problem.file}:")
        for line in problem.text.rstrip().splitlines():
            console.line(f"  {line}".rstrip())


def _show_outcome(
    running: Stack,
    progress: Progress,
    expected: Expected,
    problems: Sequence[ImportProblem],
    console: Console,
) -> bool:
    """Show the table and what has failed; return whether nothing has."""
    console.line()
    for line in table(rows(progress, _with_jobs(running, syncs(progress, expected.modes)))):
        console.line(line)
    console.line()
    faults = [
        *failures(progress),
        *missing(progress, expected.dag_ids),
        *(f"import error in {problem.file}, see above" for problem in problems),
    ]
    for fault in faults:
        console.line(f"FAILED  {fault}")
    console.line(f"rows are in {running.data}, logs of the tasks in {running.home.folder / 'logs'}")
    return not faults


def _with_jobs(running: Stack, found: Sequence[Sync]) -> list[tuple[Sync, Job | None]]:
    with AirbyteApi(running.airbyte) as airbyte:
        return [(sync, find_job(sync, running.airflow, airbyte)) for sync in found]
