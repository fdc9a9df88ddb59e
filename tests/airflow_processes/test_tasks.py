"""Events that affect one task: its process is killed, its job fails, a person or a timeout ends it."""

from __future__ import annotations

import pytest

from tests.airflow_processes.scenes import MODES, Outcome, Scene
from tests.airflow_processes.stories import Story, check, parts, play, selected

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

DEFERRABLE = ("sync deferrable", "async deferrable")
ALL = tuple(MODES)
# How long the response to a submission or a poll is delayed to leave time for killing, in seconds.
HELD_BACK = 15.0


def killed_after_submission(scene: Scene) -> None:
    scene.lab.fault("POST /jobs", "delay_after", scene.connection, seconds=HELD_BACK)
    scene.begin()
    scene.wait_for_jobs(1)
    scene.kill_process(scene.submitting_task_id)
    scene.wait_for_next_try(scene.submitting_task_id)
    scene.wait_for_waiting()
    scene.let_succeed()


def killed_while_waiting(scene: Scene) -> None:
    scene.begin_waiting()
    scene.kill_process(scene.task_id)
    scene.wait_for_waiting(2)
    scene.let_succeed()


def worker_killed_while_waiting(scene: Scene) -> None:
    scene.begin_waiting()
    scene.kill_process(scene.task_id, with_worker=True)
    scene.wait_for_waiting(2)
    scene.let_succeed()


def killed_during_a_look(scene: Scene) -> None:
    scene.lab.fault("GET /jobs/{jobId}", "delay", scene.connection, seconds=HELD_BACK)
    scene.begin()
    scene.kill_process(scene.task_id)
    scene.wait_for_waiting(2)
    scene.let_succeed()


def killed_on_the_last_try(scene: Scene) -> None:
    scene.begin_waiting()
    scene.kill_process(scene.task_id)
    scene.wait_for_end()


def unreadable_while_deferred(scene: Scene) -> None:
    scene.begin_waiting()
    config = scene.lab.configs / f"{scene.dag_id}.yaml"
    text = config.read_text()
    config.write_text("syncs: [")
    scene.end_job()
    scene.wait_for_state("up_for_reschedule")
    config.write_text(text)
    scene.let_succeed()


def job_fails(scene: Scene) -> None:
    scene.begin_waiting()
    scene.end_job("failed")
    scene.wait_for_jobs(2)
    scene.let_succeed()


def marked_failed(scene: Scene) -> None:
    scene.begin_waiting()
    scene.mark_failed()
    scene.wait_for_end()


def marked_failed_during_a_look(scene: Scene) -> None:
    scene.lab.fault("GET /jobs/{jobId}", "delay", scene.connection, seconds=HELD_BACK)
    scene.begin()
    scene.wait_for_jobs(1)
    # Airflow does not call `on_kill` of a task whose DAG it is still parsing.
    scene.wait_for_fault()
    scene.mark_failed()
    scene.wait_for_end()


def marked_failed_and_hard_to_cancel(scene: Scene) -> None:
    # Enough refusals that Airflow kills the task before its job is cancelled.
    scene.lab.fault("DELETE /jobs/{jobId}", "status", scene.connection, code=503, times=4)
    marked_failed(scene)


def marked_failed_then_cleared(scene: Scene) -> None:
    marked_failed(scene)
    scene.wait_for_end_of_run()
    scene.clear()
    scene.wait_for_waiting(2)
    scene.let_succeed()


def cleared_while_waiting(scene: Scene) -> None:
    scene.begin_waiting()
    scene.clear()
    scene.wait_for_waiting(2)
    scene.let_succeed()


def cleared_after_success(scene: Scene) -> None:
    scene.begin_waiting()
    scene.let_succeed()
    scene.wait_for_end_of_run()
    scene.clear(*{scene.submitting_task_id, scene.task_id})
    scene.wait_for_jobs(2)
    scene.wait_for_end()


def run_deleted(scene: Scene) -> None:
    scene.begin_waiting()
    # Airflow refuses to delete an active run.
    assert scene.lab.api.delete_run(scene.dag_id, scene.run_id) == 409
    scene.lab.api.fail_run(scene.dag_id, scene.run_id)
    assert scene.lab.api.delete_run(scene.dag_id, scene.run_id) == 204


