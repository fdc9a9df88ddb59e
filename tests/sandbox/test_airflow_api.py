from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dag_factory.sandbox.airbyte_api import AirbyteApi
from dag_factory.sandbox.airflow_api import PAGE_SIZE, AirflowApi, RefusedError
from dag_factory.sandbox.airflow_home import AirbyteAccess
from dag_factory.sandbox.snapshot import Dag, ImportProblem, Job, Run, Task

HEALTHY = {
    name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")
}


class Server(ThreadingHTTPServer):
    """Answers what `answers` holds by method and path, lists page by page, and remembers what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, object] = {}
        self.lists: dict[str, tuple[str, list[object]]] = {}
        self.sent: list[tuple[str, object]] = []
        self.tokens: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.server.sent.append((f"{self.command} {self.path}", json.loads(self.rfile.read(length))))
        self.server.tokens.append(self.headers.get("Authorization"))
        status, content = self._content(f"{self.command} {url.path}", parse_qs(url.query))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _content(self, key: str, query: dict[str, list[str]]) -> tuple[int, object]:
        if key in self.server.lists:
            name, items = self.server.lists[key]
            offset, limit = int(query["offset"][0]), int(query["limit"][0])
            return 200, {name: items[offset : offset + limit], "total_entries": len(items)}
        answer = self.server.answers.get(key, (404, {"detail": "not there"}))
        return answer if isinstance(answer, tuple) else (200, answer)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 (the names that the library looks for)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(server: Server) -> Iterator[AirflowApi]:
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


def test_the_token_goes_with_all_that_follows(server, api):
    server.answers["GET /auth/token"] = {"access_token": "t0ken"}
    server.lists["GET /api/v2/importErrors"] = ("import_errors", [{"filename": "a.py", "stack_trace": "no"}])
    api.log_in()
    assert api.import_problems() == [ImportProblem(file="a.py", text="no")]
    assert server.tokens == [None, "Bearer t0ken"]


def test_dags_know_what_can_start_them(server, api):
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


def test_dags_are_set_going_triggered_and_paused(server, api):
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


def test_a_dag_that_airflow_does_not_start_is_refused(server, api):
    server.answers["POST /api/v2/dags/a/dagRuns"] = (400, {"detail": "a parameter is missing"})
    with pytest.raises(RefusedError, match=r"^a parameter is missing$"):
        api.trigger("a")


def test_a_server_error_is_not_a_refusal(server, api):
    server.answers["POST /api/v2/dags/a/dagRuns"] = (500, {"detail": "oh"})
    with pytest.raises(httpx.HTTPStatusError):
        api.trigger("a")


def test_only_missing_pools_are_made(server, api):
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


def test_airbytes_jobs(server):
    server.answers["POST /api/applications/token"] = {"access_token": "t"}
    server.answers["GET /api/jobs"] = {
        "data": [
            {"jobId": 2, "status": "succeeded", "startTime": "2026-03-01T12:00:00Z", "rowsSynced": 5},
            {"jobId": 1, "status": "pending"},
        ]
    }
    access = AirbyteAccess(url=f"{server.url}/api", client_id="me", client_secret="secret")
    with AirbyteApi(access) as api:
        assert api.jobs("c") == [
            Job(job_id=2, status="succeeded", rows=5, started_at=datetime(2026, 3, 1, 12, tzinfo=UTC)),
            Job(job_id=1, status="pending", rows=None, started_at=None),
        ]
    assert server.sent == [("POST /api/applications/token", {"client_id": "me", "client_secret": "secret"})]
    assert server.tokens == [None, "Bearer t"]
