"""Syncs with a connector: one written for these tests, and Airbyte's own."""

import contextlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
# A stream with a cursor and three rows, a stream without a state, lines that are not messages, and failures
# on request.
CONNECTOR = """
    import json, pathlib, sys, time
    def say(**message): print(json.dumps(message), flush=True)
    command, options = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2]))
    config = json.loads(pathlib.Path(options["--config"]).read_text())
    with open(config["calls"], "a") as calls:
        calls.write(command + "\\n")
    print("some library says hello")
    if command == "check":
        status = "FAILED" if config.get("password") == "wrong" else "SUCCEEDED"
        say(type="CONNECTION_STATUS", connectionStatus={"status": status, "message": "no entry"})
    if command == "discover":
        modes = {"rows": ["full_refresh", "incremental"], "plain": ["full_refresh"]}
        streams = [{"name": name, "supported_sync_modes": modes[name]} for name in modes]
        say(type="CATALOG", catalog={"streams": streams})
    if command == "read":
        catalog = json.loads(pathlib.Path(options["--catalog"]).read_text())
        assert [s["sync_mode"] for s in catalog["streams"]] == ["incremental", "full_refresh"]
        cursor = 0
        if "--state" in options:
            [state] = json.loads(pathlib.Path(options["--state"]).read_text())
            cursor = state["stream"]["stream_state"]["cursor"]
        for number in range(cursor + 1, config.get("rows", 3) + 1):
            say(type="RECORD", record={"stream": "rows", "data": {"id": number}, "emitted_at": 0})
            state = {"stream_descriptor": {"name": "rows"}, "stream_state": {"cursor": number}}
            say(type="STATE", state={"type": "STREAM", "stream": state})
            if config.get("trouble") == "trace" and number == 2:
                say(type="TRACE", trace={"type": "ERROR", "error": {"message": "the source is on fire"}})
                sys.exit(1)
            if config.get("trouble") == "hang" and number == 2:
                time.sleep(600)
        for name in config.get("more", []):
            say(type="RECORD", record={"stream": name, "data": {"id": name}, "emitted_at": 0})
        if config.get("trouble") == "stderr": sys.exit("it broke")
        say(type="RECORD", record={"stream": "plain", "data": {"answer": 42}, "emitted_at": 0})
"""


@pytest.fixture
def connected(airbyte, tmp_path):
    """A local Airbyte with a connector written for these tests."""
    executable = tmp_path / "source-faker"
    executable.write_text(f"#!{sys.executable}\n{textwrap.dedent(CONNECTOR)}")
    executable.chmod(0o755)
    airbyte.stop()
    airbyte.source_faker, airbyte.job_seconds = executable, 0
    airbyte.start()
    configure(airbyte)
    return airbyte


def configure(airbyte, **config) -> None:
    config = {"calls": str(airbyte.folder / "calls"), **config}
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"config": config})


def failure(airbyte) -> str:
    return airbyte.admin("GET", "/jobs")["jobs"][-1]["failure"]


def calls(airbyte) -> list[str]:
    return (airbyte.folder / "calls").read_text().split()


def test_a_connector_continues_from_its_state(connected):
    first = connected.sync()
    assert (first.status.value, first.rows_synced, first.bytes_synced) == (
        "succeeded",
        4,
        connected.written_bytes(),
    )
    assert calls(connected) == ["check", "discover", "read"]
    connected.restart()
    assert connected.sync().rows_synced == 1  # the stream without a state is read again
    configure(connected, rows=5)
    assert connected.sync().rows_synced == 3
    assert [line["_airbyte_data"]["id"] for line in connected.lines("rows")] == [1, 2, 3, 4, 5]
    assert calls(connected) == ["check", "discover", "read", "read", "read"]
    assert list((connected.folder / "connector").iterdir()) == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"password": "wrong"}, "no entry"),
        ({"trouble": "trace"}, "the source is on fire"),
        ({"trouble": "stderr"}, "it broke"),
    ],
)
def test_a_connectors_failure_is_the_jobs(connected, config, message):
    configure(connected, **config)
    assert connected.sync().status.value == "failed"
    assert failure(connected) == message


def test_a_failed_read_keeps_what_has_a_state(connected):
    configure(connected, trouble="trace")
    assert connected.sync().rows_synced == 2
    configure(connected)
    assert connected.sync().rows_synced == 2
    assert len(connected.lines("rows")) == 3


def test_streams_of_any_name_stay_in_the_folder(connected):
    names = ["../../escaped", "/absolute", "..", "a/b", "a_b", "a%2Fb", "x" * 300, "x" * 299 + "y", "ü~"]
    configure(connected, more=names)
    assert connected.sync().rows_synced == 4 + len(names)
    folder = connected.folder / "money_to_json"
    written = [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]
    assert {line["_airbyte_data"].get("id") for line in written} >= set(names)
    assert len(list(folder.iterdir())) == 2 + len(names)
    assert list(connected.folder.parent.rglob("*escaped*")) == [folder / "..%2F..%2Fescaped.jsonl"]
    connected.sync("reset")
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", ["cancel", "stop"])
def test_no_child_is_left(connected, how):
    configure(connected, trouble="hang")
    job = connected.submit()
    while not connected.job(job.job_id).rows_synced:
        pass
    if how == "cancel":
        assert connected.cancel(job.job_id).status.value == "cancelled"
    else:
        connected.stop()
    assert connected_processes(connected) == []


def connected_processes(airbyte) -> list[str]:
    """Return the command lines of all processes that run the connector."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            command = path.read_bytes().decode()
            found += [command] if str(airbyte.source_faker) in command else []
    return found


def test_a_connection_may_stay_with_the_built_in_source(connected):
    connected.admin("PATCH", f"/connections/{CONNECTION}", {"source": "built-in"})
    assert connected.sync().rows_synced == 400


@pytest.fixture
def source_faker(tmp_path: Path) -> Path:
    """Install Airbyte's own connector in a virtual environment: its dependencies conflict with Airflow's."""
    folder = tmp_path / "venv-faker"
    uv = [sys.executable, "-m", "uv"]
    # The connector's dependencies do not support Python 3.13.
    subprocess.run([*uv, "venv", "--quiet", "--python", ">=3.10,<3.13", str(folder)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    subprocess.run([*install, "airbyte-source-faker==7.2.1"], check=True, timeout=500)
    return folder / "bin" / "source-faker"


@pytest.mark.slow
@pytest.mark.network
def test_airbytes_own_connector(airbyte, source_faker):
    airbyte.stop()
    airbyte.source_faker = source_faker
    airbyte.start()
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"config": {"count": 50}})
    assert airbyte.wait(airbyte.submit().job_id).rows_synced == 150
    assert airbyte.wait(airbyte.submit().job_id).rows_synced == 0
