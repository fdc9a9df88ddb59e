"""The afternoon of docs/from-airbyte.md on a real Airflow: 200 connections move, each slot is served once."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dag_factory.config.project import load_project
from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions
from dag_factory.sandbox.airbyte import AirbyteAccess
from tests.airflow_processes.airflow import Airflow
from tests.airflow_processes.postgres import postgres
from tests.git_repositories import commit_all, make_repository

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1500)]

CLIENT_ID, SECRET = "tests-of-take-over", "test-secret"
MINUTE = timedelta(minutes=1)
# How long Airbyte serves the slots before, and Airflow after the hand-over, in seconds.
BEFORE, AFTER = 150, 480

WATCHED = {
    "every even minute": {"scheduleType": "cron", "cronExpression": "0 0/2 * * * ? UTC"},
    "every odd minute": {"scheduleType": "cron", "cronExpression": "0 1/2 * * * ? Europe/Berlin"},
    "every two minutes": {"scheduleType": "basic", "basicTiming": "Every 2 MINUTES"},
}
OTHERS = (
    {"scheduleType": "manual"},
    {"scheduleType": "cron", "cronExpression": "0 0 3 * * ? Europe/Berlin"},
    {"scheduleType": "cron", "cronExpression": "0 30 6 ? * MON-FRI UTC"},
    {"scheduleType": "cron", "cronExpression": "0 15 10 L * ? America/New_York"},
    {"scheduleType": "basic", "basicTiming": "Every 90 MINUTES"},
    {"scheduleType": "basic", "basicTiming": "Every 6 HOURS"},
    {"scheduleType": "basic", "basicTiming": "Every 3 DAYS"},
    {"scheduleType": "basic", "basicTiming": "Every 1 WEEKS"},
    {"scheduleType": "basic", "basicTiming": "Every 1 MONTHS"},
)
TOTAL = 200


def part_of(_item):
    """It takes a quarter of an hour: CI tries another part, the weekly run all of them."""
    return 0


@dataclass(frozen=True)
class Job:
    created_at: datetime
    started_by: str


class Server:
    """The local Airbyte, by its admin routes and its public API."""

    def __init__(self, airbyte: LocalAirbyte) -> None:
        self.admin = httpx.Client(base_url=airbyte.admin_url, timeout=30, trust_env=False)

    def close(self) -> None:
        self.admin.close()

    def fill(self) -> dict[str, str]:
        """Make the connections, and let Airbyte schedule them; return the ids of the watched ones."""
        now = datetime.now(UTC).isoformat()
        schedules = {**WATCHED, **{f"shop {n}": OTHERS[n % len(OTHERS)] for n in range(TOTAL - len(WATCHED))}}
        connections = [
            {"name": name, "schedule": schedule, "lastSyncAt": now} for name, schedule in schedules.items()
        ]
        made = self.admin.post("/contents", json={"connections": connections}).raise_for_status().json()
        self.admin.patch("/settings", json={"run_schedules": True}).raise_for_status()
        ids = {each["name"]: each["connectionId"] for each in made["connections"]}
        return {name: ids[name] for name in WATCHED}

    def jobs(self, connection_id: str) -> list[Job]:
        """Return the jobs of a connection, the oldest first, without the one that `lastSyncAt` made."""
        found = self.admin.get("/jobs").raise_for_status().json()["jobs"]
        own = [each for each in found if each["connectionId"] == connection_id]
        jobs = [
            Job(created_at=datetime.fromisoformat(each["startTime"]), started_by=each["startedBy"])
            for each in own
        ]
        return sorted(jobs, key=lambda job: job.created_at)[1:]

    def scheduled(self) -> list[str]:
        """Return the connections that Airbyte would still start."""
        found = self.admin.get("/schedules").raise_for_status().json()["schedules"]
        return [each["connectionId"] for each in found]


@contextmanager
def repository(root: Path, folder: Path) -> Iterator[Path]:
    """Make a DAG repository under git."""
    (folder / "configs").mkdir(parents=True)
    shutil.copytree(root / "dags", folder / "dags")
    make_repository(folder)
    yield folder


def test_every_slot_is_served_once(pytestconfig, tmp_path, monkeypatch, report):
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "dag_factory", *arguments]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    options = ServerOptions(
        data_folder=tmp_path / "data", client_id=CLIENT_ID, client_secret=SECRET, has_samples=False
    )
    with (
        ExitStack() as stack,
        LocalAirbyte.start_with(options) as airbyte,
        repository(pytestconfig.rootpath, tmp_path / "work") as work,
        postgres() as database,
    ):
        server = stack.enter_context(closing(Server(airbyte)))
        monkeypatch.setenv("AIRBYTE_URL", airbyte.url)
        monkeypatch.setenv("AIRBYTE_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", SECRET)
        watched = server.fill()
        began = datetime.now(UTC)
        run("pull")
        commit_all(work)
        assert f"{TOTAL} imported" in run("import")
        run("validate", "--strict")
        commit_all(work)
        access = AirbyteAccess(url=airbyte.url, client_id=CLIENT_ID, client_secret=SECRET)
        paused = {"AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True"}
        with Airflow(tmp_path / "airflow", work / "dags", database, access, **paused).started() as airflow:
            wait_for(lambda: len(airflow.api.dags()) == TOTAL, 120)
            time.sleep(max(0.0, BEFORE - (datetime.now(UTC) - began).total_seconds()))
            report(run("take-over", "--apply").splitlines()[-2])
            moved = datetime.now(UTC)
            commit_all(work)
            assert server.scheduled() == []
            dag_ids = [name.replace(" ", "_") for name in watched]
            wait_for(lambda: all(has_new_date(airflow, work, dag_id) for dag_id in dag_ids), 120)
            for dag_id in dag_ids:
                airflow.api.unpause(dag_id)
            time.sleep(AFTER)
            jobs = {name: server.jobs(connection_id) for name, connection_id in watched.items()}
        assert "there is nothing to take over" in run("take-over", "--apply")
        assert "unchanged airbyte/airbyte_default.json" in run("pull")
        assert "nobody syncs" not in run("validate", "--strict")
    for name, found in jobs.items():
        by = [each.started_by for each in found]
        report(f"{name}: {by.count('schedule')} by Airbyte, {by.count('api')} by Airflow")
        assert by == sorted(by, reverse=True), "Airbyte starts the first ones, Airflow the others"
        assert by.count("schedule") > 0
        assert by.count("api") > 2
        assert found[-1].created_at > moved + timedelta(seconds=AFTER - 150)
        check_slots(name, [each.created_at for each in found])


def check_slots(name: str, moments: list[datetime]) -> None:
    """Check that no slot is missed and none is served twice."""
    if name == "every two minutes":
        # From the creation of one job to the next; Airflow and Airbyte take some seconds to start one.
        gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(moments)]
        assert all(95 <= gap <= 150 for gap in gaps), gaps
        return
    odd = name == "every odd minute"
    slots = [int(moment.timestamp() // 60) for moment in moments]
    # A job starts within the two minutes after its slot.
    served = [slot if slot % 2 == odd else slot - 1 for slot in slots]
    assert served == list(range(served[0], served[-1] + 1, 2)), served


def has_new_date(airflow: Airflow, work: Path, dag_id: str) -> bool:
    """Whether Airflow has read the file that the hand-over changed."""
    dag = next(dag for dag in load_project(work / "configs", None).dags if dag.dag_id == dag_id)
    return airflow.api.start_date(dag_id) == dag.start_date


def wait_for(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1.0)
