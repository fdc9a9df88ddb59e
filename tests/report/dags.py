"""DAGs as a folder makes them, without the folder: for tests that need many of them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from dag_factory.config.model.dag import Dag, Schedule
from dag_factory.config.project import load_project

START = datetime(2024, 1, 1, tzinfo=UTC)


def made_dag(**fields) -> Dag:
    """Return a DAG with one sync; `cron`, `timezone`, `every` and `assets` are those of its schedule."""
    schedule = {name: fields.pop(name) for name in ("cron", "timezone", "every", "assets") if name in fields}
    return replace(_plain(), schedule=Schedule(**schedule), **{"start_date": START, **fields})


@cache
def _plain() -> Dag:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "money.yaml")
        file.write_text("schedule: null\nsyncs:\n  money: 1e3b5a72-7bfd-4808-a13c-204505490110\n")
        (dag,) = load_project(Path(folder), None).dags
    return dag
