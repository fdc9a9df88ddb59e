"""What Airflow and Airbyte tell about themselves at one moment: values, which all modules here may import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Dag:
    """A DAG that is live: `waits_for` are the DAGs that can start it, by an asset or by triggering it."""

    dag_id: str
    has_schedule: bool
    waits_for: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportProblem:
    """A DAG file's import error, as the UI shows it."""

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A DAG run; `run_type` is Airflow's: scheduled, manual, asset_triggered, ..."""

    dag_id: str
    run_id: str
    run_type: str
    state: str

    @property
    def is_final(self) -> bool:
        """Whether the run has come to its end."""
        return self.state in {"success", "failed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task instance; `rendered` are its template fields as they were when it ran."""

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
    """All runs, the oldest first, and all their tasks."""

    runs: tuple[Run, ...] = ()
    tasks: tuple[Task, ...] = ()
