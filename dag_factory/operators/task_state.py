"""What a task knows of its earlier tries and pokes, and where that is kept.

Four stores would come to mind; each loses something else, as tried on the real Airflow:

* A task's own XCom is wiped when its next try starts, and at each poke. That of *another* task of the run
  stays until that one starts. So the two tasks of `mode: async` keep the record with each other: the first
  one with the sensor while it submits, the sensor with the first one, and with itself for the case that
  both are cleared.
* The task state store (Airflow 3.3) outlives tries, and clears as well.
* Before 3.3 a single task (`mode: sync`) has nothing of the kind. An Airflow Variable outlives everything,
  so the record of a sync that is under way is one, and is deleted when the sync has ended.

A retry is told from a person's clear by `max_tries`: a clear of a task that does not run raises it
(`airflow/models/taskinstance.py`, `clear_task_instances`). One that runs is ended by a signal first, and its
next try cannot be told from a retry: it goes on with the job, or replaces it where the signal cancelled it.
The run's `clear_number` says no more: from Airflow 3.2 on it counts the clears of all tasks of the run, and
somebody who clears the failed ones after a worker was lost must not end the jobs of those that go on.
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
    """What a task keeps: the state of its sync, which task and try wrote it, and where a sensor is.

    `end_time` is until when the try waits, in seconds since 1970. `failures` polls in a row have failed;
    since `permanent_since` the API answers what waiting does not change, since `cancelling_since` the job is
    being cancelled; the last line of the log was written at `reported_at` of a job in `reported_status`.
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
    """Write a record as `record_from_json` reads it."""
    kept = {name: getattr(record, name) for name in _NAMES}
    return {**kept, "state": state_as_json(record.state)}


def record_from_json(value: Mapping[str, Any]) -> Record:
    """Read what `record_as_json` wrote."""
    return Record(**{**value, "state": state_from_json(value["state"])})


class Store(Protocol):
    """Keeps one record where a later try finds it."""

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
    """XComs of tasks of the same run. `read` is whose is read, `written` whose are written."""

    def __init__(self, ti: Any, read: str, written: tuple[str, ...]) -> None:  # noqa: ANN401 (per version)
        self._ti, self._read, self._written = ti, read, written

    def load(self) -> Record | None:
        value = self._ti.xcom_pull(task_ids=self._read, key=KEY)
        return record_from_json(value) if isinstance(value, Mapping) else None

    def save(self, record: Record) -> None:
        for task_id in self._written:
            keep_with_task(self._ti, task_id, KEY, record_as_json(record))


class VariableStore:
    """An Airflow Variable for as long as the sync is under way, before 3.3."""

    def __init__(self, ti: Any) -> None:  # noqa: ANN401 (another class on each version)
        self._name = f"{ti.dag_id} {ti.run_id} {ti.task_id} {ti.map_index}"
        # A Variable's key has at most 250 characters, fewer than the names of a task and its run may have.
        self._key = f"{KEY}_{hashlib.sha256(self._name.encode()).hexdigest()[:40]}"

    def load(self) -> Record | None:
        text = versions.read_variable(self._key)
        return None if text is None else record_from_json(json.loads(text))

    def save(self, record: Record) -> None:
        state = record.state
        if state.is_reported or state.is_done or not (state.is_submitting or state.job_id):
            versions.delete_variable(self._key)  # nothing is left to go on with
            return
        versions.write_variable(
            self._key, json.dumps(record_as_json(record)), f"sync under way: {self._name}"
        )


def keep_with_task(ti: Any, task_id: str, key: str, value: object) -> None:  # noqa: ANN401 (per version)
    """Write an XCom of another task in the run of this one; None is kept as null."""
    XCom.set(
        key=key,
        value=value,
        dag_id=ti.dag_id,
        task_id=task_id,
        run_id=ti.run_id,
        map_index=-1,
    )


def store_of_task(context: Mapping[str, Any]) -> Store:
    """The store of a task that has no partner to keep its record with."""
    store = context.get("task_state_store")
    return VariableStore(context["ti"]) if store is None else StateStore(store)


class TaskMemory:
    """The record of the present try of one task, and what earlier ones left."""

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
        """What was kept when this try, or this part of it, began."""
        return self._found

    @property
    def is_same_try(self) -> bool:
        """Whether this try has begun before: it goes on after a poke or a deferral."""
        found = self._found
        return found is not None and (found.task_id, found.try_number) == (
            self._ti.task_id,
            self._ti.try_number,
        )

    def previous(self) -> PreviousTry | None:
        """What an earlier try left; a record that a partner wrote is from before a clear of both.

        One try can also begin twice: where the DAG cannot be read just when a deferred task shall go on,
        Airflow 3.3 forgets the deferral and starts the same try again.
        """
        found = self._found
        if found is None or found.state == SyncState():
            return None
        is_retry = found.task_id == self._ti.task_id and found.max_tries == self._ti.max_tries
        return PreviousTry(state=found.state, is_clear=not is_retry, is_same_try=self.is_same_try)

    def resume(self) -> None:
        """Go on with the record of this same try, where its last poll left off."""
        if self._found is not None:
            self.record = self._found

    def note(self, *, name: str | None, page: str | None) -> None:
        """Remember what the connection is called, for the next time that something is kept."""
        self.record = replace(self.record, name=name or self.record.name, page=page or self.record.page)

    def change(self, **changes: Any) -> None:  # noqa: ANN401 (fields of Record)
        """Keep what has changed."""
        self.record = replace(self.record, **changes)
        self._store.save(self.record)

    def finish(self) -> None:
        """Keep that the sync has succeeded."""
        self.change(state=replace(self.record.state, is_done=True))