def run_takes_too_long(scene: Scene) -> None:
    scene.begin_waiting()
    scene.wait_for_end()


ONE = (Outcome(("succeeded",), "success"),)
STORIES = (
    Story(
        name="killed_after_submission",
        modes=ALL,
        act=killed_after_submission,
        outcomes=ONE,
        sync={"retries": 1},
    ),
    Story(
        name="killed_while_waiting",
        modes=("sync",),
        act=killed_while_waiting,
        outcomes=ONE,
        sync={"retries": 1},
    ),
    Story(
        name="worker_killed_while_waiting",
        modes=("sync",),
        act=worker_killed_while_waiting,
        outcomes=ONE,
        sync={"retries": 1},
    ),
    Story(
        name="killed_during_a_look",
        modes=("async",),
        act=killed_during_a_look,
        outcomes=ONE,
        sync={"retries": 1},
    ),
    # None of our code runs any more, so the job is left running.
    Story(
        name="killed_on_the_last_try",
        modes=("sync",),
        act=killed_on_the_last_try,
        outcomes=(Outcome(("running",), "failed"),),
        sync={"retries": 0},
    ),
    Story(name="unreadable_while_deferred", modes=DEFERRABLE, act=unreadable_while_deferred, outcomes=ONE),
    Story(
        name="job_fails",
        modes=ALL,
        act=job_fails,
        outcomes=(Outcome(("failed", "succeeded"), "success"),),
        sync={"retries": 1},
    ),
    Story(
        name="marked_failed",
        modes=("sync", *DEFERRABLE),
        act=marked_failed,
        outcomes=(Outcome(("cancelled",), "failed"),),
    ),
    Story(
        name="marked_failed_and_hard_to_cancel",
        modes=("sync", *DEFERRABLE),
        act=marked_failed_and_hard_to_cancel,
        outcomes=(Outcome(("cancelled",), "failed"),),
    ),
    Story(
        name="marked_failed_during_a_look",
        modes=("async",),
        act=marked_failed_during_a_look,
        outcomes=(Outcome(("cancelled",), "failed"),),
    ),
    # Between two polls none of our code runs.
    Story(
        name="marked_failed",
        modes=("async",),
        act=marked_failed,
        outcomes=(Outcome(("running",), "failed"),),
    ),
    Story(
        name="marked_failed_and_left",
        modes=("sync", *DEFERRABLE),
        act=marked_failed,
        outcomes=(Outcome(("running",), "failed"),),
        sync={"on_kill": "leave"},
    ),
    Story(
        name="marked_failed_then_cleared",
        modes=("async",),
        act=marked_failed_then_cleared,
        outcomes=(Outcome(("cancelled", "succeeded"), "success"),),
    ),
    Story(
        name="cleared_while_waiting",
        modes=ALL,
        act=cleared_while_waiting,
        outcomes=(Outcome(("cancelled", "succeeded"), "success"),),
    ),
    Story(
        name="cleared_after_success",
        modes=ALL,
        act=cleared_after_success,
        outcomes=(Outcome(("succeeded", "succeeded"), "success"),),
    ),
    Story(
        name="run_deleted",
        modes=("sync", *DEFERRABLE),
        act=run_deleted,
        outcomes=(Outcome(("cancelled",), None),),
    ),
    Story(name="run_deleted", modes=("async",), act=run_deleted, outcomes=(Outcome(("running",), None),)),
    Story(
        name="run_takes_too_long",
        modes=("sync", *DEFERRABLE),
        act=run_takes_too_long,
        outcomes=(Outcome(("cancelled",), "skipped"),),
        dag={"dagrun_timeout": "90s"},
    ),
    Story(
        name="run_takes_too_long",
        modes=("async",),
        act=run_takes_too_long,
        outcomes=(Outcome(("running",), "skipped"),),
        dag={"dagrun_timeout": "90s"},
    ),
)


def part_of(item):
    """Each of four or more parts has a story in at most one mode."""
    part = item.callspec.params["part"]
    return STORIES.index(part.story) + ALL.index(part.mode)


@pytest.fixture(scope="module")
def played(request, lab):
    return play(lab, selected(request))


@pytest.mark.parametrize("part", parts(STORIES))
def test_task(part, played, report):
    check(part, played, report)
