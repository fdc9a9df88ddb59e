from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from dag_factory.sandbox.airflow.api import MOST_WRITES, PAGE_SIZE, AirflowApi, RefusedError
from dag_factory.sandbox.airflow.model import Dag, DagImportError, Run, Task

HEALTHY = {
    name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")
}


@pytest.fixture
def api(server) -> Iterator[AirflowApi]:
    with AirflowApi(server.url) as api:
        yield api


def test_it_is_healthy_when_all_components_are(server, api):
    server.answers["GET /api/v2/monitor/health"] = HEALTHY
    assert api.is_healthy()


@pytest.mark.parametrize("part", ["scheduler", "triggerer", "dag_processor"])
@pytest.mark.parametrize("status", [{"status": "unhealthy"}, {"status": None}, None])
def test_it_is_not_healthy_when_one_is_not(server, api, part, status):
    server.answers["GET /api/v2/monitor/health"] = HEALTHY | {part: status}
    assert not api.is_healthy()


def test_a_server_that_does_not_answer_is_not_healthy(server):
    free = server.url
    server.server_close()
    with AirflowApi(free, timeout_seconds=1) as api:
        assert not api.is_healthy()


def test_later_requests_carry_the_token(server, api):
    server.answers["GET /auth/token"] = {"access_token": "t0ken"}
    server.lists["GET /api/v2/importErrors"] = ("import_errors", [{"filename": "a.py", "stack_trace": "no"}])
    api.log_in()
    assert api.import_errors() == [DagImportError(file="a.py", text="no")]
    assert server.tokens == [None, "Bearer t0ken"]


def test_dags_have_their_possible_starts(server, api):
    edges = [
        ("dag:maker", "asset:1"),
        ("asset:1", "asset-condition:1"),
        ("asset-condition:1", "dag:eater"),
        ("dag:caller", "trigger:caller:eater:go"),
        ("trigger:caller:eater:go", "dag:eater"),
        ("dag:far", "asset:2"),
        ("asset:2", "dag:maker"),
        ("dag:eater", "asset:3"),
        ("asset:3", "dag:eater"),
    ]
    server.answers["GET /ui/dependencies"] = {
        "edges": [{"source_id": source, "target_id": target} for source, target in edges]
    }
    server.lists["GET /api/v2/dags"] = (
        "dags",
        [
            {"dag_id": "eater", "timetable_summary": "Asset"},
            {"dag_id": "maker", "timetable_summary": None},
        ],
    )
    assert api.dags() == [
        Dag(dag_id="eater", has_schedule=True, waits_for=frozenset({"maker", "caller"})),
        Dag(dag_id="maker", has_schedule=False, waits_for=frozenset({"far"})),
    ]


def test_a_snapshot_has_all_pages(server, api):
    runs = [
        {"dag_id": "a", "dag_run_id": f"r{number}", "run_type": "manual", "state": "queued"}
        for number in range(2 * PAGE_SIZE + 1)
    ]
    tasks = [
        {
            "dag_id": "a",
            "dag_run_id": "r0",
            "task_id": "t",
            "state": None,
            "operator": None,
            "start_date": "2026-03-01T12:00:00.5Z",
            "end_date": None,
            "rendered_fields": {"connection_id": "c"},
        }
    ]
    server.lists["GET /api/v2/dags/~/dagRuns"] = ("dag_runs", runs)
    server.lists["GET /api/v2/dags/~/dagRuns/~/taskInstances"] = ("task_instances", tasks)
    snapshot = api.snapshot()
    assert len(snapshot.runs) == 2 * PAGE_SIZE + 1
    assert snapshot.runs[-1] == Run(dag_id="a", run_id=f"r{2 * PAGE_SIZE}", run_type="manual", state="queued")
    assert snapshot.tasks == (
        Task(
            dag_id="a",
            run_id="r0",
            task_id="t",
            state="none",
            started_at=datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC),
            rendered={"connection_id": "c"},
        ),
    )


def test_dags_are_unpaused_triggered_and_paused(server, api):
    server.answers["PATCH /api/v2/dags"] = {}
    server.answers["POST /api/v2/dags/a/dagRuns"] = {}
    server.answers["PATCH /api/v2/dags/a"] = {}
    api.unpause_all()
    api.trigger("a")
    api.pause("a")
    assert server.sent == [
        ("PATCH /api/v2/dags?dag_id_pattern=~", {"is_paused": False}),
        ("POST /api/v2/dags/a/dagRuns", {"logical_date": None}),
        ("PATCH /api/v2/dags/a", {"is_paused": True}),
    ]


def test_a_dag_that_airflow_does_not_start_is_rejected(server, api):
    server.answers["POST /api/v2/dags/a/dagRuns"] = (400, {"detail": "a parameter is missing"})
    with pytest.raises(RefusedError, match=r"^a parameter is missing$"):
        api.trigger("a")


def test_a_server_error_is_not_a_rejection(server, api):
    server.answers["POST /api/v2/dags/a/dagRuns"] = (500, {"detail": "oh"})
    with pytest.raises(httpx.HTTPStatusError):
        api.trigger("a")


def test_a_change_is_sent_again_while_the_database_is_locked(server, api):
    locked = (500, {"detail": "database is locked"})
    server.answers["PATCH /api/v2/dags/a"] = [locked, locked, {}]
    api.pause("a")
    assert server.sent == [("PATCH /api/v2/dags/a", {"is_paused": True})] * 3


def test_a_change_is_not_sent_forever(server, api):
    server.answers["PATCH /api/v2/dags/a"] = (500, {"detail": "database is locked"})
    with pytest.raises(httpx.HTTPStatusError):
        api.pause("a")
    assert len(server.sent) == MOST_WRITES


def test_only_missing_pools_are_created(server, api):
    server.lists["GET /api/v2/pools"] = ("pools", [{"name": "default_pool"}])
    server.answers["POST /api/v2/pools"] = {}
    api.create_pools({"default_pool", "airbyte"})
    assert server.sent == [("POST /api/v2/pools", {"name": "airbyte", "slots": 4, "include_deferred": True})]


def test_an_xcom_may_be_missing(server, api):
    run = "GET /api/v2/dags/a/dagRuns/scheduled__2026-03-01T00%3A00%3A00%2B00%3A00"
    server.answers[f"{run}/taskInstances/g.trigger/xcomEntries/return_value"] = {"value": 7}
    task = Task(
        dag_id="a", run_id="scheduled__2026-03-01T00:00:00+00:00", task_id="g.trigger", state="success"
    )
    assert api.xcom(task) == 7
    assert api.xcom(task, "job") is None
