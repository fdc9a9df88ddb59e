"""What a running Airflow uses within a time window, by the roles of its processes."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import psutil
from airbyte_stub import AirbyteStub, Call
from postgres import AIRFLOW
from sqlalchemy import Engine, text
from usage import cpu_seconds, ended_children_seconds, own_seconds, proportional_mib, tree

# How often processes and slots are sampled, in seconds; a task's process lives for longer.
EVERY = 0.5
ROLES = ("workers", "scheduler", "triggerer", "API server", "DAG processor", "PostgreSQL")
QUERIES = """
    SELECT coalesce(sum(s.calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
    WHERE r.rolname = :user"""
SLOTS = "SELECT count(*) FROM task_instance WHERE state = 'running'"
# How many seconds a rescheduled task started after its due time.
DELAYS = """
    SELECT avg(delay), max(delay) FROM (
        SELECT end_date, extract(epoch FROM
            start_date - lag(reschedule_date) OVER (PARTITION BY ti_id ORDER BY id)) AS delay
        FROM task_reschedule) AS every
    WHERE delay IS NOT NULL AND end_date > now() - make_interval(secs => :seconds)"""


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds that vary."""

    mean: float
    most: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What was used within `seconds`: CPU seconds and memory in MiB by role, and counts.

    `intervals` are the seconds between two polls of the same job, `delays` those by which rescheduled tasks
    started late. `others` is the CPU time of everything else on the machine, `load` its load average at the
    end.
    """

    seconds: float
    cpu: Mapping[str, float]
    memory: Mapping[str, float]
    slots: float
    most_slots: int
    processes: int
    queries: int
    calls: int
    intervals: Spread | None
    delays: Spread | None
    others: float
    load: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The usage until one time, in seconds: CPU time by role, and that of the whole machine."""

    moment: float
    cpu: Mapping[str, float]
    busy: float


class Meter:
    """Measures an Airflow: its processes by component, its database as an observer, and the stub."""

    def __init__(
        self,
        components: Mapping[str, psutil.Process],
        database: psutil.Process,
        engine: Engine,
        stub: AirbyteStub,
    ) -> None:
        self._components = components
        self._database = database
        self._engine = engine
        self._stub = stub

    def value(self, query: str, **values: object) -> int:
        """Return the number that a query returns."""
        with self._engine.connect() as connection:
            return int(connection.execute(text(query), values).scalar_one() or 0)

    def measure(self, seconds: float) -> Window:
        """Measure for this many seconds."""
        self.value("SELECT count(*) FROM pg_stat_statements_reset()")
        first_call, before = len(self._stub.calls), self._read()
        slots, processes = self._sample(before.moment + seconds)
        after, queries = self._read(), self.value(QUERIES, user=AIRFLOW)
        calls = self._stub.calls[first_call:]
        passed = after.moment - before.moment
        used = {role: after.cpu[role] - before.cpu[role] for role in ROLES}
        return Window(
            seconds=passed,
            cpu=used,
            memory=self._memory(),
            slots=fmean(slots),
            most_slots=max(slots),
            processes=processes,
            queries=queries,
            calls=len(calls),
            intervals=_intervals(calls),
            delays=self._delays(passed),
            others=after.busy - before.busy - sum(used.values()),
            load=os.getloadavg()[0],
        )

    def _sample(self, end: float) -> tuple[list[int], int]:
        """Sample until a time; return the occupied slots, and how many processes the workers have started."""
        known = set(self._workers())
        before, slots = len(known), [self.value(SLOTS)]
        while time.monotonic() < end:
            time.sleep(EVERY)
            known.update(self._workers())
            slots.append(self.value(SLOTS))
        return slots, len(known) - before

    def _read(self) -> Reading:
        return Reading(moment=time.monotonic(), cpu=self._cpu(), busy=_busy_seconds())

    def _workers(self) -> list[psutil.Process]:
        """Return the worker processes and the tasks that they run."""
        return self._components["scheduler"].children(recursive=True)

    def _cpu(self) -> dict[str, float]:
        scheduler = self._components["scheduler"]
        return {
            "workers": cpu_seconds(self._workers()) + ended_children_seconds(scheduler),
            "scheduler": own_seconds(scheduler),
            **{role: cpu_seconds(tree(root)) for role, root in self._others().items()},
        }

    def _memory(self) -> dict[str, float]:
        return {
            "workers": proportional_mib(self._workers()),
            "scheduler": proportional_mib([self._components["scheduler"]]),
            **{role: proportional_mib(tree(root)) for role, root in self._others().items()},
        }

    def _others(self) -> dict[str, psutil.Process]:
        return {
            "triggerer": self._components["triggerer"],
            "API server": self._components["api-server"],
            "DAG processor": self._components["dag-processor"],
            "PostgreSQL": self._database,
        }

    def _delays(self, seconds: float) -> Spread | None:
        with self._engine.connect() as connection:
            mean, most = connection.execute(text(DELAYS), {"seconds": seconds}).one()
        return None if mean is None else Spread(float(mean), float(most))


def _intervals(calls: Sequence[Call]) -> Spread | None:
    """Return the times between two polls of the same job; None if no job was polled twice."""
    by_job: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        if call.method == "GET" and call.path.startswith("/jobs/"):
            by_job[call.path].append(call.moment)
    gaps = [after - before for moments in by_job.values() for before, after in pairwise(moments)]
    return Spread(fmean(gaps), max(gaps)) if gaps else None


def _busy_seconds() -> float:
    """Return the CPU time of the whole machine."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)
