"""Many syncs at once: with two worker slots, and in a pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.airflow_processes.airflow import SLOTS
from tests.airflow_processes.samples import sampled
from tests.airflow_processes.scenes import MODES, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

T = TypeVar("T")
SYNCS = 50
# Longer than two slots need to start all syncs.
JOB_SECONDS = 100.0
POOL_SLOTS, POOL_SYNCS = 2, 6
# How many jobs of six syncs in a pool of two slots are active at once: without and with deferred tasks
# counting in the pool.
MOST_ACTIVE = {
    "sync": (2, 2),
    "sync deferrable": (6, 2),
    "async": (6, 6),
    "async deferrable": (6, 6),
}


def part_of(item):
    return (test_fifty_syncs_in_two_slots, test_the_jobs_that_a_pool_limits).index(item.function) + 1


@pytest.fixture
def two_slots(lab):
    """Limit all of Airflow to two worker slots."""
    lab.airflow.end("scheduler")
    lab.airflow.start("scheduler", AIRFLOW__CORE__PARALLELISM="2")
    lab.airflow.wait_until_healthy()
    yield
    lab.airflow.end("scheduler")
    lab.airflow.start("scheduler", AIRFLOW__CORE__PARALLELISM=str(SLOTS))
    lab.airflow.wait_until_healthy()


@pytest.mark.usefixtures("two_slots")
def test_fifty_syncs_in_two_slots(lab, report):
    connections = [lab.make_connection(f"many-{number}") for number in range(SYNCS)]
    for connection in connections:
        lab.script(connection, seconds=JOB_SECONDS)
    syncs = {
        f"load_{number}": {"connection_id": connection, **MODES["sync deferrable"]}
        for number, connection in enumerate(connections)
    }
    lab.write("many", syncs)
    lab.wait_for_dags(["many"])
    lab.admin("DELETE", "/counters")
    began = time.monotonic()
    with sampled(lambda: active(lab, connections)) as samples:
        lab.api.start_run("many")
        ended = lambda: lab.airflow.database.count("many", "success") == SYNCS  # noqa: E731
        wait_for(ended, "all have succeeded", lambda: str(samples[-1:]), seconds=600)
    seconds = time.monotonic() - began
    calls = sum(sum(counts.values()) for counts in lab.admin("GET", "/counters")["requests"].values())
    report(
        f"{SYNCS} syncs of {JOB_SECONDS:.0f} s, two worker slots: {seconds:.0f} s, "
        f"at most {max(samples)} jobs active, {calls} calls of the API, {calls / seconds:.1f} a second"
    )
    assert [job.status for job in lab.jobs(*connections)] == ["succeeded"] * SYNCS
    assert max(samples) == SYNCS


def test_the_jobs_that_a_pool_limits(lab, report):
    made = {}
    for mode in MODES:
        for include_deferred in (False, True):
            name = f"pool_{mode}_{include_deferred}".replace(" ", "_").lower()
            lab.api.make_pool(name, POOL_SLOTS, include_deferred=include_deferred)
            made[mode, include_deferred] = name, write_dag_in_pool(lab, name, mode)
    lab.wait_for_dags(name for name, _ in made.values())
    runs = {name: lab.api.start_run(name) for name, _ in made.values()}
    seen = steady(lambda: {key: active(lab, connections) for key, (_, connections) in made.items()})
    for name, run_id in runs.items():
        lab.api.fail_run(name, run_id)
    most = {mode: (seen[mode, False], seen[mode, True]) for mode in MODES}
    for mode, (without, with_deferred) in most.items():
        report(
            f"{POOL_SYNCS} syncs, {mode}, pool of {POOL_SLOTS}: {without} jobs active; "
            f"{with_deferred} with include_deferred"
        )
    assert most == MOST_ACTIVE


def write_dag_in_pool(lab, name: str, mode: str) -> list[str]:
    """Write a DAG of syncs whose jobs never end; return their connections."""
    connections = [lab.make_connection(f"{name}-{number}") for number in range(POOL_SYNCS)]
    for connection in connections:
        lab.script(connection, end="hang")
    common = {**MODES[mode], "pool": name, "wait_seconds": 30}
    syncs = {
        f"load_{number}": {"connection_id": connection, **common}
        for number, connection in enumerate(connections)
    }
    lab.write(name, syncs)
    return connections


def active(lab, connections: list[str]) -> int:
    return sum(job.is_active for job in lab.jobs(*connections))


def steady(measure: Callable[[], T], seconds: float = 30.0) -> T:
    """Return a measured value once it has not changed for some seconds."""
    last, since = measure(), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.5)
        if (now := measure()) != last:
            last, since = now, time.monotonic()
    return last
