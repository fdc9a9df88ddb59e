from __future__ import annotations

from types import SimpleNamespace

import pytest

from dag_factory.airbyte.memory import TaskMemory
from dag_factory.airbyte.terms import Earlier

FACTS = {"seen": 4, "job": 5}


class Store(dict):
    """Airflow's task state store, which outlives tries and clears."""

    def set(self, key, value):
        self[key] = value


def memory(store, *, try_number, max_tries, retries):
    ti = SimpleNamespace(try_number=try_number, max_tries=max_tries)
    task = SimpleNamespace(retries=retries)
    return TaskMemory({"ti": ti, "task": task, "task_state_store": store})


@pytest.fixture
def store():
    """What the first try has kept."""
    kept = Store()
    memory(kept, try_number=1, max_tries=1, retries=1).keep(FACTS)
    return kept


def test_a_first_try_begins_anew():
    assert memory(Store(), try_number=1, max_tries=1, retries=1).earlier() is None


def test_a_retry_goes_on_with_what_the_try_before_has_left(store):
    assert memory(store, try_number=2, max_tries=1, retries=1).earlier() == Earlier(seen=4)


def test_a_try_above_the_last_goes_on_too(store):
    # A scheduler that finds tasks of a dead one starts them again, whether they have retries or not.
    assert memory(store, try_number=2, max_tries=0, retries=0).earlier() == Earlier(seen=4)


def test_a_try_after_a_clear_begins_anew(store):
    assert memory(store, try_number=2, max_tries=2, retries=1).earlier() is None


def test_a_try_that_begins_a_second_time_goes_on(store):
    assert memory(store, try_number=1, max_tries=1, retries=1).earlier() == Earlier(seen=4)


def test_the_facts_are_those_that_were_kept(store):
    assert memory(store, try_number=1, max_tries=1, retries=1).facts() == FACTS
