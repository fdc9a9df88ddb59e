"""The outputs of `pull`, `import`, `take-over` and `doctor` on the page of commands are what they print."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dag_factory.cli.main import main
from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions

pytestmark = pytest.mark.network

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ORDERS, REFUNDS = "1e3b5a72-7bfd-4808-a13c-204505490110", "2f4c6b83-8c0e-4919-b24d-315616501221"


@pytest.fixture
def admin(tmp_path, monkeypatch):
    """The local Airbyte beside its public API, with the two connections of the page, far from their slots."""
    options = ServerOptions(data_folder=tmp_path / "data", has_samples=False)
    last, hour = datetime.now(UTC) - timedelta(hours=5), (datetime.now(UTC) + timedelta(hours=12)).hour
    schedules = {
        "shop orders": {"scheduleType": "cron", "cronExpression": f"0 0 {hour} * * ? UTC"},
        "shop refunds": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"},
    }
    connections = [
        {"connectionId": each_id, "name": name, "schedule": schedule, "lastSyncAt": last.isoformat()}
        for each_id, (name, schedule) in zip((ORDERS, REFUNDS), schedules.items(), strict=True)
    ]
    with LocalAirbyte.start_with(options) as airbyte, httpx.Client(base_url=airbyte.admin_url) as client:
        monkeypatch.setenv("AIRBYTE_URL", airbyte.url)
        monkeypatch.setenv("AIRBYTE_CLIENT_ID", options.client_id)
        monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", options.client_secret)
        client.post("/contents", json={"connections": connections}).raise_for_status()
        yield client


def commit():
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", "add", "--all"], check=True)
    subprocess.run(["git", *identity, "commit", "--quiet", "--message", "x"], check=True)


def comparable(text: str) -> str:
    """Return a text without what depends on the time and the port."""
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?", "TIME", text)
    text = re.sub(r"http://127\.0\.0\.1:\d+", "https://airbyte.example.com", text)
    return re.sub(r"\b0 (0 )?\d+ \* \* [*?]", "CRON", text)


def test_the_outputs(admin, tmp_path, monkeypatch, capsys):
    root = tmp_path / "repository"
    main(["init", str(root), "--ci", "none"])
    monkeypatch.chdir(root)
    (root / "configs" / "example.yaml").unlink()
    subprocess.run(["git", "init", "--quiet"], check=True)
    pulled, changed, imported, planned, applied, diagnosed = map(comparable, BLOCKS)

    def printed(*arguments: str) -> str:
        capsys.readouterr()
        main(list(arguments))
        return comparable(capsys.readouterr().out)

    assert printed("pull") == pulled
    assert printed("import") == imported
    commit()
    assert printed("take-over") == planned
    assert printed("take-over", "--apply") == applied
    admin.patch(f"/connections/{REFUNDS}", json={"name": "shop returns"}).raise_for_status()
    assert printed("pull", "--check") == changed
    with monkeypatch.context() as patched:
        patched.setenv("AIRBYTE_URL", str(admin.base_url).replace("/local-admin/", "/api/v1"))
        assert printed("doctor").startswith(diagnosed.removesuffix("...\n"))
