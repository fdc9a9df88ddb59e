"""The common base of the operator and the sensor: ids from templates, events, and deferrals."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, TaskDeferred

from dag_factory.airbyte.api.model import Job, job_as_json
from dag_factory.airbyte.state import Role, SyncState, state_as_json
from dag_factory.airbyte.sync.types import SyncRequest
from dag_factory.factory.load import load_dags
from dag_factory.operators import sync_task
from dag_factory.operators.sync_task import short_traceback
from tests.airbyte.fake_airbyte import POST, UUID
from tests.operators.task_runs import MODES

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

DAG = f"""
schedule: null
syncs:
  money:
    connection_id: {UUID}
    mode: sync
    deferrable: true
    wait_seconds: 30
    timeout: 2h
    on_running: skip
    on_timeout: leave
    on_kill: leave
    min_rows: 5
  sales: {{connection_id: {UUID[:-1]}1, mode: async, deferrable: true, timeout: 2h}}
"""
OWN = SyncState(seen=0, job_id=1, role=Role.OWN)


@pytest.fixture(params=["money", "sales.wait"])
def task(configs, request):
    return load_dags(configs({"bank.yaml": DAG}))["bank"].get_task(request.param)


class BeganError(Exception):
    """Raised by a task that starts."""


class WentOnError(Exception):
    """Return the exception of a task that resumes with an event."""


@pytest.mark.parametrize(
    ("kept", "expected"),
    [({"try_number": 1}, BeganError), ({"try_number": 2}, WentOnError), ({}, WentOnError)],
    ids=["of an earlier try", "of this try", "not known"],
)
def test_only_an_event_of_this_try_is_used(task, monkeypatch, kept, expected):
    """Airflow 3.0 starts a retry where the deferral of the try before ended."""

    def begin(*_arguments):
        raise BeganError

    def go_on(*_arguments):
        raise WentOnError

    for name, method in {"_sync": begin, "_defer": begin, "_after_event": go_on}.items():
        monkeypatch.setattr(type(task), name, method, raising=False)
    store = SimpleNamespace(load=lambda: None)
    monkeypatch.setattr(type(task), "_store", lambda *_arguments: store)
    context = {"ti": SimpleNamespace(try_number=2), "task_state_store": None}
    event = {"state": state_as_json(OWN)}
    with pytest.raises(expected):
        task.execute_complete(context, event, **kept)


def test_the_request_matches_the_configuration(configs):
    task = load_dags(configs({"bank.yaml": DAG}))["bank"].get_task("money")
    assert task.request == SyncRequest(
        connection_id=UUID,
        wait_seconds=30,
        timeout=7200,
        on_running="skip",
        on_timeout="leave",
        on_kill="leave",
        min_rows=5,
    )


@pytest.mark.parametrize(
    ("rendered", "shown"),
    [("bank", "'bank'"), ("", "empty"), (None, "empty"), ("x" * 500, "'" + "x" * 79), ("a\nb", "'a\\nb'")],
    ids=lambda value: repr(value)[:9],
)
def test_an_invalid_id_is_named(task, rendered, shown):
    task.connection_id = rendered
    with pytest.raises(AirflowFailException) as error:
        _ = task.request
    assert str(error.value) == (
        f"connection_id is {shown}, not the UUID of an Airbyte connection: "
        "check the Variable or the template that it comes from"
    )


def test_a_deferral_has_everything_that_the_trigger_and_the_task_need(stage, airbyte):
    run = stage.run("sync deferrable", timeout="2h", on_kill="leave")
    operator = run._operator = run._rendered(run.last)
    run.last.try_number = 1
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute(run._context(run.last))
    deferred = deferral.value
    end_time = 1_800_000_000.0 + 7200
    page = f"{stage.url.removesuffix('/api/public/v1')}/workspaces/"
    assert deferred.kwargs.pop("page").startswith(page)
    assert deferred.kwargs == {"try_number": 1, "end_time": end_time, "name": "bank → json"}
    assert deferred.timeout == timedelta(hours=2) + sync_task.BEYOND_TIMEOUT
    _, arguments = deferred.trigger.serialize()
    assert arguments["state"]["job_id"] == airbyte.jobs[0].job_id
    del arguments["state"]
    assert arguments == {
        "conn_id": "airbyte_default",
        "connection_id": UUID,
        "connection_name": "bank → json",
        "end_time": end_time,
        "sync_timeout": 7200,
        "poll_interval": 120,
        "on_timeout": "cancel",
        "on_killed": "leave",
    }


@pytest.mark.parametrize("mode", ["sync deferrable", "async deferrable"])
def test_an_event_suffices_if_airflow_drops_the_arguments_of_a_deferral(stage, airbyte, mode):
    run = stage.run(mode)
    operator = run._operator = run._rendered(run.last)
    run.last.try_number = 1
    job = Job(job_id=1, status="succeeded", job_type="sync", connection_id=UUID, rows=7)
    event = {"job": job_as_json(job), "state": state_as_json(OWN), "is_changed": False}
    assert operator.execute_complete(run._context(run.last), event) == 1
    assert airbyte.calls == []


@pytest.mark.parametrize("mode", ["sync deferrable", "async deferrable"])
def test_an_error_of_the_trigger_fails_the_task_and_its_state_is_saved(stage, airbyte, mode):
    airbyte.end = None
    run = stage.run(mode, timeout="30m", retries=1)
    assert run.finish() == "failed"
    assert [job.status for job in airbyte.jobs] == ["cancelled", "cancelled"]
    assert airbyte.count(POST) == 2


@pytest.mark.parametrize("mode", MODES)
def test_an_error_names_the_page_on_a_separate_line(stage, airbyte, mode):
    airbyte.end = "failed"
    run = stage.run(mode, retries=0)
    run.finish()
    [error] = run.errors
    text, page = error.splitlines()
    assert "job 1 failed" in text
    assert page.endswith(f"/connections/{UUID}/timeline")


def test_an_errors_traceback_is_short():
    @short_traceback
    def fail():
        message = "it failed"
        raise AirflowException(message)

    with pytest.raises(AirflowException, match="it failed") as error:
        fail()
    frames = error.traceback
    assert [frame.name for frame in frames][-1] == "call"
    assert error.value.__suppress_context__
