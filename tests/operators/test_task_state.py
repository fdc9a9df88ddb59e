"""The state that a try finds of earlier ones in each store, and how a retry differs from a clear."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory import versions
from dag_factory.airbyte.state import Role, SyncState
from dag_factory.airbyte.sync.types import PreviousTry
from dag_factory.operators import task_state
from dag_factory.operators.task_state import (
    KEY,
    Record,
    StateStore,
    TaskState,
    VariableStore,
    XComStore,
    delete_variable,
    record_as_json,
    record_from_json,
    store_of_task,
)
from tests.airbyte.test_state import STATES

pytestmark = pytest.mark.airflow

OWN = SyncState(seen=4, job_id=5, role=Role.OWN)


class Stored:
    """A store that survives tries."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = record

    def load(self) -> Record | None:
        return self.record

    def save(self, record: Record) -> None:
        self.record = record


def ti_of(try_number=1, max_tries=1, task_id="money", **more):
    return SimpleNamespace(
        dag_id="d",
        run_id="r",
        map_index=-1,
        task_id=task_id,
        try_number=try_number,
        max_tries=max_tries,
        **more,
    )


def kept_by(ti, state=OWN, **more) -> Stored:
    """Return a store in which a try saved a state."""
    stored = Stored()
    TaskState(ti, stored).update(state=state, **more)
    return stored


class TestPrevious:
    """Return what is known of an earlier try."""

    def test_a_first_try_has_none(self):
        assert TaskState(ti_of(), Stored()).previous() is None

    @pytest.mark.parametrize(
        ("later", "expected"),
        [
            (ti_of(try_number=2), PreviousTry(state=OWN)),
            (ti_of(try_number=3), PreviousTry(state=OWN)),
            (ti_of(try_number=1), PreviousTry(state=OWN, is_same_try=True)),
            (ti_of(try_number=2, max_tries=2), PreviousTry(state=OWN, is_clear=True)),
            (ti_of(try_number=2, max_tries=3), PreviousTry(state=OWN, is_clear=True)),
            (ti_of(try_number=1, task_id="another"), PreviousTry(state=OWN, is_clear=True)),
        ],
        ids=[
            "a retry",
            "a retry above the last one, as a scheduler starts after a dead one",
            "the same try, begun again",
            "a clear",
            "a clear of a task that has had tries left",
            "a clear of both tasks, after which the partner's record is left",
        ],
    )
    def test_a_retry_is_distinguished_from_a_clear(self, later, expected):
        assert TaskState(later, kept_by(ti_of())).previous() == expected

    def test_a_record_without_a_state_is_ignored(self):
        stored = kept_by(ti_of(), SyncState(), name="bank")
        task_state = TaskState(ti_of(try_number=2), stored)
        assert (task_state.previous(), task_state.record.name) == (None, "bank")

    @pytest.mark.parametrize(
        ("state", "is_clear", "is_settled"),
        [
            (OWN, False, False),
            (OWN, True, False),
            (SyncState(job_id=5, is_reported=True), False, True),
            (SyncState(job_id=5, is_done=True), False, False),
            (SyncState(job_id=5, is_done=True), True, True),
        ],
    )
    def test_whether_anything_is_left_of_it(self, state, is_clear, is_settled):
        assert PreviousTry(state=state, is_clear=is_clear).is_settled == is_settled


class TestRecord:
    """The record of the current try."""

    def test_a_new_try_inherits_the_state_and_the_connections_name(self):
        stored = kept_by(ti_of(), name="bank", page="http://page", failures=3, end_time=7.0)
        task_state = TaskState(ti_of(try_number=2), stored)
        assert task_state.record == Record(
            state=OWN, task_id="money", try_number=2, max_tries=1, name="bank", page="http://page"
        )

    def test_the_same_try_can_resume_with_the_whole_record(self):
        stored = kept_by(ti_of(), failures=3, end_time=7.0)
        task_state = TaskState(ti_of(), stored)
        task_state.resume()
        assert task_state.is_same_try
        assert task_state.record == stored.record

    def test_a_note_is_saved_with_the_next_change(self):
        stored = Stored()
        task_state = TaskState(ti_of(), stored)
        task_state.note_connection(name="bank", page=None)
        assert stored.record is None
        task_state.update(state=OWN)
        task_state.note_connection(name=None, page="http://page")
        assert (stored.record.name, task_state.record.name, task_state.record.page) == (
            "bank",
            "bank",
            "http://page",
        )

    def test_the_end_is_saved(self):
        stored = kept_by(ti_of())
        TaskState(ti_of(), stored).finish()
        assert stored.record.state == SyncState(seen=4, job_id=5, role=Role.OWN, is_done=True)

    @given(
        st.builds(
            Record, state=STATES, task_id=st.text(), end_time=st.floats(0, 1e12), name=st.none() | st.text()
        )
    )
    def test_json_and_back(self, record):
        assert record_from_json(json.loads(json.dumps(record_as_json(record)))) == record


