"""The server's state: one SQLite file in WAL mode, so that a killed server leaves a usable database.

There is one connection under one lock: a `with store.transaction():` block is atomic for every thread. This
guarantees that a connection has at most one active job.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dag_factory.local_airbyte.model.connection import StreamPosition
from dag_factory.local_airbyte.model.identifiers import LARGEST_JOB_ID
from dag_factory.local_airbyte.model.job import (
    ACTIVE_STATUSES,
    PENDING,
    REFRESH,
    SYNC,
    Job,
    JobTimes,
    Script,
)
from dag_factory.local_airbyte.model.job_query import JobQuery, where_clause
from dag_factory.local_airbyte.model.job_scripts import read_script, render_script
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.settings import Settings

TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, id)
);
CREATE TABLE IF NOT EXISTS jobs (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, job_type TEXT NOT NULL,
    status TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, script TEXT NOT NULL,
    started_by TEXT NOT NULL, step INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
    rows INTEGER, bytes INTEGER, failure TEXT
);
CREATE INDEX IF NOT EXISTS jobs_of_connection ON jobs (connection_id, job_id);
CREATE TABLE IF NOT EXISTS streams (
    connection_id TEXT NOT NULL, source TEXT NOT NULL, stream TEXT NOT NULL,
    state TEXT NOT NULL, file_bytes INTEGER NOT NULL, PRIMARY KEY (connection_id, source, stream)
);
"""

LAST_TIMES = """
SELECT connection_id, MAX(updated_at) AS last_change,
    MAX(CASE WHEN job_type IN (?, ?) THEN created_at END) AS last_sync
FROM jobs GROUP BY connection_id
"""


