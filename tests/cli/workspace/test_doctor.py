"""`dag-factory doctor` against a local Airbyte, and against servers that are none."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from dag_factory.cli.main import main
from dag_factory.local_airbyte.model.connection import ConnectionSeed
from dag_factory.local_airbyte.server import LocalAirbyte
from dag_factory.local_airbyte.storage.seeds import SPECIAL, seed_id

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
UNKNOWN = "1e3b5a72-7bfd-4808-a13c-204505490199"
SECRET = "very-secret-value"


@pytest.fixture(scope="module")
def airbyte(tmp_path_factory) -> Iterator[LocalAirbyte]:
    server = LocalAirbyte.start(
        tmp_path_factory.mktemp("airbyte"),
        seeds=[ConnectionSeed(connection_id=CONNECTION, name="money")],
        client_id="doctor",
        client_secret=SECRET,
    )
    yield server
    server.stop()


@pytest.fixture
def faults(airbyte):
    """Inject faults, and clear them at the end."""

    def inject(route: str, kind: str, **more: object) -> None:
        body = {"route": route, "kind": kind, "times": None, **more}
        httpx.post(f"{airbyte.admin_url}/faults", json=body).raise_for_status()

    yield inject
    httpx.delete(f"{airbyte.admin_url}/faults").raise_for_status()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append((self.command, self.headers.get("Authorization")))
        status, content_type, body, headers = self.server.answer
        self.send_response_only(status)
        for name, value in {"Date": formatdate(usegmt=True), **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the name that the library calls)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def other():
    """A server that is no Airbyte, and gives one answer to everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Run in an empty folder, without variables of the caller."""
    for name in ("AIRBYTE_URL", "AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """Run the command; return the status and the lines. No output shows the secret."""

    def call(*arguments: str):
        status = main(["doctor", *arguments])
        said = capsys.readouterr()
        assert SECRET not in said.out + said.err
        assert "Bearer" not in said.out
        return status, said.out.splitlines() or said.err.splitlines()

    return call


@pytest.fixture
def use(monkeypatch):
    """Set the variable of an Airflow connection."""

    def put(url: str, conn_id: str = "airbyte_default", **more: object) -> None:
        fields = {"conn_type": "airbyte", "host": url, "login": "doctor", "password": SECRET, **more}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return put


def begins(lines: list[str], start: str) -> bool:
    return any(line.startswith(start) for line in lines)


def test_without_a_folder(airbyte, use, run):
    use(airbyte.url)
    status, lines = run()
    assert status == 0
    assert lines[:2] == [
        "ok: AIRFLOW_CONN_AIRBYTE_DEFAULT is used",
        f"ok: {airbyte.url} is Airbyte's public API, without TLS inside a private network",
    ]
    assert lines[2] == "ok: a token is given and accepted"
    assert lines[3].endswith("connections are listed")
    assert lines[4].startswith("ok: the clocks differ by ")
    assert lines[5] == "ok: a call may take 60 s"
    assert {line.partition(":")[0] for line in lines} == {"ok", "note"}


def test_the_connections_of_a_folder(airbyte, use, run, configs):
    template = "{{ var.value.connection }}"
    ids = {"money": CONNECTION, "unknown": UNKNOWN, "given": f'"{template}"'}
    ids |= {name: seed_id(name) for name in SPECIAL}
    text = "schedule: '@daily'\nsyncs:\n" + "".join(f"  {name}: {each}\n" for name, each in ids.items())
    configs({"orders.yaml": text})
    use(airbyte.url)
    status, lines = run()
    at = {name: f"configs/orders.yaml:{number}" for number, name in enumerate(ids, start=3)}
    assert status == 1
    assert "ok: 1 connection exists, is active and manual" in lines
    assert begins(lines, f"error: {at['unknown']}: the connection {UNKNOWN} of sync 'unknown' is unknown")
    assert begins(lines, f"error: {at['deleted_sync']}: ")
    for name in ("paused_sync", "locked_sync", "cron_in_airbyte", "basic_in_airbyte"):
        assert begins(lines, f"warning: {at[name]}: ")
    assert begins(lines, "note: 1 sync not checked: a template")


def test_what_airbyte_starts_is_no_problem_without_a_schedule(airbyte, use, run, configs):
    configs({"orders.yaml": f"schedule: null\nsyncs: {{money: {seed_id('cron_in_airbyte')}}}\n"})
    use(airbyte.url)
    status, lines = run()
    assert status == 0
    assert "ok: 1 connection exists, and Airbyte alone starts it: its DAG has no schedule" in lines


def test_the_example_of_init_is_no_error(airbyte, use, run, capsys):
    assert main(["init", ".", "--ci", "none"]) == 0
    capsys.readouterr()
    use(airbyte.url)
    status, lines = run()
    assert status == 0
    assert begins(lines, "note: 1 sync not checked: the connection_id is a placeholder")


def test_each_airbyte_of_the_folder(airbyte, use, run, configs):
    eu = f"    connection_id: {UNKNOWN}\n    airbyte_conn_id: airbyte_eu\n"
    configs({"orders.yaml": f"schedule: null\nsyncs:\n  money: {CONNECTION}\n  eu:\n{eu}"})
    use(airbyte.url)
    status, lines = run()
    assert status == 1
    assert "ok: airbyte_default: 1 connection exists, is active and manual" in lines
    assert begins(lines, "error: airbyte_eu: set AIRFLOW_CONN_AIRBYTE_EU as for Airflow, or AIRBYTE_URL")
    assert begins(lines, "warning: airbyte_eu: token: not checked")
    assert run("--airbyte-conn-id", "airbyte_default")[0] == 0


def test_json(airbyte, use, run):
    use(airbyte.url)
    status, lines = run("--format", "json")
    answers = json.loads("\n".join(lines))["answers"]
    assert status == 0
    assert answers[0] == {
        "check": "credentials",
        "level": "ok",
        "text": "AIRFLOW_CONN_AIRBYTE_DEFAULT is used",
        "hint": "",
        "airbyte_conn_id": "airbyte_default",
    }


def test_a_wrong_secret(airbyte, use, run):
    use(airbyte.url, password="another")
    status, lines = run()
    assert status == 1
    assert begins(lines, "error: Airbyte answered 400 to the request for a token")
    assert begins(lines, "warning: reading: not checked")


def test_no_token_where_one_is_needed(airbyte, monkeypatch, run):
    monkeypatch.setenv("AIRBYTE_URL", airbyte.url)
    status, lines = run()
    assert status == 1
    assert any("AIRBYTE_CLIENT_ID" in line for line in lines if line.startswith("error: "))


def test_no_permission_to_list(airbyte, use, run, faults):
    faults("GET /connections", "status", code=403)
    use(airbyte.url)
    status, lines = run()
    assert status == 1
    assert "ok: a token is given and accepted" in lines
    assert begins(lines, "error: Airbyte does not let these credentials list the connections")


def test_a_connection_that_may_not_be_seen(airbyte, use, run, faults, configs):
    configs({"orders.yaml": f"schedule: null\nsyncs:\n  money: {UNKNOWN}\n"})
    faults("GET /connections/{connectionId}", "status", code=403)
    use(airbyte.url)
    _, lines = run()
    assert any("these credentials may not see it" in line for line in lines)


def test_a_server_that_repeats_the_secret(airbyte, use, run, faults):
    faults("GET /connections", "secret_echo")
    use(airbyte.url)
    assert run()[0] == 1


def test_a_web_page(other, use, run):
    other.answer = 200, "text/html", b"<!doctype html><title>Airbyte</title>", {}
    use(other.url)
    status, lines = run()
    assert status == 1
    assert lines[1] == (
        f"error: {other.url} answers with a web page (200), not as Airbyte's public API does; "
        f"write {other.url}/api/public/v1 as host"
    )
    assert other.seen == [("GET", None)]


def test_the_internal_api(other, use, run):
    other.answer = 401, "application/json", b'{"message": "Unauthorized"}', {}
    use(f"{other.url}/api/v1")
    status, lines = run()
    assert status == 1
    assert "is Airbyte's internal API" in lines[1]
    assert lines[1].endswith(f"write {other.url}/api/public/v1 as host")
    assert other.seen == [("GET", None)]


@pytest.mark.parametrize("code", [401, 403])
def test_credentials_that_are_refused(other, use, run, code):
    other.answer = code, "application/json", b'{"detail": "no"}', {}
    use(f"{other.url}/api/public/v1")
    status, lines = run()
    assert status == 1
    assert begins(lines, f"error: Airbyte answered {code} to the request for a token (no)")


def test_an_airbyte_without_authentication_whose_clock_is_wrong(other, monkeypatch, run):
    body = json.dumps({"data": []}).encode()
    other.answer = 200, "application/json", body, {"Date": formatdate(0, usegmt=True)}
    monkeypatch.setenv("AIRBYTE_URL", f"{other.url}/api/public/v1")
    status, lines = run()
    assert status == 0
    assert "ok: Airbyte needs no token: it is without authentication" in lines
    assert any("behind this machine's" in line for line in lines if line.startswith("warning: "))
    assert begins(lines, "warning: Airbyte lists no connection")


def test_a_redirect_does_not_show_a_secret(other, use, run):
    location = f"https://user:{SECRET}@login.example.com/x?token={SECRET}"
    other.answer = 302, "text/plain", b"", {"Location": location}
    use(f"{other.url}/api/public/v1")
    status, lines = run()
    assert status == 1
    assert "redirects to https://login.example.com/x;" in lines[1]


def test_nothing_listens(use, run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        use(f"http://127.0.0.1:{port}/api/public/v1", extra={"timeout": 5})
        status, lines = run()
    assert status == 1
    assert "nothing listens there: check the host and its port" in lines[1]
    assert begins(lines, "warning: clock: not checked")
    assert begins(lines, "warning: a call may take 5 s")


def test_a_server_that_never_answers(use, run):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use(f"http://127.0.0.1:{silent.getsockname()[1]}/api/public/v1", extra={"timeout": 0.2})
        status, lines = run()
    assert (status, "within 0.2 seconds" in lines[1]) == (1, True)


@pytest.mark.parametrize("text", ["{", f"airbyte://doctor:{SECRET}@[/", "{}"])
def test_unusable_credentials(monkeypatch, run, text):
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", text)
    status, lines = run()
    assert (status, lines[0].startswith("error: AIRFLOW_CONN_AIRBYTE_DEFAULT ")) == (1, True)


def test_a_folder_with_errors(airbyte, use, run, configs):
    configs({"orders.yaml": "schedule: [\n"})
    use(airbyte.url)
    assert run()[1][0].startswith("warning: some files have errors")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--configs", "nowhere"], "the folder 'nowhere' does not exist"),
        (["--env", "dev"], "unknown environment 'dev'"),
    ],
)
def test_wrong_usage(run, configs, arguments, said):
    configs({"orders.yaml": f"schedule: null\nsyncs:\n  money: {CONNECTION}\n"})
    status, lines = run(*arguments)
    assert (status, said in lines[0]) == (2, True)
