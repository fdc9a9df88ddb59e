"""The modules that the server loads, and data with which it does not start."""

import subprocess
import sys

import pytest

from dag_factory.local_airbyte.model.connection import ConnectionSeed
from dag_factory.local_airbyte.server import LocalAirbyte, ServerError

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"


@pytest.mark.slow
def test_the_server_loads_nothing_else_of_the_project():
    code = (
        "import sys, dag_factory.local_airbyte.server;"
        "print([m for m in sys.modules if m.startswith(('dag_factory.', 'airflow', 'airbyte_api'))"
        " and not m.startswith(('dag_factory.local_airbyte', 'dag_factory.garbage_collection'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "[]\n"


@pytest.mark.parametrize("name", ["url", "server.lock", "state.sqlite", "state.sqlite-wal"])
def test_a_server_does_not_start_on_linked_files(tmp_path, name):
    kept = tmp_path / "kept"
    kept.write_text("kept\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).symlink_to(kept)
    with pytest.raises(ServerError, match="is a symbolic link"):
        LocalAirbyte.start(tmp_path / "data")
    assert kept.read_text() == "kept\n"


@pytest.mark.parametrize("connection_id", ["..", "/etc", "name", CONNECTION.upper()])
def test_a_server_does_not_start_with_a_bad_seed(tmp_path, connection_id):
    with pytest.raises(ServerError, match="must be a UUID"):
        LocalAirbyte.start(tmp_path, seeds=[ConnectionSeed(connection_id=connection_id, name="..")])
