"""A few thousand random histories with every run of the tests; `make histories` runs more of them."""

from __future__ import annotations

import pytest

from tests.adversary import seams
from tests.adversary.command import run
from tests.adversary.histories import history
from tests.adversary.rules import Judge
from tests.adversary.shrinking import shrink

# What runs within this process is Airflow as a whole, parts of which warn of each other.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

HISTORIES = 1000


def test_no_history_breaks_a_rule():
    tally = run(0, 0, HISTORIES)
    assert tally.failed == {}
    assert set(tally.counts["acts"]) >= {"crash", "evict", "mark failed", "clear all", "trigger moved"}
    assert tally.calls > HISTORIES


def test_a_history_is_made_again_by_its_number():
    with seams.patched():
        first, second = (seams.run_world(history(7), is_said=True) for _ in range(2))
    assert first.lines == second.lines
    assert first.lines


def test_a_judge_sees_a_job_that_is_left(monkeypatch):
    monkeypatch.setattr("dag_factory.operators.task_try.TaskTry.undo", lambda _try, **_: None)
    with seams.patched():
        worlds = (seams.run_world(history(number)) for number in range(2000))
        found = (text for world in worlds for text in Judge(world).judge().violations)
        assert next((text for text in found if text.startswith("d:")), None) is not None


def test_a_failing_history_is_made_small(monkeypatch):
    monkeypatch.setattr("dag_factory.operators.task_try.TaskTry.undo", lambda _try, **_: None)
    with seams.patched():
        numbers = (number for number in range(2000) if is_broken(history(number)))
        found = history(next(numbers))
        small = shrink(found)
        assert is_broken(small)
        assert len(small.acts) + len(small.faults) <= len(found.acts) + len(found.faults)


def is_broken(history):
    return bool(Judge(seams.run_world(history)).judge().violations)
