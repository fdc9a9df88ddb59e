"""The snapshot that is committed for the example is what a pull from its local Airbyte writes."""

from __future__ import annotations

import shutil

import pytest

from dag_factory.cli.local_airbyte import connection_seeds
from dag_factory.cli.main import main
from dag_factory.local_airbyte.server import LocalAirbyte, ServerOptions

pytestmark = pytest.mark.network


def test_a_pull_changes_nothing(repository, tmp_path, monkeypatch, capsys):
    for name in ("configs", "airbyte"):
        shutil.copytree(repository / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    options = ServerOptions(
        data_folder=tmp_path / "data", seeds=connection_seeds(tmp_path / "configs"), has_samples=False
    )
    with LocalAirbyte.start_with(options) as airbyte:
        monkeypatch.setenv("AIRBYTE_URL", airbyte.url)
        monkeypatch.setenv("AIRBYTE_CLIENT_ID", options.client_id)
        monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", options.client_secret)
        assert main(["pull"]) == 0
        assert main(["pull", "--check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "unchanged airbyte/airbyte_default.json: 7 connections",
        "unchanged airbyte/airbyte_default.streams.json: 21 streams",
        "no difference between airbyte/airbyte_default.json and Airbyte",
    ]
    assert main(["validate", "--strict"]) == 0
