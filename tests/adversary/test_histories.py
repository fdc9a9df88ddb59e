"""A thousand random histories in every test run; `make histories` runs more."""

from __future__ import annotations

import pytest

from tests.adversary import seams
from tests.adversary.command import run
from tests.adversary.histories import history
from tests.adversary.rules import Checker
from tests.adversary.shrinking import shrink

# Airflow runs in this process, and parts of it warn about other parts.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

HISTORIES = 1000
# Histories of seed 31 that broke a rule: the first by a bug, the others by errors of the judge.
ONCE_BROKEN = (173930, 176350, 193142, 246934, 449628, 584949, 588760, 597579, 799728)


def test_no_history_breaks_a_rule():
    tally = run(0, 0, HISTORIES)
    assert tally.failed == {}
    assert set(tally.counts["acts"]) >= {"crash", "evict", "mark failed", "clear all", "trigger moved"}
    assert tally.calls > HISTORIES


@pytest.mark.parametrize("number", ONCE_BROKEN)
def test_a_history_that_broke_a_rule_passes(number):
    with seams.patched():
        assert Checker(seams.run_world(history(number, 31))).check().violations == []


def test_a_history_is_reproduced_by_its_number():
    with seams.patched():
        first, second = (seams.run_world(history(7), is_verbose=True) for _ in range(2))
    assert first.lines == second.lines
    assert first.lines


def test_the_checker_reports_an_orphaned_job(monkeypatch):
    monkeypatch.setattr("dag_factory.operators.task_try.TaskTry.undo", lambda _try, **_: None)
    with seams.patched():
        worlds = (seams.run_world(history(number)) for number in range(2000))
        found = (text for world in worlds for text in Checker(world).check().violations)
        assert next((text for text in found if text.startswith("d:")), None) is not None


def test_a_failing_history_is_shrunk(monkeypatch):
    monkeypatch.setattr("dag_factory.operators.task_try.TaskTry.undo", lambda _try, **_: None)
    with seams.patched():
        numbers = (number for number in range(2000) if is_broken(history(number)))
        found = history(next(numbers))
        small = shrink(found)
        assert is_broken(small)
        assert len(small.acts) + len(small.faults) <= len(found.acts) + len(found.faults)


def is_broken(history):
    return bool(Checker(seams.run_world(history)).check().violations)
