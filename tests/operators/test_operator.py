"""The tasks of a sync in every mode: their results, retries, clears and kills."""

from __future__ import annotations

import pytest

from dag_factory.operators.task_state import KEY
from tests.airbyte.fake_airbyte import GET, LIST, POST, UUID, WORKSPACE
from tests.operators.task_runs import MODES, SECRET, crash

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def test_a_plain_sync(stage, airbyte, mode):
    run = stage.run(mode)
    assert run.finish() == "success"
    assert (run.result, airbyte.count(POST), len(airbyte.jobs)) == (1, 1, 1)
    left = {key: value for (task_id, key), value in run.xcoms.items() if task_id == run.last.task_id}
    left.pop(KEY, None)
    page = left["airbyte_url"]
    assert left == {"return_value": 1, "job_id": 1, "rows": 7, "airbyte_url": page}
    assert run.events == [{"job_id": 1, "rows": 7, "airbyte_url": page}]
    assert page == (
        f"{stage.url.removesuffix('/api/public/v1')}/workspaces/{WORKSPACE}/connections/{UUID}/timeline"
    )


def test_the_page_is_known_before_a_sync_ends(stage, airbyte, mode):
    airbyte.end = "failed"
    run = stage.run(mode, retries=0)
    assert run.finish() == "failed"
    assert run.xcoms[next(iter(run.tasks)), "airbyte_url"].endswith("/timeline")
    assert run.events == []


def test_the_log_names_neither_secret_nor_token(stage, airbyte, mode, capfd):
    airbyte.fail(GET, 401, 503)
    run = stage.run(mode)
    run.finish()
    logged = capfd.readouterr().out
    assert "submitted job 1" in logged
    assert SECRET not in logged
    assert "token-1" not in logged


@pytest.mark.parametrize(
    ("on_timeout", "states"), [("cancel", ["cancelled"]), ("leave", ["running"])], ids=["cancel", "leave"]
)
def test_a_job_that_takes_too_long(stage, airbyte, mode, on_timeout, states):
    airbyte.end = None
    run = stage.run(mode, timeout="30m", on_timeout=on_timeout, retries=0)
    assert run.finish() == "failed"
    assert [job.status for job in airbyte.jobs] == states


def test_too_few_rows_fail_and_a_retry_syncs_again(stage, airbyte, mode):
    airbyte.later(600, lambda: setattr(airbyte, "rows", 20))
    run = stage.run(mode, min_rows=10, retries=1)
    assert (run.finish(), run.result) == ("success", 2)
    assert "job 1 moved 7 rows, fewer than min_rows 10" in run.errors[0]


@pytest.mark.parametrize(
    "fault", ["lost after", "html after", "500 after", "504 after", "lost before", 503, 429]
)
def test_a_failed_submission_creates_one_job(stage, airbyte, mode, fault):
    airbyte.fail(POST, fault)
    run = stage.run(mode)
    assert (run.finish(), run.result, len(airbyte.jobs)) == ("success", 1, 1)


@pytest.mark.parametrize("status", ["inactive", "deprecated", "locked", None])
def test_an_inactive_connection_is_reported(stage, airbyte, mode, status):
    airbyte.status = status
    run = stage.run(mode, retries=0)
    assert run.finish() == "failed"
    assert airbyte.jobs == []
    word = {"inactive": "disabled", "deprecated": "deleted", "locked": "locked"}.get(status, "exist")
    assert word in run.errors[0]


@pytest.mark.parametrize("has_state_store", [True, False], ids=["3.3", "before 3.3"])
def test_a_task_killed_at_any_effect_creates_one_job(stage, airbyte, mode, has_state_store):
    for seconds in (1, 500, 900):
        airbyte.later(seconds, crash)
    airbyte.fail(POST, "504 after")
    airbyte.fail(LIST, None, 503, 503)
    airbyte.run_seconds = 2000
    run = stage.run(mode, has_state_store=has_state_store, retries=3, on_running="fail")
    assert (run.finish(), run.result, len(airbyte.jobs)) == ("success", 1, 1)
    assert airbyte.cancelled == []
