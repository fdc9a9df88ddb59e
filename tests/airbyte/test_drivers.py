"""The protocol over real HTTP against the local Airbyte, blocking and in an event loop."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dag_factory.airbyte import jobs
from dag_factory.airbyte.api import Access, Api
from dag_factory.airbyte.drivers import Surroundings, run_blocking, run_in_loop
from dag_factory.airbyte.errors import ApiError, SyncError
from dag_factory.airbyte.exchange import Remember
from dag_factory.airbyte.terms import Means, Wanted
from dag_factory.local_airbyte.server import LocalAirbyte

CLIENT_ID = "tests-of-the-drivers"
SECRET = "test-secret"
# Pauses are for real here, but so many times shorter.
HURRY = 300.0


def whole_sync(means, wanted, earlier):
    """Do one try of a sync, as the operator does it in `mode: sync`."""
    started = yield from jobs.begin(means, wanted, earlier)
    return (yield from jobs.complete(means, wanted, started))


class Lab:
    """A connection of a local Airbyte, and one sync after the other on it, by one of the two drivers."""

    def __init__(self, server: LocalAirbyte, driver: str) -> None:
        self.server = server
        self.driver = driver
        self.connection = str(uuid.uuid4())
        self.admin("DELETE", "/faults")
        self.admin("PUT", f"/connections/{self.connection}", {"name": self.connection})
        self.said: list[str] = []
        self.remembered: dict[str, int] = {}

    def access(self, **more) -> Access:
        return Access(
            **{
                "conn_id": "airbyte_default",
                "host": self.server.url,
                "client_id": CLIENT_ID,
                "client_secret": SECRET,
                "timeout": 0.5,
                **more,
            }
        )

    def run(self, protocol_of, access: Access | None = None):
        access = access or self.access()
        means = Means(api=Api(access, time.monotonic), clock=self._clock, spread=lambda seconds: seconds)
        surroundings = Surroundings(say=self.said.append, remember=self._remember)
        if self.driver == "blocking":
            return run_blocking(protocol_of(means), access, surroundings, self._sleep)
        return asyncio.run(run_in_loop(protocol_of(means), access, surroundings, self._sleep_in_loop))

    def sync(self, access: Access | None = None, **wanted):
        asked = Wanted(**{"connection_id": self.connection, "wait_seconds": 5, "timeout": 3600, **wanted})
        return self.run(lambda means: whole_sync(means, asked, None), access)

    def admin(self, method: str, path: str, body=None):
        response = httpx.request(method, self.server.admin_url + path, json=body, timeout=10)
        response.raise_for_status()
        return response.json() if response.content else None

    def fault(self, route: str, kind: str, **more) -> None:
        self.admin("POST", "/faults", {"route": route, "kind": kind, **more})

    def jobs(self) -> list[str]:
        every = self.admin("GET", "/jobs")["jobs"]
        return [job["status"] for job in every if job["connectionId"] == self.connection]

    def _remember(self, effect: Remember) -> None:
        self.remembered = effect.onto(self.remembered)

    def _clock(self) -> float:
        return time.monotonic() * HURRY

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds / HURRY)

    async def _sleep_in_loop(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airbyte")
    with LocalAirbyte.start(folder, client_id=CLIENT_ID, client_secret=SECRET, job_seconds=0.1) as started:
        yield started


@pytest.fixture(params=["blocking", "in_loop"])
def lab(request, server):
    return Lab(server, request.param)


@pytest.fixture(scope="module")
def untrusted_host(tmp_path_factory):
    """A server on loopback with a certificate that it has signed itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path_factory.mktemp("certificate") / "both.pem"))
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(secret + public)
    return path


