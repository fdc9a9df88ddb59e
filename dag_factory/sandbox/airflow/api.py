"""A small client of Airflow 3's REST API (`/api/v2`), for an Airflow in which everyone is admin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from dag_factory.sandbox.airflow.model import Dag, DagImportError, Run, Snapshot, Task

ALL = "~"  # stands for every DAG and every run in the API's paths
PAGE_SIZE = 100  # Airflow's default of `[api] maximum_page_limit`
# How often a write is sent at most; each that fails takes SQLite's 5 seconds.
MOST_WRITES = 6
_COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")

# Answers of the API; they do not leave this module.
_Json = dict[str, Any]
POOL_SLOTS = 4


class RefusedError(Exception):
    """Airflow refused the request; the message is Airflow's."""


class AirflowApi:
    """A client of the API server at a URL; call `log_in` before anything but `is_healthy`."""

    def __init__(self, url: str, *, timeout_seconds: float = 60.0) -> None:
        """Open no connection yet; proxies from the environment are ignored."""
        self._http = httpx.Client(base_url=url, timeout=timeout_seconds, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def is_healthy(self) -> bool:
        """Return whether the server answers and reports all other components as healthy."""
        try:
            health = self._get("/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        return all((health.get(name) or {}).get("status") == "healthy" for name in _COMPONENTS)

    def log_in(self) -> None:
        """Fetch a token for all later requests."""
        token = self._get("/auth/token")["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def dags(self) -> list[Dag]:
        """Return the active DAGs, sorted by id."""
        upstream = _upstream(self._get("/ui/dependencies")["edges"])
        return [
            Dag(
                dag_id=item["dag_id"],
                has_schedule=item["timetable_summary"] is not None,
                waits_for=frozenset(upstream[item["dag_id"]]),
            )
            for item in self._pages("/api/v2/dags", "dags", order_by="dag_id", exclude_stale=True)
        ]

    def import_errors(self) -> list[DagImportError]:
        """Return the import errors of all DAG files."""
        return [
            DagImportError(file=item["filename"], text=item["stack_trace"])
            for item in self._pages("/api/v2/importErrors", "import_errors")
        ]

    def unpause_all(self) -> None:
        """Unpause every DAG."""
        self._send("PATCH", f"/api/v2/dags?dag_id_pattern={ALL}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Pause a DAG."""
        self._send("PATCH", f"/api/v2/dags/{quote(dag_id)}", {"is_paused": True})

    def trigger(self, dag_id: str) -> None:
        """Trigger a run manually; raise `RefusedError` if Airflow refuses."""
        response = self._write("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", {"logical_date": None})
        if response.is_client_error:
            raise RefusedError(response.json()["detail"])
        response.raise_for_status()

    def create_pools(self, names: Iterable[str]) -> None:
        """Create the pools that do not exist; deferred tasks hold a slot, too."""
        existing = {item["name"] for item in self._pages("/api/v2/pools", "pools")}
        for name in sorted(set(names) - existing):
            pool = {"name": name, "slots": POOL_SLOTS, "include_deferred": True}
            self._send("POST", "/api/v2/pools", pool)

    def snapshot(self) -> Snapshot:
        """Return all runs and tasks with their states."""
        return Snapshot(
            runs=tuple(map(_run, self._pages(f"/api/v2/dags/{ALL}/dagRuns", "dag_runs", order_by="id"))),
            tasks=tuple(
                map(_task, self._pages(f"/api/v2/dags/{ALL}/dagRuns/{ALL}/taskInstances", "task_instances"))
            ),
        )

    def xcom(self, task: Task, key: str = "return_value") -> object:
        """Return an XCom of a task, or None."""
        path = f"/api/v2/dags/{quote(task.dag_id)}/dagRuns/{quote(task.run_id)}"
        response = self._http.get(f"{path}/taskInstances/{quote(task.task_id)}/xcomEntries/{quote(key)}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return _json(response)["value"]

    def _get(self, path: str, **parameters: str | int | bool) -> _Json:
        return _json(self._http.get(path, params=parameters or None))

    def _send(self, method: str, path: str, body: Mapping[str, object]) -> None:
        _json(self._write(method, path, body))

    def _write(self, method: str, path: str, body: Mapping[str, object]) -> httpx.Response:
        """Send a request that changes something, again if Airflow answers 500: nothing was written then.

        Airflow logs each change in its event loop (`log_action`, api_fastapi/logging/decorators.py). If a
        task reports its state just then, that transaction waits for the event loop, which waits for SQLite's
        lock: after 5 seconds SQLite gives up, and with it the change.
        """
        for _ in range(MOST_WRITES - 1):
            response = self._http.request(method, path, json=body)
            if response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                return response
        return self._http.request(method, path, json=body)

    def _pages(self, path: str, key: str, **parameters: str | int | bool) -> Iterator[_Json]:
        """Yield the items of all pages of a list."""
        offset, total = 0, 1
        while offset < total:
            page = self._get(path, limit=PAGE_SIZE, offset=offset, **parameters)
            yield from page[key]
            offset, total = offset + PAGE_SIZE, page["total_entries"]


def _json(response: httpx.Response) -> _Json:
    response.raise_for_status()
    content: _Json = response.json()
    return content


def _upstream(edges: Iterable[Mapping[str, str]]) -> Mapping[str, set[str]]:
    """Map each DAG to the DAGs that can start it, by an asset or a trigger.

    Nodes are named `dag:ID`, `asset:ID`, `trigger:...` and so on (Airflow's `services/ui/dependencies.py`).
    """
    before: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        before[edge["target_id"]].add(edge["source_id"])
    upstream: dict[str, set[str]] = defaultdict(set)
    for target in [node for node in before if node.startswith("dag:")]:
        reached = _nearest_dags(target, before)
        upstream[target.removeprefix("dag:")] = {node.removeprefix("dag:") for node in reached}
    return upstream


def _nearest_dags(target: str, before: Mapping[str, set[str]]) -> set[str]:
    """Return the nearest upstream DAGs of a DAG, through assets, aliases and conditions."""
    seen: set[str] = set()
    open_nodes = [target]
    while open_nodes:
        for node in before.get(open_nodes.pop(), set()) - seen:
            seen.add(node)
            if not node.startswith("dag:"):
                open_nodes.append(node)
    return {node for node in seen if node.startswith("dag:")} - {target}


def _run(item: _Json) -> Run:
    return Run(
        dag_id=item["dag_id"], run_id=item["dag_run_id"], run_type=item["run_type"], state=item["state"]
    )


def _task(item: _Json) -> Task:
    return Task(
        dag_id=item["dag_id"],
        run_id=item["dag_run_id"],
        task_id=item["task_id"],
        state=item["state"] or "none",
        operator=item["operator"] or "",
        started_at=_time(item["start_date"]),
        ended_at=_time(item["end_date"]),
        rendered=item["rendered_fields"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
