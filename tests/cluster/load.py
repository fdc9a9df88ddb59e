"""The load on a cluster and on Airbyte's API."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from dag_factory.local_airbyte.model.job_query import JobQuery
from tests.airflow_processes.scenes import Lab
from tests.cluster.cluster import SLOTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """The load at a moment, and the number of API calls so far."""

    moment: float
    slots: int
    active_jobs: int
    calls: int


def measure(lab: Lab) -> Load:
    """Measure the load from Airflow's tables and the local Airbyte."""
    requests = lab.airbyte.platform.request_counts.counts()
    return Load(
        moment=time.monotonic(),
        slots=lab.airflow.database.value("SELECT count(*) FROM task_instance WHERE state = 'running'"),
        active_jobs=len(lab.airbyte.platform.store.jobs(JobQuery(status="running", limit=10_000))),
        calls=sum(sum(statuses.values()) for statuses in requests.values()),
    )


def table_rows(loads: Sequence[Load]) -> dict[str, str]:
    """Return the rows of a table for measurements about a second apart."""
    first, last = loads[0], loads[-1]
    mean_calls = (last.calls - first.calls) / (last.moment - first.moment)
    most_calls = max(
        (after.calls - before.calls) / (after.moment - before.moment) for before, after in pairwise(loads)
    )
    slots = [load.slots for load in loads]
    return {
        "worker slots used": f"at most {max(slots)} of {SLOTS}, mean {fmean(slots):.1f}",
        "jobs active": f"at most {max(load.active_jobs for load in loads)}",
        "calls of the API": f"{last.calls - first.calls}",
        "calls a second": f"mean {mean_calls:.1f}, at most {most_calls:.0f}",
    }
