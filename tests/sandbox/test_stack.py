"""The whole stack: these tests start Airflow."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dag_factory.config.project import load_project
from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions
from dag_factory.sandbox.airbyte import AirbyteAccess, AirbyteApi

# Not in parallel: a whole Airflow uses all cores while it starts.
pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.stack, pytest.mark.xdist_group("stack")]

MARK = "DAG_FACTORY_TEST"


class Demo:
    """A running `dag-factory`; `processes` are all its descendants."""

    def __init__(self, repository: Path, tmp_path: Path, *arguments: str) -> None:
        self.work = tmp_path / "work"
        self.lines: list[str] = []
        self._mark = str(tmp_path)
        self._seen: set[psutil.Process] = set()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dag_factory", *arguments, "--work", str(self.work)],
            cwd=repository,
            env={**os.environ, MARK: self._mark, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def read_until(self, pattern: str) -> None:
        """Read lines up to the one that matches."""
        for line in self._process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            self.processes()
            if re.search(pattern, line):
                return
        pytest.fail("\n".join(["the output ended before " + pattern, *self.lines]))

    def interrupt(self) -> None:
        self.processes()
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Read the rest and return the exit status."""
        for line in self._process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            self.processes()
        return self._process.wait(60)

    def processes(self) -> set[psutil.Process]:
        """Return the running processes, found as descendants or by their inherited environment.

        Airflow's processes overwrite their visible environment with their titles.
        """
        with contextlib.suppress(psutil.NoSuchProcess):
            self._seen |= set(psutil.Process(self._process.pid).children(recursive=True))
        self._seen |= {process for process in psutil.process_iter() if self._is_marked(process)}
        self._seen = {process for process in self._seen if process.is_running()}
        return {process for process in self._seen if process.pid != self._process.pid}

    def listeners(self) -> dict[str, set[str]]:
        """Return the addresses at which Airflow and Airbyte listen."""
        found: dict[str, set[str]] = {}
        for process in self.processes():
            # The system hides an ending process, and for all but root it refuses access.
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                for each in process.net_connections(kind="inet"):
                    if each.status == psutil.CONN_LISTEN:
                        name = "airflow" if "api_server" in " ".join(process.cmdline()) else "airbyte"
                        found.setdefault(name, set()).add(each.laddr.ip)
        return found

    def kill(self) -> None:
        """Leave nothing running after any test: first as the command does, then by force."""
        self.processes()
        self._process.kill()
        self._process.communicate()
        deadline = time.monotonic() + 30
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.2)
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _is_marked(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self._mark
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            return False


@pytest.fixture
def start(repository, tmp_path):
    """Return a function that starts `dag-factory` with arguments."""
    started: list[Demo] = []

    def start_one(*arguments: str) -> Demo:
        started.append(Demo(repository, tmp_path, *arguments))
        return started[-1]

    yield start_one
    for demo in started:
        demo.kill()


def test_every_dag_of_the_repository_succeeds(start, repository):
    demo = start("demo", "--timeout", "240")
    demo.read_until(r"^\d+ DAGs: ")
    assert demo.listeners() == {"airflow": {"127.0.0.1"}, "airbyte": {"127.0.0.1"}}
    status = demo.end()
    assert status == 0, "\n".join(demo.lines)

    dags = [dag for dag in load_project(repository / "configs", None).dags if dag.enabled]
    expected = {(dag.dag_id, sync.name): "success" for dag in dags for sync in dag.syncs}
    assert {(row[0], row[1]): row[4] for row in table_of(demo.lines)} == expected
    for dag in dags:
        for sync in dag.syncs:
            succeeded, started = submissions(demo.work, dag.dag_id, sync.name)
            assert 1 <= succeeded <= jobs(demo.work, sync.connection_id) <= started, (dag.dag_id, sync.name)
    assert demo.processes() == set()


def test_ctrl_c_while_airflow_starts_leaves_nothing(start):
    demo = start("demo")
    log = demo.work / "demo" / "logs" / "airflow-triggerer.log"
    wait_for(lambda: log.exists() and log.stat().st_size > 0)
    assert len(demo.processes()) > 5
    demo.interrupt()
    assert demo.end() == 130, "\n".join(demo.lines)
    assert demo.processes() == set()


def test_up_stays_until_ctrl_c(start):
    demo = start("up", "--port", "0")
    demo.read_until(r"^The DAGs are live\. Ctrl-C stops both\.$")
    assert demo.listeners() == {"airflow": {"127.0.0.1"}, "airbyte": {"127.0.0.1"}}
    demo.interrupt()
    assert demo.end() == 0, "\n".join(demo.lines)
    assert demo.processes() == set()


def table_of(lines: list[str]) -> list[list[str]]:
    """Return the cells of the table between the two empty lines."""
    begin = next(number for number, line in enumerate(lines) if line.startswith("DAG "))
    end = lines.index("", begin)
    return [re.split(r" {2,}", line) for line in lines[begin + 1 : end]]


def submissions(work: Path, dag_id: str, sync: str) -> tuple[int, int]:
    """Return how many tasks that submit this sync have succeeded, and how many have started."""
    query = (
        "SELECT state FROM task_instance WHERE dag_id = ? AND task_id IN (?, ?) AND start_date IS NOT NULL"
    )
    with contextlib.closing(sqlite3.connect(work / "demo" / "airflow" / "airflow.db")) as database:
        states = [state for (state,) in database.execute(query, (dag_id, sync, f"{sync}.trigger"))]
    return states.count("success"), len(states)


def jobs(work: Path, connection_id: str) -> int:
    """Return how many jobs a connection has, according to a local Airbyte on the demo's data."""
    options = ServerOptions(data_folder=work / "demo" / "airbyte")
    with LocalAirbyte.start_with(options) as airbyte:
        access = AirbyteAccess(
            url=airbyte.url, client_id=options.client_id, client_secret=options.client_secret
        )
        with AirbyteApi(access) as api:
            return len(api.jobs(connection_id))


# Only a failing test waits this long: on a busy machine Airflow takes minutes to start.
def wait_for(condition, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
