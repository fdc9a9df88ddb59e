"""Programs that have to start fast load nothing heavy. `make lint` checks imports (`pyproject.toml`)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Imports every module of a package, then prints which slow modules are loaded.
LOAD_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module({package!r})
names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
heavy = {{name.split(".")[0] for name in sys.modules}} & {heavy!r}
print(len(names) > 5, sorted(heavy))
"""
AIRFLOW = {"airflow", "airbyte_api", "pendulum"}


def printed_by(code, repository):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("package", ["airbyte", "config", "report", "cli", "local_airbyte", "sandbox"])
def test_a_package_loads_no_airflow(repository, package):
    """The process that a killed task starts has only seconds, as many as an import of Airflow takes."""
    code = LOAD_ALL.format(package=f"dag_factory.{package}", heavy=AIRFLOW)
    assert printed_by(code, repository) == "True []\n"


def test_the_cancel_process_loads_no_airflow(repository):
    """It is started by the path of its module, and ends at once if there is nothing to cancel."""
    code = (
        "import runpy, sys; runpy.run_module('dag_factory.airbyte.cancel_process');"
        f"print(sorted({{name.split('.')[0] for name in sys.modules}} & {AIRFLOW!r}))"
    )
    assert printed_by(code, repository) == "[]\n"


def test_validate_loads_neither_airflow_nor_the_server(repository):
    code = (
        "import sys; from dag_factory.cli.main import main; status = main(['validate', 'configs']);"
        "heavy = {name.split('.')[0] for name in sys.modules} & {'airflow', 'pendulum', 'fastapi', 'httpx'};"
        "print(status, sorted(heavy))"
    )
    assert printed_by(code, repository).splitlines()[-1] == "0 []"


def test_the_contracts_see_an_import_inside_a_function(repository, tmp_path):
    shutil.copytree(repository / "dag_factory", tmp_path / "dag_factory")
    shutil.copy(repository / "pyproject.toml", tmp_path)
    module = tmp_path / "dag_factory" / "airbyte" / "sync" / "lifecycle.py"
    with module.open("a") as file:
        file.write("\n\ndef lazy():\n    from airflow.configuration import conf\n    return conf\n")
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "dag_factory.airbyte.sync.lifecycle -> airflow" in result.stdout
