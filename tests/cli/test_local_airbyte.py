"""The command in its own process: it reports when it is ready, ends cleanly, and survives a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from dag_factory.cli.local_airbyte import connection_seeds
from dag_factory.local_airbyte.model.connection import ConnectionSeed

FIRST, SECOND = "1e3b5a72-7bfd-4808-a13c-204505490110", "9f0e3c9e-0d4b-4a51-9a2b-3a1d2c9b7e55"
ENVIRONMENT = {**os.environ, "LOCAL_AIRBYTE_CLIENT_ID": "me", "LOCAL_AIRBYTE_CLIENT_SECRET": "s3cret-of-mine"}


@pytest.fixture
def start(tmp_path):
    """Return a function that starts the command and returns it with its output until it is ready."""
    processes = []

    def start(*more: str):
        command = [sys.executable, "-m", "dag_factory", "local-airbyte", "--port", "0"]
        command += ["--data", str(tmp_path / "data"), "--configs", str(tmp_path), "--job-seconds", "1", *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        processes.append(process)
        lines = [process.stdout.readline()]
        while lines[-1] and "ready" not in lines[-1]:
            lines.append(process.stdout.readline())
        return process, lines

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def client(url: str) -> httpx.Client:
    body = {"client_id": "me", "client_secret": "s3cret-of-mine"}
    token = httpx.post(f"{url}/applications/token", json=body).json()["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_and_stops(start, tmp_path, stop):
    process, lines = start()
    url = (tmp_path / "data" / "url").read_text().strip()
    assert lines[-1] == f"local Airbyte ready on {url}\n"
    assert "development server" in lines[0]
    assert "s3cret-of-mine" not in "".join(lines)
    process.send_signal(stop)
    assert process.wait(10) == 0
    assert process.stdout.read() == ""


@pytest.mark.slow
def test_a_killed_server_continues_its_jobs(start, tmp_path):
    (tmp_path / "money.yaml").write_text(f"schedule: null\nsyncs:\n  a: {FIRST}\n")
    process, _ = start()
    with client((tmp_path / "data" / "url").read_text().strip()) as http:
        job = http.post("/jobs", json={"connectionId": FIRST, "jobType": "sync"}).json()
        while not http.get(f"/jobs/{job['jobId']}").json().get("rowsSynced"):
            time.sleep(0.02)
        headers = http.headers
    process.kill()
    process.wait()
    start()
    with httpx.Client(base_url=(tmp_path / "data" / "url").read_text().strip(), headers=headers) as http:
        while (now := http.get(f"/jobs/{job['jobId']}").json())["status"] == "running":
            time.sleep(0.02)
    assert (now["status"], now["rowsSynced"]) == ("succeeded", 400)
    rows = [path.read_text().count("\n") for path in tmp_path.glob("data/money_a/*.jsonl")]
    assert sum(rows) == 400


@pytest.mark.slow
def test_a_folder_has_one_server(start, tmp_path):
    start()
    command = [
        sys.executable,
        "-m",
        "dag_factory",
        "local-airbyte",
        "--port",
        "0",
        "--data",
        str(tmp_path / "data"),
    ]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert second.stderr == f"dag-factory local-airbyte: another local Airbyte uses {tmp_path / 'data'}\n"


def test_seeds_are_the_connections_of_all_dags_in_all_environments(tmp_path: Path):
    dag = f"schedule: null\nsyncs:\n  a: {FIRST}\n  b: '{{{{ var.value.b }}}}'\n"
    dev = f"environments:\n  dev:\n    syncs:\n      a: {SECOND}\n"
    (tmp_path / "money.yaml").write_text(dag + dev)
    (tmp_path / "other.yml").write_text(dag)
    (tmp_path / "bad.yml").write_text("a: [")
    assert connection_seeds(tmp_path) == (
        ConnectionSeed(connection_id=FIRST, name="money_a"),
        ConnectionSeed(connection_id=SECOND, name="money_a"),
    )
    assert connection_seeds(tmp_path / "nowhere") == ()
