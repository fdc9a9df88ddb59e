"""Read tasks and runs from Airflow's tables, which is cheaper than its API and works while that is down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import psycopg2


@dataclass(frozen=True, slots=True)
class Task:
    """A task instance.

    `is_known`: whether it has found or started its job in this try. `is_watched`: whether a triggerer has had
    its trigger for a while.
    """

    state: str | None
    try_number: int
    max_tries: int
    pid: int | None
    is_known: bool
    is_watched: bool


class Database:
    """A connection to the database with an SQLAlchemy URL."""

    def __init__(self, address: str) -> None:
        self._address = address.replace("+psycopg2", "")

    def __enter__(self) -> Self:
        self._connection = psycopg2.connect(self._address)
        self._connection.autocommit = True
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def task(self, dag_id: str, run_id: str, task_id: str) -> Task | None:
        """Return a task instance, or None if it does not exist."""
        query = """
            SELECT state, try_number, max_tries, pid,
                EXISTS (
                    SELECT 1 FROM xcom x WHERE x.key = 'airbyte_url' AND x.timestamp >= ti.start_date
                    AND (x.dag_id, x.run_id, x.task_id) = (ti.dag_id, ti.run_id, ti.task_id)
                ),
                EXISTS (
                    SELECT 1 FROM trigger t WHERE t.id = ti.trigger_id AND t.triggerer_id IS NOT NULL
                    AND t.created_date < now() - interval '4 seconds'
                )
            FROM task_instance ti WHERE (dag_id, run_id, task_id) = (%s, %s, %s)"""
        row = self._first(query, dag_id, run_id, task_id)
        return None if row is None else Task(*row)

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return the state of a run, or None if it is gone."""
        row = self._first("SELECT state FROM dag_run WHERE (dag_id, run_id) = (%s, %s)", dag_id, run_id)
        return None if row is None else str(row[0])

    def count(self, dag_id: str, state: str) -> int:
        """Return how many tasks of a DAG are in a state."""
        row = self._first(
            "SELECT count(*) FROM task_instance WHERE (dag_id, state) = (%s, %s)", dag_id, state
        )
        return 0 if row is None else int(row[0])

    def value(self, query: str, *values: object) -> Any:
        """Return the first value of a query's first row, or None without rows."""
        row = self._first(query, *values)
        return None if row is None else row[0]

    def _first(self, query: str, *values: object) -> tuple | None:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone()
