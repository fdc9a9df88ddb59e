"""The state of a task across its tries and pokes, and where it is stored.

There are three possible stores, and each loses records in different cases (tested on a real Airflow):

* A task's own XComs are wiped when its next try starts, and at each poke. Those of *another* task of the run
  stay until that task starts. So the two tasks of `mode: async` store the record with each other: the first
  one with the sensor while it submits, the sensor with the first one, and with itself in case both are
  cleared.
* The task state store (Airflow 3.3) survives tries, and clears as well.
* Before 3.3, a single task (`mode: sync`) has no such store. An Airflow Variable survives everything, so the
  record of a running sync is a Variable. It is deleted when the sync has failed or Airflow has recorded the
  success: a worker that is lost before that leaves its job to the next try.

A retry differs from a person's clear in `max_tries`: a clear of a task that is not running raises it
(`airflow/models/taskinstance.py`, `clear_task_instances`). A running task is first ended by a signal, and its
next try looks like a retry: it resumes the job, or replaces it if the signal cancelled it. The run's
`clear_number` does not help: from Airflow 3.2 on it counts the clears of all tasks of the run, and somebody
who clears the failed tasks after a worker was lost must not end the jobs of the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from airflow.providers.common.compat.sdk import XCom

from dag_factory import versions
from dag_factory.airbyte.state import SyncState, state_as_json, state_from_json
from dag_factory.airbyte.sync.types import PreviousTry

KEY = "airbyte_sync"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a task stores: the state of its sync, which task and try wrote it, and the progress of a sensor.

    The try waits until `end_time`. `failures` polls in a row have failed. The API returns permanent errors
    since `permanent_since`; the job is being cancelled since `cancelling_since`. The last line about the job
    was logged at `reported_at`, when its status was `reported_status`. Times are in seconds since 1970.
    """

    state: SyncState = field(default_factory=SyncState)
    task_id: str = ""
    try_number: int = 0
    max_tries: int = 0
    name: str | None = None
    page: str | None = None
    end_time: float = 0.0
    failures: int = 0
    permanent_since: float | None = None
    cancelling_since: float | None = None
    reported_status: str = ""
    reported_at: float = 0.0


_NAMES = tuple(each.name for each in fields(Record))


def record_as_json(record: Record) -> dict[str, Any]:
    """Convert a record to JSON values."""
    values = {name: getattr(record, name) for name in _NAMES}
    return {**values, "state": state_as_json(record.state)}


def record_from_json(value: Mapping[str, Any]) -> Record:
    """Convert what `record_as_json` returned back to a record."""
    return Record(**{**value, "state": state_from_json(value["state"])})


class Store(Protocol):
    """Stores one record for a later try."""

    def load(self) -> Record | None: ...

    def save(self, record: Record) -> None: ...


class StateStore:
    """Airflow's task state store, from 3.3 on."""

    def __init__(self, store: Any) -> None:  # noqa: ANN401 (only 3.3 has its class)
        self._store = store

    def load(self) -> Record | None:
        value = self._store.get(KEY)
        return None if value is None else record_from_json(value)

    def save(self, record: Record) -> None:
        self._store.set(KEY, record_as_json(record))


class XComStore:
    """XComs of tasks of the same run: reads that of the task `read`, writes those of `written`."""

    def __init__(self, ti: Any, read: str, written: tuple[str, ...]) -> None:  # noqa: ANN401 (per version)
        self._ti, self._read, self._written = ti, read, written

    def load(self) -> Record | None:
        value = self._ti.xcom_pull(task_ids=self._read, key=KEY)
        return record_from_json(value) if isinstance(value, Mapping) else None

    def save(self, record: Record) -> None:
        for task_id in self._written:
            keep_with_task(self._ti, task_id, KEY, record_as_json(record))


