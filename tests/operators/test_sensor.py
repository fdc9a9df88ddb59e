"""The sensor between two polls: its next poke, its state, and changes by people."""

from __future__ import annotations

import pytest

from dag_factory.operators import rescheduling
from dag_factory.operators.task_state import KEY
from tests.airbyte.fake_airbyte import DELETE, GET, POST
from tests.operators.task_runs import clear_by_person

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

BEATS = 240.0


def test_it_is_not_due_before_airflow_has_recorded_its_end(stage, airbyte, monkeypatch):
    monkeypatch.setattr(rescheduling, "shortest_reschedule", lambda: BEATS)
    run = stage.run("async", wait_seconds=2)
    assert run.finish() == "success"
    assert airbyte.count(GET) == 3  # at once, and after each pause
    assert airbyte.now >= 2 * BEATS


def test_a_struggling_server_is_polled_ever_less_often(stage, airbyte):
    airbyte.fail(GET, *[503] * 8)
    run = stage.run("async", wait_seconds=20)
    assert run.finish() == "success"
    assert airbyte.now > 480
    assert len(airbyte.jobs) == 1


def test_the_log_says_when_the_status_changes_and_every_five_minutes(stage, capfd):
    run = stage.run("async", wait_seconds=60)
    run.finish()
    assert capfd.readouterr().out.count("job 1 is running: 7 rows") == 2


def test_a_cancellation_at_the_timeout_spans_several_pokes(stage, airbyte):
    airbyte.end = None
    airbyte.ignored_cancels = 3
    run = stage.run("async", timeout="30m", retries=0)
    assert run.finish() == "failed"
    assert (airbyte.active, airbyte.count(DELETE)) == ([], 4)
    assert "still active when this task had waited 30 min (timeout); it is cancelled now" in run.errors[0]


def test_a_job_that_succeeds_while_it_is_cancelled_is_a_success(stage, airbyte):
    airbyte.run_seconds = 1900
    airbyte.ignored_cancels = 100
    run = stage.run("async", timeout="30m", retries=0)
    assert (run.finish(), run.result) == ("success", 1)


def test_a_job_that_cannot_be_cancelled_ends_the_sensor_after_45_minutes(stage, airbyte):
    airbyte.end = None
    airbyte.ignored_cancels = 10_000
    run = stage.run("async", timeout="30m", retries=0)
    assert run.finish() == "failed"
    assert "job 1 could not be cancelled within 45 min: cancel it in Airbyte" in run.errors[0]
    assert 1800 + 2700 <= airbyte.now < 1800 + 3200


def test_permanent_errors_end_it_after_give_up_after(stage, airbyte):
    airbyte.fail(GET, *[403] * 1000)
    run = stage.run("async", retries=0)
    assert run.finish() == "failed"
    assert 600 <= airbyte.now < 1200
    assert "Airbyte answered 403 to the request for job 1" in run.errors[0]


def test_its_record_is_saved_with_both_tasks(stage):
    run = stage.run("async")
    run.finish()
    assert {task for task, key in run.xcoms if key == KEY} == {"money.trigger", "money.wait"}


@pytest.mark.parametrize("mode", ["async", "async deferrable"])
def test_a_first_task_that_was_cleared_alone_is_followed(stage, airbyte, mode):
    """The run's own job is cancelled and another one started, with which the waiting sensor continues."""
    run = stage.run(mode)

    def clear_first_task():
        run.clear("money.trigger")
        run._run_task(run.tasks["money.trigger"])

    airbyte.later(200, clear_first_task)
    assert (run.finish(), run.result) == ("success", 2)
    assert [job.status for job in airbyte.jobs] == ["cancelled", "succeeded"]
    assert airbyte.cancelled == [1]


@pytest.mark.parametrize("mode", ["async", "async deferrable"])
def test_each_of_two_clears_creates_one_more_job(stage, airbyte, mode):
    airbyte.later(200, clear_by_person)
    airbyte.later(400, clear_by_person)
    run = stage.run(mode)
    assert (run.finish(), run.result, airbyte.count(POST)) == ("success", 3, 3)
    assert [job.status for job in airbyte.jobs] == ["cancelled", "cancelled", "succeeded"]
