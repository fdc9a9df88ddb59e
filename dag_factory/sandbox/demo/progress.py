"""The progress of one run of every DAG: what has changed, what to do next, and whether all is done.

The run of a DAG is the first that Airflow starts by itself: at once if its schedule is due, or after its
upstream DAGs if it is scheduled on assets or triggered by another DAG. Only a DAG that nothing starts is
triggered manually.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dag_factory.sandbox.airflow.model import Dag, Run, Snapshot, Task

# The time that Airflow has to start a run by itself once all its upstream DAGs are done. On an idle machine
# the scheduler needs about a second.
QUIET_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A run (`task_id` is None) or one of its tasks has a new state."""

    dag_id: str
    task_id: str | None
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """The state of all DAGs; `ready_since` is when a DAG began to wait for nothing, in monotonic seconds."""

    dags: tuple[Dag, ...]
    runs: Mapping[str, Run] = field(default_factory=dict)
    tasks: Mapping[tuple[str, str], Task] = field(default_factory=dict)
    ready_since: Mapping[str, float] = field(default_factory=dict)
    triggered: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()

    @property
    def is_finished(self) -> bool:
        """Whether the run of each DAG has finished."""
        return all(is_done(self, dag.dag_id) for dag in self.dags)

    def state(self, dag_id: str) -> str:
        """Return the state of a DAG's run."""
        if dag_id in self.refused:
            return "cannot be triggered"
        return self.runs[dag_id].state if dag_id in self.runs else "no run"

    def tasks_of(self, dag_id: str) -> list[Task]:
        """Return the tasks of a DAG's run, sorted by id."""
        return [task for (owner, _), task in sorted(self.tasks.items()) if owner == dag_id]


def advance(progress: Progress, snapshot: Snapshot, now: float) -> Progress:
    """Return the progress after a poll of Airflow; `now` is the monotonic time in seconds."""
    runs = _first_runs(progress.dags, snapshot.runs)
    run_ids = {(run.dag_id, run.run_id) for run in runs.values()}
    tasks = {
        (task.dag_id, task.task_id): task for task in snapshot.tasks if (task.dag_id, task.run_id) in run_ids
    }
    seen = replace(progress, runs=runs, tasks=tasks)
    ready_since = {dag.dag_id: progress.ready_since.get(dag.dag_id, now) for dag in _ready(seen)}
    return replace(seen, ready_since=ready_since)


def changes(before: Progress, after: Progress) -> list[Change]:
    """Return the changes between two polls: started runs, then tasks, then other changes of runs."""
    tasks = [
        Change(dag_id=dag_id, task_id=task_id, state=task.state)
        for (dag_id, task_id), task in sorted(after.tasks.items())
        if task.state != _state(before.tasks.get((dag_id, task_id))) and task.state != "none"
    ]
    runs = [
        Change(dag_id=dag_id, task_id=None, state=_run_state(run))
        for dag_id, run in after.runs.items()
        if run.state != _state(before.runs.get(dag_id))
    ]
    started = [change for change in runs if change.dag_id not in before.runs]
    return [*started, *tasks, *(change for change in runs if change not in started)]


def due(progress: Progress, now: float) -> list[str]:
    """Return the DAGs to trigger manually now."""
    waiting = {dag_id: now - since for dag_id, since in progress.ready_since.items()}
    unscheduled = {dag.dag_id for dag in progress.dags if not dag.has_schedule and not dag.waits_for}
    return [
        dag_id
        for dag_id, seconds in waiting.items()
        if dag_id not in progress.triggered and (dag_id in unscheduled or seconds >= QUIET_SECONDS)
    ]


def to_pause(progress: Progress) -> list[str]:
    """Return the DAGs to pause: their run is done, and so are all DAGs that might start another."""
    return [
        dag.dag_id
        for dag in progress.dags
        if dag.dag_id not in progress.paused
        and is_done(progress, dag.dag_id)
        and _is_upstream_done(dag, progress)
    ]


def is_done(progress: Progress, dag_id: str) -> bool:
    """Return whether a DAG's run has finished, or cannot be triggered."""
    return dag_id in progress.refused or (dag_id in progress.runs and progress.runs[dag_id].is_final)


def _first_runs(dags: Iterable[Dag], runs: Iterable[Run]) -> dict[str, Run]:
    first: dict[str, Run] = {}
    for run in runs:
        first.setdefault(run.dag_id, run)
    return {dag.dag_id: first[dag.dag_id] for dag in dags if dag.dag_id in first}


def _ready(progress: Progress) -> list[Dag]:
    """Return the DAGs without a run whose upstream DAGs are done.

    DAGs in a cycle would wait for each other forever: when nothing else runs, the first of them is ready.
    """
    started = progress.runs.keys() | progress.refused
    waiting = [dag for dag in progress.dags if dag.dag_id not in started]
    ready = [dag for dag in waiting if _is_upstream_done(dag, progress)]
    if ready or not all(run.is_final for run in progress.runs.values()):
        return ready
    return waiting[:1]


def _is_upstream_done(dag: Dag, progress: Progress) -> bool:
    """Return whether all DAGs that could start a DAG are done; DAGs that are not ours do not count."""
    ours = {other.dag_id for other in progress.dags}
    return all(is_done(progress, other) for other in dag.waits_for & ours)


def _state(item: Run | Task | None) -> str | None:
    return item.state if item else None


def _run_state(run: Run) -> str:
    return run.state if run.is_final else f"{run.state} ({run.run_type})"
