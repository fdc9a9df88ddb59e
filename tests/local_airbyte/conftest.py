"""A separate local Airbyte for each test, the official SDK as client, and a client for the admin path."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx
import pytest
from airbyte_api import AirbyteAPI
from airbyte_api.api import CancelJobRequest, GetJobRequest, ListJobsRequest
from airbyte_api.models import JobCreateRequest, JobResponse, JobTypeEnum, SchemeClientCredentials, Security

from dag_factory.local_airbyte.model.connection import ConnectionSeed
from dag_factory.local_airbyte.server import LocalAirbyte

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
FINAL = {"succeeded", "failed", "cancelled"}
SECRET = "test-secret"


@dataclass
class Airbyte:
    """A server that can be restarted, and clients for it."""

    folder: Path
    # The SDK keeps tokens per client id for the whole process: each server needs an id of its own.
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    job_seconds: float = 0.25
    source_faker: Path | None = None
    server: LocalAirbyte | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=5.0, verify=False))

    def start(self, port: int = 0) -> None:
        self.__dict__.pop("sdk", None)  # the URL may be another one
        self.server = LocalAirbyte.start(
            self.folder,
            port=port,
            seeds=[ConnectionSeed(connection_id=CONNECTION, name="money_to_json")],
            client_id=self.client_id,
            client_secret=SECRET,
            job_seconds=self.job_seconds,
            source_faker=self.source_faker,
        )

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def restart(self) -> None:
        port = self.server.port
        self.stop()
        self.start(port)

    @cached_property
    def sdk(self) -> AirbyteAPI:
        """Return the SDK as Airflow's provider builds it."""
        credentials = SchemeClientCredentials(
            client_id=self.client_id, client_secret=SECRET, token_url="v1/applications/token"
        )
        security = Security(client_credentials=credentials)
        return AirbyteAPI(server_url=self.server.url, security=security, client=self.http)

    def bearer(self) -> dict[str, str]:
        """Return the headers of calls without the SDK, with a new token."""
        body = {"client_id": self.client_id, "client_secret": SECRET}
        token = self.http.post(f"{self.server.url}/applications/token", json=body).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def admin(self, method: str, path: str, body: object = None) -> dict:
        answer = self.http.request(method, f"{self.server.admin_url}{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else {}

    def raw(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        """Return status and text of a call whose path and body are sent unchanged, even `..`."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)) as connection:
            connection.request(method, path, body.encode(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def fault(self, route: str, kind: str, **more: object) -> None:
        self.admin("POST", "/faults", {"route": route, "kind": kind, **more})

    def script(self, *steps: dict, end: str = "succeed", times: int | None = None) -> None:
        script = {"steps": list(steps), "end": end, "times": times}
        self.admin("PATCH", f"/connections/{CONNECTION}", {"scripts": [script]})

    def rows(self, first: int, then: int) -> None:
        self.admin("PATCH", f"/connections/{CONNECTION}", {"rows": {"first": first, "then": then}})

    def lines(self, stream: str) -> list[dict]:
        """Return the rows of a stream of the connection, as they were written."""
        path = self.folder / "money_to_json" / f"{stream}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def written_bytes(self) -> int:
        """Return the size of all rows of the connection."""
        return sum(path.stat().st_size for path in self.folder.glob("money_to_json/*.jsonl"))

    def submit(self, connection_id: str = CONNECTION, job_type: str = "sync") -> JobResponse:
        request = JobCreateRequest(connection_id=connection_id, job_type=JobTypeEnum(job_type))
        return self.sdk.jobs.create_job(request=request).job_response

    def job(self, job_id: int) -> JobResponse:
        return self.sdk.jobs.get_job(request=GetJobRequest(job_id=job_id)).job_response

    def cancel(self, job_id: int) -> JobResponse:
        return self.sdk.jobs.cancel_job(request=CancelJobRequest(job_id=job_id)).job_response

    def jobs(self, **filters: object) -> list[JobResponse]:
        return self.sdk.jobs.list_jobs(request=ListJobsRequest(**filters)).jobs_response.data

    def wait(self, job_id: int, *statuses: str) -> JobResponse:
        """Return the job once it has one of the statuses, by default a final one."""
        return eventually(lambda: self.job(job_id), lambda job: job.status.value in (statuses or FINAL))

    def sync(self, job_type: str = "sync") -> JobResponse:
        return self.wait(self.submit(job_type=job_type).job_id)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that start a server: each takes half a second, and there are hundreds."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "airbyte" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


# Only a failing test waits this long; a connector's first start takes a third of it on a busy machine.
def eventually(ask: Callable, is_right: Callable, seconds: float = 90.0):
    deadline = time.monotonic() + seconds
    while not is_right(found := ask()):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="session")
def ended() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Stops servers while the next tests run: uvicorn takes 0.2 s for each."""
    with ThreadPoolExecutor(max_workers=2) as executor:
        ends: list[Future[None]] = []
        yield lambda end: ends.append(executor.submit(end))
        for each in ends:
            each.result()


@pytest.fixture
def airbyte(tmp_path: Path, ended: Callable[[Callable[[], None]], None]) -> Iterator[Airbyte]:
    airbyte = Airbyte(folder=tmp_path / "data")
    airbyte.start()
    yield airbyte
    airbyte.http.close()
    ended(airbyte.stop)
