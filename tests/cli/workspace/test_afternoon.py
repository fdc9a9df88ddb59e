"""The commands of the guide one after the other, against the local Airbyte: pull, import, take over, undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dag_factory.cli.main import main
from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions
from tests.git_repositories import commit_all, make_repository

pytestmark = pytest.mark.network

# Far from the test's beginning, and hourly at most: what the public API can put back.
NOON = (datetime.now(UTC) + timedelta(hours=12)).hour
SCHEDULES = {
    "daily": {"scheduleType": "cron", "cronExpression": f"0 5 {NOON} * * ? UTC"},
    "berlin": {"scheduleType": "cron", "cronExpression": f"0 5 {NOON} * * ? Europe/Berlin"},
    "often": {"scheduleType": "cron", "cronExpression": f"0 5/5 {NOON} * * ? UTC"},
    "interval": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"},
    "manual": {"scheduleType": "manual"},
}


class Server:
    """The local Airbyte, asked beside its public API."""

    def __init__(self, admin, names):
        self.admin = admin
        self.names = names

    def scheduled_names(self):
        """Return the names of the connections that Airbyte starts."""
        found = self.admin.get("/schedules").raise_for_status().json()["schedules"]
        return {self.names[each["connectionId"]] for each in found}


@pytest.fixture
def airbyte(tmp_path, monkeypatch):
    options = ServerOptions(data_folder=tmp_path / "data", has_samples=False)
    with LocalAirbyte.start_with(options) as started, httpx.Client(base_url=started.admin_url) as admin:
        monkeypatch.setenv("AIRBYTE_URL", started.url)
        monkeypatch.setenv("AIRBYTE_CLIENT_ID", options.client_id)
        monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", options.client_secret)
        connections = [
            {"name": name, "schedule": schedule, "lastSyncAt": datetime.now(UTC).isoformat()}
            for name, schedule in SCHEDULES.items()
        ]
        made = admin.post("/contents", json={"connections": connections}).raise_for_status().json()
        admin.patch("/settings", json={"run_schedules": True}).raise_for_status()
        yield Server(admin, {each["connectionId"]: each["name"] for each in made["connections"]})


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "repository"
    (folder / "configs").mkdir(parents=True)
    monkeypatch.chdir(folder)
    make_repository(folder)
    return folder


def test_the_guide_and_back(airbyte, root, capsys):
    assert main(["pull"]) == 0
    commit_all(root)
    assert main(["import"]) == 0
    assert main(["validate", "--strict"]) == 0
    commit_all(root)
    assert airbyte.scheduled_names() == SCHEDULES.keys() - {"manual"}

    assert main(["take-over", "--apply"]) == 0
    assert "4 connections moved; 4 DAGs taken over" in capsys.readouterr().out
    assert airbyte.scheduled_names() == set()
    dated = {each.stem for each in root.glob("configs/**/*.yaml") if "start_date" in each.read_text()}
    assert dated == SCHEDULES.keys() - {"manual"}

    # The snapshot has what Airbyte has now.
    assert main(["pull"]) == 0
    assert "unchanged airbyte/airbyte_default.json" in capsys.readouterr().out
    commit_all(root)

    assert main(["take-over", "*", "--undo", "--apply"]) == 1
    shown = capsys.readouterr().out
    assert "1 put back, 3 not" in shown
    assert airbyte.scheduled_names() == {"daily"}
    lines = {line.partition("'")[2].partition("'")[0]: line for line in shown.splitlines() if "(" in line}
    assert "has '0 5" in lines["daily"]
    assert "no other time zone than UTC" in lines["berlin"]
    assert "nothing more often than hourly" in lines["often"]
    assert (
        "cannot set an interval; set 'Every 24 HOURS' under Settings of http://127.0.0.1" in lines["interval"]
    )
    assert main(["pull"]) == 0
    assert "unchanged airbyte/airbyte_default.json" in capsys.readouterr().out
