"""Airflow's DAGs, runs and tasks at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Dag:
    """An active DAG; `waits_for` are the DAGs that can start it, by an asset or a trigger."""

    dag_id: str
    has_schedule: bool
    waits_for: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class DagImportError:
    """A DAG file's import error, as the UI shows it."""

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A DAG run; `run_type` is Airflow's: scheduled, manual, asset_triggered and so on."""

    dag_id: str
    run_id: str
    run_type: str
    state: str

    @property
    def is_final(self) -> bool:
        """Whether the run has finished."""
        return self.state in {"success", "failed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task instance; `rendered` are its rendered template fields."""

    dag_id: str
    run_id: str
    task_id: str
    state: str
    operator: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rendered: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All runs, oldest first, and all their tasks."""

    runs: tuple[Run, ...] = ()
    tasks: tuple[Task, ...] = ()
