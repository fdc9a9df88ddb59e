"""What waiting for jobs costs in each of the four modes of a sync.

    .venv/bin/python benchmarks/waiting.py [--minutes 5] [--syncs 1 100]

A real Airflow with default settings and the LocalExecutor runs on its own PostgreSQL, with a stub of Airbyte
on the loopback. For each mode and number of syncs, DAG runs start, their tasks begin to wait, and after a
warm-up a few minutes are measured and scaled to one hour. The figures of an Airflow without runs, measured
before and after, are subtracted; their difference is the noise.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from airbyte_stub import AirbyteStub
from airflow_parts import START_SECONDS, connection_id, make_home, migrate, variables, write_dag
from postgres import OBSERVER, postgres
from processes import machine
from sqlalchemy import create_engine
from waiting_table import Case, Measured, print_tables
from windows import Meter

from dag_factory.sandbox.airflow.api import AirflowApi
from dag_factory.sandbox.airflow.home import AirflowHome, components
from dag_factory.sandbox.processes.child import Child, check_alive, running, termination_as_exit, wait_until

SYNCS_OF_A_DAG = 10
MODES: dict[str, dict[str, object]] = {
    "sync": {"mode": "sync", "deferrable": False},
    "sync, deferrable": {"mode": "sync", "deferrable": True},
    "async": {"mode": "async", "deferrable": False},
    "async, deferrable": {"mode": "async", "deferrable": True},
}
# How long tasks may take to start waiting, and to notice the end of their job, in seconds.
TIMEOUT_SECONDS = 900.0
# How many active tasks wait: in a worker slot, in a triggerer, or for their next poke.
WAITING = {
    "sync": "SELECT count(*) FROM task_instance WHERE state = 'running'",
    "async": """
        SELECT count(DISTINCT i.id) FROM task_instance i JOIN task_reschedule r ON r.ti_id = i.id
        WHERE i.state IN ('up_for_reschedule', 'scheduled', 'queued', 'running')""",
}
DEFERRED = """
    SELECT count(*) FROM task_instance i JOIN trigger t ON t.id = i.trigger_id
    WHERE i.state = 'deferred' AND t.triggerer_id IS NOT NULL"""
UNFINISHED = "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')"
FAILED = "SELECT count(*) FROM task_instance WHERE state IN ('failed', 'upstream_failed', 'up_for_retry')"
KNOWN = "SELECT count(DISTINCT dag_id) FROM serialized_dag"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Everything that runs; times are in seconds."""

    children: Sequence[Child]
    api: AirflowApi
    stub: AirbyteStub
    meter: Meter
    seconds: float
    warm_up: float

    def wait_until(self, ready: Callable[[], bool], seconds: float = TIMEOUT_SECONDS) -> bool:
        """Wait for a condition; return whether it became true."""
        return wait_until(ready, self.children, timeout_seconds=seconds)

    def rest(self) -> None:
        """Wait until the load of the last step is gone."""
        time.sleep(self.warm_up)
        check_alive(self.children)


def main() -> None:
    """Measure all cases and print the tables."""
    arguments = _arguments()
    cases = [Case(mode=mode, syncs=syncs) for syncs in arguments.syncs for mode in arguments.modes]
    print(f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d %H:%M}, {machine()}")
    print(f"Each figure is {arguments.minutes:g} minutes of waiting, scaled to one hour.")
    print(f"Polls every {arguments.wait_seconds} s, DAGs of at most {SYNCS_OF_A_DAG} syncs.\n", flush=True)
    with termination_as_exit(), _started(arguments, cases) as bench:
        bench.rest()
        before = after = bench.meter.measure(bench.seconds)
        measured: list[Measured] = []
        try:
            for case in cases:
                measured.append(_measure(bench, case))
                print(f"measured: {measured[-1]}\n", flush=True)
            bench.rest()
            after = bench.meter.measure(bench.seconds)
        finally:
            # Also print what was measured before a signal or an error.
            print_tables(measured, before, after)


