from __future__ import annotations

from dataclasses import replace

import pytest

from dag_factory.sandbox.airflow.model import Dag, Run, Snapshot, Task
from dag_factory.sandbox.demo.progress import QUIET_SECONDS, Change, Progress, advance, changes, due, to_pause

LATER = QUIET_SECONDS + 1


def dag(dag_id, *waits_for, has_schedule=True) -> Dag:
    return Dag(dag_id=dag_id, has_schedule=has_schedule, waits_for=frozenset(waits_for))


def run(dag_id, state="success", run_id="first", run_type="scheduled") -> Run:
    return Run(dag_id=dag_id, run_id=run_id, run_type=run_type, state=state)


def task(dag_id, task_id, state, run_id="first") -> Task:
    return Task(dag_id=dag_id, run_id=run_id, task_id=task_id, state=state)


def poll(progress: Progress, *items: Run | Task, now: float = 0.0) -> Progress:
    runs = tuple(item for item in items if isinstance(item, Run))
    tasks = tuple(item for item in items if isinstance(item, Task))
    return advance(progress, Snapshot(runs=runs, tasks=tasks), now)


def start(*dags: Dag) -> Progress:
    return Progress(dags=dags)


def test_the_first_run_of_a_dag_is_its_run():
    progress = poll(
        start(dag("a"), dag("b")),
        run("a", "running", "one"),
        run("stranger"),
        run("a", "success", "two"),
    )
    assert {name: item.run_id for name, item in progress.runs.items()} == {"a": "one"}
    assert (progress.state("a"), progress.state("b")) == ("running", "no run")
    assert not progress.is_finished


def test_only_tasks_of_that_run_count():
    snapshot = Snapshot(
        runs=(run("a", run_id="one"), run("a", run_id="two")),
        tasks=(task("a", "t", "failed", "two"), task("a", "t", "success", "one")),
    )
    progress = advance(start(dag("a")), snapshot, 0.0)
    assert [item.state for item in progress.tasks_of("a")] == ["success"]


@pytest.mark.parametrize(("state", "is_finished"), [("success", True), ("failed", True), ("queued", False)])
def test_it_is_finished_when_every_run_has_ended(state, is_finished):
    assert poll(start(dag("a"), dag("b")), run("a"), run("b", state)).is_finished is is_finished


def test_a_dag_that_nothing_starts_is_triggered_at_once():
    assert due(poll(start(dag("a", has_schedule=False))), 0.0) == ["a"]


def test_a_dag_is_triggered_once():
    progress = replace(poll(start(dag("a", has_schedule=False))), triggered=frozenset({"a"}))
    assert due(poll(progress, now=LATER), LATER) == []


def test_a_dag_with_a_schedule_has_time_to_be_started_by_airflow():
    progress = poll(start(dag("a")), now=100.0)
    assert due(poll(progress, now=100.0 + QUIET_SECONDS / 2), 100.0 + QUIET_SECONDS / 2) == []
    assert due(poll(progress, now=100.0 + LATER), 100.0 + LATER) == ["a"]
    assert due(poll(progress, run("a", "queued"), now=100.0 + LATER), 100.0 + LATER) == []


@pytest.mark.parametrize("has_schedule", [True, False], ids=["asset", "triggered by name"])
def test_a_dag_that_others_start_waits_for_them(has_schedule):
    begin = start(dag("up"), dag("down", "up", has_schedule=has_schedule))
    running = poll(begin, run("up", "running"), now=0.0)
    assert due(poll(running, run("up", "running"), now=LATER), LATER) == []
    ended = poll(running, run("up"), now=LATER)
    assert due(ended, LATER) == []
    assert due(poll(ended, run("up"), now=2 * LATER), 2 * LATER) == ["down"]


def test_a_failed_or_rejected_upstream_is_not_waited_for():
    begin = start(dag("up"), dag("other"), dag("down", "up", "other"))
    ended = replace(poll(begin, run("up", "failed")), refused=frozenset({"other"}))
    ended = poll(ended, run("up", "failed"), now=0.0)
    assert due(poll(ended, run("up", "failed"), now=LATER), LATER) == ["down"]


def test_a_missing_upstream_is_not_waited_for():
    begin = poll(start(dag("down", "elsewhere")))
    assert due(poll(begin, now=LATER), LATER) == ["down"]


def test_a_cycle_is_broken_when_nothing_else_runs():
    begin = start(dag("a", "b"), dag("b", "a"), dag("c"))
    busy = poll(begin, run("c", "running"))
    assert busy.ready_since == {}
    quiet = poll(busy, run("c"), now=10.0)
    assert due(poll(quiet, run("c"), now=10.0 + LATER), 10.0 + LATER) == ["a"]
    going = poll(quiet, run("c"), run("a", "running"), now=11.0)
    assert going.ready_since == {}


def test_a_dag_that_cannot_be_triggered_is_done():
    progress = replace(poll(start(dag("a"))), refused=frozenset({"a"}))
    assert progress.is_finished
    assert progress.state("a") == "cannot be triggered"


def test_a_dag_is_paused_when_nothing_can_start_it_again():
    begin = start(dag("up"), dag("down", "up"))
    assert to_pause(poll(begin, run("up", "running"), run("down"))) == []
    done = poll(begin, run("up"), run("down"))
    assert to_pause(done) == ["up", "down"]
    assert to_pause(replace(done, paused=frozenset({"up"}))) == ["down"]


def test_changes_list_each_state_once_and_in_order():
    nothing = start(dag("a"))
    started = poll(nothing, run("a", "running"), task("a", "t", "running"), task("a", "u", "none"))
    ended = poll(started, run("a"), task("a", "t", "success"), task("a", "u", "success"))
    assert changes(nothing, started) == [
        Change(dag_id="a", task_id=None, state="running (scheduled)"),
        Change(dag_id="a", task_id="t", state="running"),
    ]
    assert changes(started, ended) == [
        Change(dag_id="a", task_id="t", state="success"),
        Change(dag_id="a", task_id="u", state="success"),
        Change(dag_id="a", task_id=None, state="success"),
    ]
    assert changes(ended, ended) == []