class Store:
    """Everything that outlives a request. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(TABLES)

    def close(self) -> None:
        """Close the database; the store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything in the block or nothing; other threads wait. Blocks may be nested."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # Values by name

    def meta(self, key: str) -> Any:  # noqa: ANN401 (JSON: the caller knows what it stored)
        """Return the value stored under the key, or None."""
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return None if row is None else json.loads(row["value"])

    def put_meta(self, key: str, value: object) -> None:
        """Store a JSON value under the key."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, json.dumps(value))

    def settings(self) -> Settings:
        """Return the server's settings."""
        return Settings(**(self.meta("settings") or {}))

    def put_settings(self, settings: Settings) -> None:
        """Store the server's settings."""
        self.put_meta("settings", asdict(settings))

    # Documents: connections, sources, destinations, workspaces, tags, and the plans of connections

    def document(self, kind: str, document_id: str) -> Json | None:
        """Return one document, or None."""
        row = self._one("SELECT document FROM documents WHERE kind = ? AND id = ?", kind, document_id)
        return None if row is None else json.loads(row["document"])

    def documents(self, kind: str) -> list[Json]:
        """Return all documents of a kind in the order of their creation."""
        rows = self._all("SELECT document FROM documents WHERE kind = ? ORDER BY rowid", kind)
        return [json.loads(row["document"]) for row in rows]

    def put_document(self, kind: str, document_id: str, document: Json) -> None:
        """Create a document, or replace the one with the same id."""
        self._run(
            "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET document = excluded.document",
            *(kind, document_id, json.dumps(document)),
        )

    def remove_document(self, kind: str, document_id: str) -> None:
        """Delete a document."""
        self._run("DELETE FROM documents WHERE kind = ? AND id = ?", kind, document_id)

    # Jobs

    def create_job(
        self, *, connection_id: str, job_type: str, script: Script, started_by: str, now: float
    ) -> Job:
        """Create a pending job with the next id."""
        cursor = self._run(
            "INSERT INTO jobs (connection_id, job_type, status, created_at, updated_at, script, started_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(connection_id, job_type, PENDING, now, now, json.dumps(render_script(script)), started_by),
        )
        return self.job(cursor.lastrowid or 0)

    def find_job(self, job_id: int) -> Job | None:
        """Return the job, or None."""
        if not 0 < job_id <= LARGEST_JOB_ID:  # SQLite raises for integers that do not fit
            return None
        row = self._one("SELECT * FROM jobs WHERE job_id = ?", job_id)
        return None if row is None else _job(row)

    def job(self, job_id: int) -> Job:
        """Return a job that the caller knows to exist; raise LookupError if it does not."""
        job = self.find_job(job_id)
        if job is None:
            message = f"no job {job_id}"
            raise LookupError(message)
        return job

    def active_job(self, connection_id: str) -> Job | None:
        """Return the connection's newest job without a final status, or None."""
        marks = ", ".join("?" * len(ACTIVE_STATUSES))
        statement = (
            f"SELECT * FROM jobs WHERE connection_id = ? AND status IN ({marks}) ORDER BY job_id DESC LIMIT 1"  # noqa: S608 (only placeholders)
        )
        row = self._one(statement, connection_id, *ACTIVE_STATUSES)
        return None if row is None else _job(row)

    def jobs(self, query: JobQuery) -> list[Job]:
        """Return the jobs that match the query, in its order."""
        clause, values = where_clause(query)
        return [_job(row) for row in self._all(f"SELECT * FROM jobs {clause}", *values)]  # noqa: S608 (built from constants)

    def update_job(self, job_id: int, *, now: float, **changes: object) -> Job:
        """Change some columns of a job, and set `updated_at` to `now` (seconds since the epoch)."""
        values = {**changes, "updated_at": now}
        assignments = ", ".join(f"{column} = ?" for column in values)
        self._run(f"UPDATE jobs SET {assignments} WHERE job_id = ?", *values.values(), job_id)  # noqa: S608 (columns are named in code)
        return self.job(job_id)

    def job_counts(self) -> dict[str, int]:
        """Return the number of jobs that each connection ever had."""
        rows = self._all("SELECT connection_id, COUNT(*) AS jobs FROM jobs GROUP BY connection_id")
        return {row["connection_id"]: row["jobs"] for row in rows}

    def job_times(self) -> dict[str, JobTimes]:
        """Return the times of jobs that schedules count from, by connection."""
        rows = self._all(LAST_TIMES, SYNC, REFRESH)
        return {
            row["connection_id"]: JobTimes(last_change=row["last_change"], last_sync=row["last_sync"])
            for row in rows
        }

    # Positions of streams

    def positions(self, connection_id: str, source: str) -> dict[str, StreamPosition]:
        """Return the position of each stream that a source has synced for a connection."""
        rows = self._all(
            "SELECT * FROM streams WHERE connection_id = ? AND source = ?", connection_id, source
        )
        return {row["stream"]: _position(row) for row in rows}

    def put_position(self, connection_id: str, source: str, position: StreamPosition) -> None:
        """Store the position of a stream."""
        self._run(
            "INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?, ?)",
            *(connection_id, source, position.stream, json.dumps(position.state), position.file_bytes),
        )

    def checkpoint(
        self, connection_id: str, source: str, positions: Sequence[StreamPosition], job: Job, *, now: float
    ) -> Job:
        """Commit the positions of streams together with the job's counts."""
        with self.transaction():
            for position in positions:
                self.put_position(connection_id, source, position)
            return self.update_job(job.job_id, now=now, rows=job.rows, bytes=job.bytes)

    def delete_positions(self, connection_id: str) -> None:
        """Make the connection's streams start from the beginning, as a reset does."""
        self._run("DELETE FROM streams WHERE connection_id = ?", connection_id)

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 (what SQLite takes)
        with self._lock:
            return self._connection.execute(statement, values)

    def _one(self, statement: str, *values: Any) -> sqlite3.Row | None:  # noqa: ANN401
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return row

    def _all(self, statement: str, *values: Any) -> list[sqlite3.Row]:  # noqa: ANN401
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _job(row: sqlite3.Row) -> Job:
    columns = dict(row)
    return replace(
        Job(**{**columns, "script": Script(steps=())}), script=read_script(json.loads(columns["script"]))
    )


def _position(row: sqlite3.Row) -> StreamPosition:
    return StreamPosition(stream=row["stream"], state=json.loads(row["state"]), file_bytes=row["file_bytes"])