def _measure(bench: Bench, case: Case) -> Measured:
    """Start the runs of a case, measure while they wait, and let them end."""
    for dag_id in _dags(case):
        bench.api.trigger(dag_id)
    query = DEFERRED if MODES[case.mode]["deferrable"] else WAITING[case.mode]
    bench.wait_until(lambda: bench.meter.value(query) >= case.syncs)
    bench.rest()
    waiting = bench.meter.value(query)
    window = bench.meter.measure(bench.seconds)
    began = time.monotonic()
    bench.stub.jobs.end_all()
    bench.wait_until(lambda: bench.meter.value(UNFINISHED) == 0)
    ended = time.monotonic() - began
    measured = Measured(
        case=case, window=window, waiting=waiting, end_seconds=ended, failed=bench.meter.value(FAILED)
    )
    bench.rest()
    return measured


def _dags(case: Case) -> dict[str, range]:
    """Return the DAGs of a case and the numbers of their syncs."""
    name = case.mode.replace(", ", "_")
    return {
        f"{name}_{case.syncs}_{first}": range(first, min(first + SYNCS_OF_A_DAG, case.syncs))
        for first in range(0, case.syncs, SYNCS_OF_A_DAG)
    }


@contextlib.contextmanager
def _started(arguments: argparse.Namespace, cases: Sequence[Case]) -> Iterator[Bench]:
    """Start the stub, the database and Airflow, and wait until Airflow has read all DAGs."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waiting-")))
        stub = stack.enter_context(AirbyteStub(arguments.latency).started())
        server = stack.enter_context(postgres())
        home = make_home(folder)
        dags = _write_dags(home, cases, arguments.wait_seconds)
        slots = {"AIRFLOW__CORE__PARALLELISM": str(max(case.syncs for case in cases) + SYNCS_OF_A_DAG)}
        environment = variables(home, server.address, stub.url, **slots)
        migrate(home, environment)
        children = stack.enter_context(running(components(home, environment)))
        api = stack.enter_context(AirflowApi(home.url))
        engine = create_engine(server.address_of(OBSERVER), isolation_level="AUTOCOMMIT")
        stack.callback(engine.dispose)
        processes = {
            child.command.name.removeprefix("Airflow's "): psutil.Process(child.pid).children()[0]
            for child in children
        }
        bench = Bench(
            children=[server.child, *children],
            api=api,
            stub=stub,
            meter=Meter(processes, psutil.Process(server.child.pid), engine, stub),
            seconds=arguments.minutes * 60,
            warm_up=arguments.warm_up,
        )
        _wait_for_airflow(bench, dags)
        yield bench


def _write_dags(home: AirflowHome, cases: Sequence[Case], wait_seconds: int) -> int:
    """Write the DAGs of all cases; return how many there are."""
    dags = [(case, *each) for case in cases for each in _dags(case).items()]
    for number, (case, dag_id, numbers) in enumerate(dags):
        syncs = [connection_id(1 + number * SYNCS_OF_A_DAG + each) for each in range(len(numbers))]
        sync = {**MODES[case.mode], "wait_seconds": wait_seconds, "timeout": "12h"}
        write_dag(home, dag_id, syncs, **sync)
    return len(dags)


def _wait_for_airflow(bench: Bench, dags: int) -> None:
    """Wait until Airflow is healthy and has parsed this many DAGs; fails if that takes too long."""
    is_ready = bench.wait_until(bench.api.is_healthy, START_SECONDS)
    if not is_ready or not bench.wait_until(lambda: bench.meter.value(KNOWN) == dags, START_SECONDS):
        bench.children[1].fail("was not ready with all DAGs in time")
    bench.api.log_in()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure what waiting for jobs costs")
    parser.add_argument("--minutes", type=float, default=5.0, help="minutes measured of each (default: 5)")
    parser.add_argument("--warm-up", type=float, default=60.0, help="seconds before each (default: 60)")
    parser.add_argument("--wait-seconds", type=int, default=30, help="seconds between polls (default: 30)")
    parser.add_argument("--syncs", type=int, nargs="+", default=[1, 100], help="how many (default: 1 100)")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES), help="default: all")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of an answer (default: 0.05)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
