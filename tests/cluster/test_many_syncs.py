"""Five hundred syncs in all modes, while a worker and a triggerer are killed and not restarted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from dag_factory.local_airbyte.model.job import Job
from tests.airflow_processes.samples import sampled
from tests.airflow_processes.scenes import MODES, Lab, wait_for
from tests.cluster.cluster import TRIGGERERS, WORKERS
from tests.cluster.estate import Estate
from tests.cluster.load import measure, table_rows

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(2400)]

DAGS, SYNCS_OF_A_DAG = 100, 5
SYNCS = DAGS * SYNCS_OF_A_DAG
JOB_SECONDS = 4.0
# The components are killed when this many jobs exist.
MIDDLE = SYNCS // 3
TIMEOUT_SECONDS = 1800.0
RETRIES = "SELECT sum(try_number - 1) FROM task_instance WHERE dag_id = ANY(%s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Killing:
    """The killed components: seconds since the start, and what the worker and the triggerer were running."""

    after: float
    tasks: int
    triggers: int

    def __str__(self) -> str:
        worker = f"a worker of {len(WORKERS)} with {self.tasks} tasks"
        triggerer = f"a triggerer of {len(TRIGGERERS)} with {self.triggers} triggers"
        return f"{worker} and {triggerer}, after {self.after:.0f} s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """The numbers of created, lost and duplicate jobs."""

    made: int
    lost: int
    duplicated: int


def test_five_hundred_syncs(lab, estate, report):
    connections = write_estate(lab, estate)
    lab.admin("DELETE", "/counters")
    began = time.monotonic()
    with sampled(lambda: measure(lab), every=1.0) as loads:
        for dag_id in estate_ids():
            lab.api.start_run(dag_id)
        wait_for(
            lambda: len(lab.jobs(*connections)) >= MIDDLE, "the middle has come", seconds=TIMEOUT_SECONDS
        )
        wait_for(lambda: lab.airflow.is_busy(WORKERS[0], TRIGGERERS[0]), "there is something to lose")
        killing = kill_some(lab, began)
        wait_for(lambda: not states(lab, "running", "queued"), "all runs have ended", seconds=TIMEOUT_SECONDS)
    seconds = time.monotonic() - began
    balance = balance_of(lab.jobs(*connections))
    for name, value in {
        "syncs": f"{SYNCS} in {DAGS} DAGs, each of {JOB_SECONDS:.0f} s",
        "time": f"{seconds:.0f} s",
        "killed": str(killing),
        "jobs made": balance.made,
        "lost": balance.lost,
        "duplicated": balance.duplicated,
        "retries": lab.airflow.database.value(RETRIES, estate_ids()),
        **table_rows(loads),
    }.items():
        report(f"{name:26} {value}")
    assert balance == Balance(made=SYNCS, lost=0, duplicated=0)
    assert states(lab, "success") == DAGS


def write_estate(lab: Lab, estate: Estate) -> list[str]:
    """Write DAGs of all modes, wait until Airflow has read them, and return their connections."""
    connections = [lab.make_connection(f"estate-{number}") for number in range(SYNCS)]
    for connection in connections:
        lab.script(connection, seconds=JOB_SECONDS)
    modes = list(MODES.values())
    for number, dag_id in enumerate(estate_ids()):
        own = connections[number * SYNCS_OF_A_DAG : (number + 1) * SYNCS_OF_A_DAG]
        syncs = {
            f"load_{place}": {"connection_id": connection, "retries": 2, **modes[number % len(modes)]}
            for place, connection in enumerate(own)
        }
        lab.write(dag_id, syncs)
    estate.publish()
    lab.wait_for_dags(estate_ids())
    return connections


def estate_ids() -> list[str]:
    return [f"estate_{number:03}" for number in range(DAGS)]


def states(lab: Lab, *names: str) -> int:
    """Return how many runs of the estate are in one of these states."""
    query = "SELECT count(*) FROM dag_run WHERE dag_id = ANY(%s) AND state = ANY(%s)"
    return lab.airflow.database.value(query, estate_ids(), list(names))


def kill_some(lab: Lab, began: float) -> Killing:
    """Kill a worker with all its tasks and a triggerer, and do not restart them."""
    cluster = lab.airflow
    tasks, triggers = cluster.tasks(WORKERS[0]), cluster.triggers(TRIGGERERS[0])
    cluster.kill(WORKERS[0])
    cluster.kill(TRIGGERERS[0])
    return Killing(after=time.monotonic() - began, tasks=tasks, triggers=triggers)


def balance_of(jobs: Sequence[Job]) -> Balance:
    """Count jobs: a sync without a successful one is lost, and each job beyond its first is a duplicate."""
    made = Counter(job.connection_id for job in jobs)
    succeeded = {job.connection_id for job in jobs if job.status == "succeeded"}
    return Balance(
        made=made.total(), lost=SYNCS - len(succeeded), duplicated=sum(number - 1 for number in made.values())
    )