class TestStateStore:
    """Airflow's task state store."""

    def test_a_saved_state_is_found(self):
        values = {}
        store = StateStore(SimpleNamespace(get=values.get, set=values.__setitem__))
        assert store.load() is None
        store.save(Record(state=OWN))
        assert store.load() == Record(state=OWN)
        assert list(values) == [KEY]


class TestXComStore:
    """XComs of the two tasks of a sync."""

    def test_it_is_read_from_one_task_and_written_to_others(self, monkeypatch):
        xcoms = {}
        monkeypatch.setattr(
            task_state, "keep_with_task", lambda _ti, task, key, value: xcoms.update({(task, key): value})
        )
        ti = ti_of(xcom_pull=lambda task_ids, key: xcoms.get((task_ids, key)))
        store = XComStore(ti, read="trigger", written=("trigger", "wait"))
        assert store.load() is None
        store.save(Record(state=OWN))
        assert set(xcoms) == {("trigger", KEY), ("wait", KEY)}
        assert store.load() == Record(state=OWN)

    @pytest.mark.parametrize("value", ["text", 7, [], None])
    def test_a_value_that_is_not_a_record_is_none(self, value):
        ti = ti_of(xcom_pull=lambda task_ids, key: value)  # noqa: ARG005 (Airflow's names)
        assert XComStore(ti, read="trigger", written=()).load() is None


class TestVariableStore:
    """An Airflow Variable that exists while a sync is active."""

    @pytest.fixture
    def variables(self, monkeypatch):
        kept: dict[str, str] = {}
        monkeypatch.setattr(versions, "read_variable", kept.get)
        monkeypatch.setattr(versions, "write_variable", lambda key, value, _text: kept.update({key: value}))
        for name in ("delete_variable", "delete_variable_after_success"):
            monkeypatch.setattr(versions, name, lambda key: kept.pop(key, None))
        return kept

    @pytest.mark.parametrize("state", [OWN, SyncState(seen=4, is_submitting=True)])
    def test_an_active_sync_is_saved(self, variables, state):
        VariableStore(ti_of()).save(Record(state=state))
        assert VariableStore(ti_of()).load() == Record(state=state)
        assert len(variables) == 1

    @pytest.mark.parametrize(
        "state",
        [
            SyncState(),
            SyncState(seen=4),
            SyncState(seen=4, job_id=5, is_reported=True),
        ],
    )
    def test_nothing_is_left_if_there_is_nothing_to_resume(self, variables, state):
        VariableStore(ti_of()).save(Record(state=OWN))
        VariableStore(ti_of()).save(Record(state=state))
        assert variables == {}

    def test_the_record_stays_until_airflow_has_recorded_the_success(self, variables):
        VariableStore(ti_of()).save(Record(state=OWN))
        VariableStore(ti_of()).save(Record(state=replace(OWN, is_done=True)))
        assert VariableStore(ti_of()).load() == Record(state=OWN)
        delete_variable({"ti": ti_of(), "task_state_store": None})
        assert variables == {}

    @pytest.mark.parametrize("field", ["dag_id", "run_id", "task_id", "map_index"])
    def test_each_task_of_each_run_has_its_own(self, variables, field):
        other = ti_of()
        setattr(other, field, "x" * 300)
        VariableStore(ti_of()).save(Record(state=OWN))
        VariableStore(other).save(Record(state=OWN))
        assert len(variables) == 2
        assert all(len(key) <= 250 for key in variables)


def test_a_single_task_uses_the_task_state_store_if_there_is_one():
    assert isinstance(store_of_task({"ti": ti_of(), "task_state_store": SimpleNamespace()}), StateStore)
    assert isinstance(store_of_task({"ti": ti_of(), "task_state_store": None}), VariableStore)
    assert isinstance(store_of_task({"ti": ti_of()}), VariableStore)
