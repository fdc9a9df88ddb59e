"""The wheel, installed outside the checkout: without Airflow, and on the oldest and newest Airflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

# The group shares the wheel.
pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.xdist_group("wheel")]

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"

LOAD = """
import sys, warnings
warnings.simplefilter("ignore")
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])
print("loaded", *sorted(bag.dags), "errors", *bag.import_errors.values())
"""


def uv(*arguments: str | Path) -> None:
    environment = {**os.environ, "UV_NO_PROGRESS": "1", "VIRTUAL_ENV": ""}
    subprocess.run(
        [sys.executable, "-m", "uv", *map(str, arguments)], check=True, env=environment, timeout=900
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--wheel", "--out-dir", folder, request.config.rootpath)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def estate(repository, tmp_path):
    """The example DAG repository, far from the checkout."""
    for name in ("configs", "airbyte", "dags"):
        shutil.copytree(
            repository / name, tmp_path / "estate" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path / "estate"


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def install(folder: Path, *requirements: str | Path) -> Path:
    uv("venv", "--quiet", "--python", sys.executable, folder)
    uv("pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements)
    return folder / "bin"


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), **environment}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def test_the_bare_wheel_validates_without_airflow(wheel, estate, tmp_path):
    programs = install(tmp_path / "venv", wheel)
    result = run(programs / "dag-factory", "validate", cwd=estate)
    assert (result.returncode, result.stdout, result.stderr) == (0, "nothing wrong in 6 files\n", "")
    (estate / "configs" / "bad.yaml").write_text("schedul: null\n")
    result = run(programs / "dag-factory", "validate", cwd=estate)
    assert result.returncode == 1
    assert "configs/bad.yaml:1:1: error: unknown key 'schedul' [unknown-key]" in result.stdout
    assert run(programs / "python", "-c", "import airflow", cwd=estate).returncode == 1


def test_the_source_distribution_builds_the_same_package(wheel, estate, tmp_path, request):
    uv("build", "--quiet", "--sdist", "--out-dir", tmp_path, request.config.rootpath)
    (built,) = tmp_path.glob("*.tar.gz")
    uv("build", "--quiet", "--wheel", "--out-dir", tmp_path, built)
    (again,) = tmp_path.glob("*.whl")
    assert names_in(again) == names_in(wheel)
    programs = install(tmp_path / "venv", built)
    result = run(programs / "dag-factory", "validate", cwd=estate)
    assert (result.returncode, result.stdout, result.stderr) == (0, "nothing wrong in 6 files\n", "")


def test_the_wheel_says_that_it_is_typed_and_carries_what_it_needs(wheel):
    names = names_in(wheel)
    needed = {
        "dag_factory/py.typed",
        "dag_factory/schemas/dag.schema.json",
        "dag_factory/schemas/defaults.schema.json",
        "dag_factory/templates/dags/airbyte_syncs.py",
        "dag_factory/templates/dags/airbyte_config_errors.py",
        "dag_factory/docs/rules.md",
    }
    assert needed <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "configs/"))]


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("airflow", "constraints"),
    [("2.11.2", "tests/package/constraints-2.11.txt"), ("3.3.2", "constraints.txt")],
)
def test_the_wheel_loads_the_examples(airflow, constraints, wheel, repository, estate, tmp_path):
    requirement = f"airbyte-dag-factory[airflow] @ {wheel.as_uri()}"
    programs = install(
        tmp_path / "venv",
        requirement,
        f"apache-airflow=={airflow}",
        "--constraints",
        repository / constraints,
    )
    result = run(
        programs / "python",
        "-c",
        LOAD,
        estate / "dags",
        cwd=estate,
        AIRFLOW_HOME=str(tmp_path / "home"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == (
        "loaded airbyte_trigger_job_example_async sales_archive sales_reports sales_sources "
        "trigger_airbyte_job_example errors"
    )


def test_the_bare_wheel_creates_a_repository(wheel, repository, tmp_path):
    programs = install(tmp_path / "venv", wheel)
    assert run(programs / "dag-factory", "init", "new", cwd=tmp_path).returncode == 0
    result = run(programs / "dag-factory", "validate", cwd=tmp_path / "new")
    assert (result.returncode, "write the UUID of your Airbyte connection" in result.stdout) == (1, True)
    example = tmp_path / "new" / "configs" / "example.yaml"
    text = example.read_text("utf-8")
    example.write_text(text.replace("00000000-0000-0000-0000-000000000000", CONNECTION), "utf-8")
    result = run(programs / "dag-factory", "validate", cwd=tmp_path / "new")
    assert (result.returncode, result.stdout, result.stderr) == (0, "nothing wrong in 2 files\n", "")
    for path in (repository / "dags").glob("*.py"):
        assert (tmp_path / "new" / "dags" / path.name).read_text("utf-8") == path.read_text("utf-8")
