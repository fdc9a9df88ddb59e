"""Rows are moved for real: by the built-in source and by a connector that speaks the Airbyte protocol."""

import contextlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
# Three rows from a cursor on; a table without a state; noise between the messages; trouble if asked for.
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


def lines(lab, stream: str, folder: str = "money_to_json") -> list[dict]:
    path = lab.folder / folder / f"{stream}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sizes(lab) -> int:
    return sum(path.stat().st_size for path in lab.folder.glob("money_to_json/*.jsonl"))


def all_ids(lab) -> list[str]:
    return [
        line["_airbyte_raw_id"]
        for stream in ("customers", "orders", "payments")
        for line in lines(lab, stream)
    ]


def test_the_first_sync_moves_everything_and_the_second_what_is_new(lab):
    first = lab.sync()
    assert (first.rows_synced, len(all_ids(lab)), first.bytes_synced) == (400, 400, sizes(lab))
    line = lines(lab, "orders")[0]
    assert set(line) == {"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_data"}
    assert line["_airbyte_data"]["id"] == 1
    second = lab.sync()
    assert (second.rows_synced, len(all_ids(lab))) == (20, 420)
    assert first.bytes_synced + second.bytes_synced == sizes(lab)
    assert len(set(all_ids(lab))) == 420


def test_the_number_of_rows_is_set_by_connection(lab):
    lab.rows(first=7, then=0)
    assert [lab.sync().rows_synced for _ in range(2)] == [7, 0]
    lab.rows(first=7, then=5)
    assert lab.sync().rows_synced == 5


def test_a_connection_may_have_no_rows_at_all(lab):
    lab.rows(first=0, then=0)
    done = lab.sync()
    assert (done.rows_synced, done.bytes_synced) == (0, 0)


def test_a_cancelled_sync_keeps_what_it_moved_and_the_next_moves_the_rest(lab):
    lab.script({"run": 30}, times=1)
    job = lab.submit()
    lab.wait(job.job_id, "running")
    while not lab.job(job.job_id).rows_synced:
        pass
    moved = lab.cancel(job.job_id).rows_synced
    assert 0 < moved < 400
    assert lab.sync().rows_synced == 400 - moved + 20
    assert len(set(all_ids(lab))) == len(all_ids(lab)) == 420


def test_a_restart_moves_no_row_twice(lab):
    lab.script({"run": 0.8})
    job = lab.submit()
    lab.wait(job.job_id, "running")
    while not lab.job(job.job_id).rows_synced:
        pass
    lab.stop()
    with (lab.folder / "money_to_json" / "orders.jsonl").open("a") as file:
        file.write('{"half": a row that was not committed')
    lab.start()
    assert lab.wait(job.job_id).rows_synced == 400
    assert len(set(all_ids(lab))) == len(all_ids(lab)) == 400


def test_a_reset_empties_the_destination(lab):
    lab.sync()
    lab.sync("reset")
    assert sizes(lab) == 0
    assert lab.sync().rows_synced == 400


@pytest.fixture
def connected(lab, tmp_path):
    """The lab with a connector written for these tests."""
    executable = tmp_path / "source-faker"
    executable.write_text(f"#!{sys.executable}\n{textwrap.dedent(CONNECTOR)}")
    executable.chmod(0o755)
    lab.stop()
    lab.source_faker, lab.job_seconds = executable, 0
    lab.start()
    configure(lab)
    return lab


def configure(lab, **config) -> None:
    config = {"calls": str(lab.folder / "calls"), **config}
    lab.admin("PATCH", f"/connections/{CONNECTION}", {"config": config})


def failure(lab) -> str:
    return lab.admin("GET", "/jobs")["jobs"][-1]["failure"]


def calls(lab) -> list[str]:
    return (lab.folder / "calls").read_text().split()


def test_a_connector_goes_on_from_its_state(connected):
    first = connected.sync()
    assert (first.status.value, first.rows_synced, first.bytes_synced) == ("succeeded", 4, sizes(connected))
    assert calls(connected) == ["check", "discover", "read"]
    connected.restart()
    assert connected.sync().rows_synced == 1  # the table without a state comes again
    configure(connected, rows=5)
    assert connected.sync().rows_synced == 3
    assert [line["_airbyte_data"]["id"] for line in lines(connected, "rows")] == [1, 2, 3, 4, 5]
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
    assert len(lines(connected, "rows")) == 3


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


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
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


def connected_processes(lab) -> list[str]:
    """The command lines of all processes that run the connector."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            command = path.read_bytes().decode()
            found += [command] if str(lab.source_faker) in command else []
    return found


def test_a_connection_may_stay_with_the_built_in_source(connected):
    connected.admin("PATCH", f"/connections/{CONNECTION}", {"source": "built-in"})
    assert connected.sync().rows_synced == 400


@pytest.fixture
def source_faker(tmp_path: Path) -> Path:
    """Airbyte's own connector, in an environment of its own: it cannot live beside Airflow."""
    folder = tmp_path / "venv-faker"
    uv = [sys.executable, "-m", "uv"]
    # The connector's dependencies are not to be had for Python 3.13.
    subprocess.run([*uv, "venv", "--quiet", "--python", ">=3.10,<3.13", str(folder)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    subprocess.run([*install, "airbyte-source-faker==7.2.1"], check=True, timeout=500)
    return folder / "bin" / "source-faker"


def test_airbytes_own_connector(lab, source_faker):
    lab.stop()
    lab.source_faker = source_faker
    lab.start()
    lab.admin("PATCH", f"/connections/{CONNECTION}", {"config": {"count": 50}})
    assert lab.wait(lab.submit().job_id).rows_synced == 150
    assert lab.wait(lab.submit().job_id).rows_synced == 0
