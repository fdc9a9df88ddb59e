"""The results of the syncs, and the table that shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dag_factory.sandbox.airbyte import Job
from dag_factory.sandbox.airflow.model import Task
from dag_factory.sandbox.demo.progress import Progress

TRIGGER, WAIT = ".trigger", ".wait"
HEADINGS = ("DAG", "sync", "mode", "Airbyte job", "state", "rows", "seconds")
_NUMBERS = {"Airbyte job", "rows", "seconds"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sync:
    """A sync that has run, with its one task (mode `sync`) or its two tasks (mode `async`)."""

    dag_id: str
    name: str
    mode: str
    tasks: tuple[Task, ...]

    @property
    def submitting_task(self) -> Task:
        """The task that returns the job id."""
        return next((task for task in self.tasks if task.task_id.endswith(TRIGGER)), self.tasks[0])

    @property
    def connection_id(self) -> str | None:
        """The rendered connection id; None if the task did not get so far."""
        connection_id = self.submitting_task.rendered.get("connection_id")
        return connection_id if isinstance(connection_id, str) else None

    @property
    def state(self) -> str:
        """The state of the first task that has not succeeded, else `success`."""
        return next((task.state for task in self.tasks if task.state != "success"), "success")

    @property
    def started_at(self) -> datetime | None:
        """The time when the first task started."""
        return min((task.started_at for task in self.tasks if task.started_at), default=None)

    @property
    def seconds(self) -> float | None:
        """The seconds from the start of the first task to the end of the last one."""
        ended_at = max((task.ended_at for task in self.tasks if task.ended_at), default=None)
        return (ended_at - self.started_at).total_seconds() if ended_at and self.started_at else None


def syncs(progress: Progress, modes: Mapping[tuple[str, str], str]) -> list[Sync]:
    """Return the syncs of all runs; `modes` maps DAG id and sync name to the mode in the configuration."""
    found = []
    for dag in progress.dags:
        for name, tasks in _tasks_by_sync(progress.tasks_of(dag.dag_id)).items():
            mode = modes.get((dag.dag_id, name), _mode(tasks))
            found.append(Sync(dag_id=dag.dag_id, name=name, mode=mode, tasks=tuple(tasks)))
    return found


def job_of(sync: Sync, job_id: object, jobs: Sequence[Job]) -> Job | None:
    """Return the job with the id, else the newest job that started with the sync or later."""
    by_id = next((job for job in jobs if str(job.job_id) == str(job_id)), None)
    started_at = sync.started_at
    if by_id or started_at is None:
        return by_id
    # Airbyte's times are whole seconds.
    begin = started_at.replace(microsecond=0)
    return next((job for job in jobs if job.started_at and job.started_at >= begin), None)


def rows(progress: Progress, found: Sequence[tuple[Sync, Job | None]]) -> list[tuple[str, ...]]:
    """Return the rows of the table, sorted by DAG and sync; a DAG without a sync has a row of its own."""
    with_sync = {sync.dag_id for sync, _ in found}
    others = [dag.dag_id for dag in progress.dags if dag.dag_id not in with_sync]
    return sorted(
        [
            *(_sync_row(sync, job) for sync, job in found),
            *((dag_id, "-", "-", "-", progress.state(dag_id), "-", "-") for dag_id in others),
        ]
    )


def table(body: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of the table, with numbers aligned to the right and the rest to the left."""
    lines = [HEADINGS, *body]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return [
        "  ".join(
            cell.rjust(width) if heading in _NUMBERS else cell.ljust(width)
            for cell, width, heading in zip(line, widths, HEADINGS, strict=True)
        ).rstrip()
        for line in lines
    ]


def failures(progress: Progress) -> list[str]:
    """Return a line for each failed task, and for each DAG whose run has not succeeded."""
    tasks = [
        f"{task.dag_id}.{task.task_id} failed" for task in progress.tasks.values() if task.state == "failed"
    ]
    dags = [f"{dag.dag_id}: {progress.state(dag.dag_id)}" for dag in progress.dags]
    return [*tasks, *(line for line in dags if not line.endswith(": success"))]


def missing(progress: Progress, expected: Iterable[str]) -> list[str]:
    """Return a line for each DAG of the configuration that Airflow does not have."""
    loaded = {dag.dag_id for dag in progress.dags}
    return [f"{dag_id}: in the configuration but not in Airflow" for dag_id in sorted(set(expected) - loaded)]


def _tasks_by_sync(tasks: Iterable[Task]) -> Mapping[str, list[Task]]:
    grouped: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        if "airbyte" in task.operator.lower():
            grouped[task.task_id.removesuffix(TRIGGER).removesuffix(WAIT)].append(task)
    return grouped


def _mode(tasks: Iterable[Task]) -> str:
    """Return the mode of a sync according to its tasks, which do not show whether they defer."""
    return "async" if any(task.task_id.endswith(TRIGGER) for task in tasks) else "sync"


def _sync_row(sync: Sync, job: Job | None) -> tuple[str, ...]:
    return (
        sync.dag_id,
        sync.name,
        sync.mode,
        str(job.job_id) if job else "-",
        sync.state,
        f"{job.rows:,}" if job and job.rows is not None else "-",
        f"{sync.seconds:.1f}" if sync.seconds is not None else "-",
    )
