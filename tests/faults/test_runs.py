"""Tasks that a person changes during the run, in every mode on the real Airflow."""

from __future__ import annotations

from functools import partial

import pytest

from tests.faults.cases import run_case
from tests.faults.faults import BEFORE, DURING, MODES, Fault

# Airflow runs in this process, and parts of it warn about other parts.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def last_task(mode):
    """Return the id of the task that ends the sync."""
    return "money.wait" if mode.startswith("async") else "money"


@pytest.fixture
def is_killed(mode):
    """Whether the waiting task has running code, which is notified of the change."""
    return mode != "async"


def clear(task_ids, lab):
    lab.run.clear(task_ids)


def mark(task_id, state, lab):
    lab.run.mark(task_id, state)


def test_a_task_that_is_cleared_while_it_waits_starts_over(server, ours, mode, last_task, is_killed):
    fault = Fault(name="cleared", acts={DURING: (partial(clear, [last_task]),)})
    lab, run = run_case(server, fault, mode, ours)
    statuses = [job.status for job in lab.jobs()]
    assert run.states()[last_task] == ("success", 2)
    assert statuses[-1] == "succeeded"
    assert statuses[0] == "cancelled" or not is_killed


def test_a_run_that_is_cleared_while_it_waits_starts_over(server, ours, mode, is_killed):
    fault = Fault(name="cleared", acts={DURING: (partial(clear, None),)})
    lab, run = run_case(server, fault, mode, ours)
    statuses = [job.status for job in lab.jobs()]
    assert set(run.states().values()) == {("success", 2)}
    assert statuses[-1] == "succeeded"
    assert statuses[0] == "cancelled" or not is_killed


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_task_that_is_marked_while_it_waits_keeps_its_mark(server, ours, mode, last_task, is_killed, state):
    fault = Fault(name="marked", acts={DURING: (partial(mark, last_task, state),)})
    lab, run = run_case(server, fault, mode, ours)
    [job] = lab.jobs()
    assert run.states()[last_task] == (state, 1)
    assert job.status == ("cancelled" if is_killed else "running")
    lab.end_job("cancelled")


def test_a_task_that_is_cleared_while_it_waits_for_its_retry_has_all_its_retries(
    server, ours, mode, last_task
):
    def later(lab):
        lab.later(10, partial(clear, [last_task], lab))

    ends = ("failed", "failed", "failed", "succeeded")
    fault = Fault(name="cleared", acts={BEFORE: (later,)}, ends=ends, sync={"retries": 2})
    lab, run = run_case(server, fault, mode, ours)
    assert run.states()[last_task] == ("success", 4)
    assert [job.status for job in lab.jobs()] == list(ends)