def test_a_plain_sync_tells_its_rows(lab):
    job = lab.sync()
    assert (job.status, job.rows, lab.jobs()) == ("succeeded", 400, ["succeeded"])
    assert lab.remembered == {"seen": 0, "job": job.job_id, "judged": job.job_id}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "delay_after", "seconds": 1},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "status", "code": 500},
        {"kind": "status", "code": 502},
        {"kind": "status", "code": 503},
        {"kind": "status", "code": 429},
        {"kind": "status", "code": 429, "retry_after": 7},
        {"kind": "status_after", "code": 500},
        {"kind": "status_after", "code": 504},
        {"kind": "malformed_json"},
        {"kind": "html"},
        {"kind": "unknown_status"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
@pytest.mark.parametrize("route", ["POST /jobs", "GET /jobs/{jobId}", "GET /jobs"])
def test_a_call_that_fails_makes_no_second_job(lab, route, fault):
    lab.fault(route, **fault)
    assert lab.sync().status == "succeeded"
    assert lab.jobs() == ["succeeded"]


def test_tokens_that_end_early_are_fetched_anew(lab):
    lab.admin(
        "PATCH", f"/connections/{lab.connection}", {"scripts": [{"steps": [{"run": 1}], "end": "succeed"}]}
    )
    lab.fault("GET /jobs/{jobId}", "status", code=401)
    assert lab.sync().status == "succeeded"
    assert lab.jobs() == ["succeeded"]


def test_a_token_endpoint_that_is_down_for_a_while(lab):
    lab.fault("POST /applications/token", "status", code=503, times=3)
    assert lab.sync().status == "succeeded"


def test_a_wrong_secret_says_what_to_check(lab):
    with pytest.raises(ApiError, match=r"check login \(client id\) and password \(client secret\)") as error:
        lab.sync(lab.access(client_secret="wrong"))
    assert "wrong" not in str(error.value).replace("wrong client id or secret", "")
    assert lab.jobs() == []


def test_an_unknown_connection_says_so(lab):
    with pytest.raises((ApiError, SyncError), match="there is no such connection"):
        lab.sync(connection_id=str(uuid.uuid4()))


def test_a_host_without_the_api_says_what_it_must_end_in(lab):
    with pytest.raises(ApiError, match=r"must be the API's address and end in /v1"):
        lab.sync(lab.access(host=lab.server.root_url))


def test_nobody_at_the_host_says_so(lab):
    access = lab.access(host="http://127.0.0.1:9/v1")
    with pytest.raises(ApiError, match="no answer from Airbyte to asking for a token"):
        lab.sync(access)


@pytest.mark.parametrize(
    ("host", "mend"),
    [
        ("https://127.0.0.1:{port}/v1", "it does not speak TLS: write http:// instead of https://"),
        ("127.0.0.1:{port}/v1", "write the host as https://... or http://..."),
        ("ftp://127.0.0.1:{port}/v1", "write the host as https://... or http://..."),
    ],
)
def test_a_host_that_can_never_answer_is_told_at_once(lab, host, mend):
    access = lab.access(host=host.format(port=httpx.URL(lab.server.root_url).port))
    with pytest.raises(ApiError, match=re.escape(mend)):
        lab.sync(access)
    assert lab.said == []


def test_a_certificate_that_nobody_trusts_is_told_at_once(lab, untrusted_host):
    with pytest.raises(ApiError, match="its certificate is not trusted: set SSL_CERT_FILE"):
        lab.sync(lab.access(host=f"{untrusted_host}/v1"))
    assert lab.said == []


def test_a_host_that_has_no_address_says_so(lab):
    with pytest.raises(ApiError, match="check the host's name"):
        lab.sync(lab.access(host="http://no-such-host.invalid/v1"))


def test_a_disabled_connection_says_so(lab):
    lab.admin("PATCH", f"/connections/{lab.connection}", {"status": "inactive"})
    with pytest.raises(SyncError, match=r"see in Airbyte whether connection .* is enabled"):
        lab.sync()
    assert lab.jobs() == []


def test_attempts_that_fail_and_go_on_are_no_end(lab):
    steps = [{"queued": 0.2}, {"run": 0.2}, {"fail_attempt": True}, {"incomplete": 0.3}, {"run": 0.2}]
    lab.admin("PATCH", f"/connections/{lab.connection}", {"scripts": [{"steps": steps, "end": "succeed"}]})
    assert lab.sync().status == "succeeded"
    assert lab.jobs() == ["succeeded"]


def test_a_job_that_hangs_is_cancelled(lab):
    lab.admin(
        "PATCH", f"/connections/{lab.connection}", {"scripts": [{"steps": [{"run": 0.1}], "end": "hang"}]}
    )
    with pytest.raises(SyncError, match="still active after 60 seconds; it is cancelled now"):
        lab.sync(timeout=60)
    assert lab.jobs() == ["cancelled"]


def test_another_persons_job_is_adopted(lab):
    lab.admin("POST", f"/connections/{lab.connection}/jobs")
    assert not lab.sync().is_active
    assert lab.jobs() == ["succeeded"]


def test_the_event_loop_goes_on_while_a_server_is_slow(server):
    lab = Lab(server, "in_loop")
    lab.fault("GET /jobs", "delay", seconds=0.8)
    # A blocked loop would have counted the calls, not the time that the slow one took.
    assert asyncio.run(_sync_beside_a_clock(lab)) > 15


async def _sync_beside_a_clock(lab: Lab) -> int:
    access = lab.access(timeout=5.0)
    means = Means(api=Api(access, time.monotonic), clock=time.monotonic, spread=lambda _seconds: 0.05)
    wanted = Wanted(connection_id=lab.connection, wait_seconds=1, timeout=60)
    surroundings = Surroundings(say=lab.said.append)
    sync = asyncio.create_task(run_in_loop(whole_sync(means, wanted, None), access, surroundings))
    ticks = 0
    while not sync.done():
        await asyncio.sleep(0.02)
        ticks += 1
    assert (await sync).status == "succeeded"
    return ticks