class VariableStore:
    """An Airflow Variable until the task has ended, before Airflow 3.3."""

    def __init__(self, ti: Any) -> None:  # noqa: ANN401 (another class on each version)
        self._name = f"{ti.dag_id} {ti.run_id} {ti.task_id} {ti.map_index}"
        # A Variable's key has at most 250 characters, fewer than the names of a task and its run may have.
        self._key = f"{KEY}_{hashlib.sha256(self._name.encode()).hexdigest()[:40]}"

    def load(self) -> Record | None:
        text = versions.read_variable(self._key)
        return None if text is None else record_from_json(json.loads(text))

    def save(self, record: Record) -> None:
        state = record.state
        if state.is_done:
            return  # `delete_variable` follows, when Airflow has recorded the success
        if state.is_reported or not (state.is_submitting or state.job_id):
            versions.delete_variable(self._key)  # there is nothing to resume
            return
        versions.write_variable(
            self._key, json.dumps(record_as_json(record)), f"sync under way: {self._name}"
        )

    def delete_after_success(self) -> None:
        """Delete the Variable; call it in a callback of the task's success."""
        versions.delete_variable_after_success(self._key)


def keep_with_task(ti: Any, task_id: str, key: str, value: object) -> None:  # noqa: ANN401 (per version)
    """Write an XCom of another task in the run of this one; None is stored as null."""
    XCom.set(
        key=key,
        value=value,
        dag_id=ti.dag_id,
        task_id=task_id,
        run_id=ti.run_id,
        map_index=-1,
    )


def store_of_task(context: Mapping[str, Any]) -> Store:
    """Return the store of a task that has no partner to store its record with."""
    store = context.get("task_state_store")
    return VariableStore(context["ti"]) if store is None else StateStore(store)


def delete_variable(context: Mapping[str, Any]) -> None:
    """Delete the Variable of a task that has succeeded, if it has one: a callback of the task."""
    store = store_of_task(context)
    if isinstance(store, VariableStore):
        store.delete_after_success()


class TaskState:
    """The record of the current try of one task, and what earlier tries left."""

    def __init__(self, ti: Any, store: Store) -> None:  # noqa: ANN401 (another class on each version)
        self._ti = ti
        self._store = store
        self._found = store.load()
        own = Record(task_id=ti.task_id, try_number=ti.try_number, max_tries=ti.max_tries)
        self.record = (
            own
            if self._found is None
            else replace(own, name=self._found.name, page=self._found.page, state=self._found.state)
        )

    @property
    def found(self) -> Record | None:
        """The record that was stored when this try, or this part of it, began."""
        return self._found

    @property
    def is_same_try(self) -> bool:
        """Whether this try has begun before: it resumes after a poke or a deferral."""
        found = self._found
        return found is not None and (found.task_id, found.try_number) == (
            self._ti.task_id,
            self._ti.try_number,
        )

    def previous(self) -> PreviousTry | None:
        """Return what an earlier try left. A record that a partner wrote is from before a clear of both.

        One try can also begin twice: if the DAG cannot be parsed when a deferred task resumes, Airflow 3.3
        drops the deferral and starts the same try again.
        """
        found = self._found
        if found is None or found.state == SyncState():
            return None
        is_retry = found.task_id == self._ti.task_id and found.max_tries == self._ti.max_tries
        return PreviousTry(state=found.state, is_clear=not is_retry, is_same_try=self.is_same_try)

    def resume(self) -> None:
        """Resume this same try with the record of its last poll."""
        if self._found is not None:
            self.record = self._found

    def note_connection(self, *, name: str | None, page: str | None) -> None:
        """Note the connection's name and page, for the next record that is stored."""
        self.record = replace(self.record, name=name or self.record.name, page=page or self.record.page)

    def update(self, **changes: Any) -> None:  # noqa: ANN401 (fields of Record)
        """Change fields of the record and store it."""
        self.record = replace(self.record, **changes)
        self._store.save(self.record)

    def finish(self) -> None:
        """Store that the sync has succeeded."""
        self.update(state=replace(self.record.state, is_done=True))
