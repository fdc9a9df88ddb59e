"""Who may import whom, and that checking needs no Airflow."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

# Package to the packages of ours that it may import; `cli` may use everything.
ALLOWED = {
    "config": {"config"},
    "airbyte": {"airbyte", "versions"},
    "local_airbyte": {"local_airbyte"},
    "report": {"report", "config"},
    "factory": {"factory", "config", "airbyte", "report", "versions"},
    "sandbox": {"sandbox", "config"},
}


def imports_of(path):
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


# What runs inside Airflow; all else beside it is the protocol of a sync, and the process that undoes one.
INSIDE_AIRFLOW = {
    "attempts",
    "connection",
    "links",
    "memory",
    "operators",
    "sensors",
    "tasks",
    "triggers",
}
PROTOCOL = {
    "access",
    "amounts",
    "api",
    "clients",
    "drivers",
    "errors",
    "exchange",
    "http",
    "jobs",
    "model",
    "ownership",
    "pace",
    "patience",
    "polling",
    "responses",
    "results",
    "state",
    "submission",
    "tokens",
    "types",
    "undoing",
    "urls",
}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_arrows_point_one_way(repository, package):
    wrong = [
        (str(path.relative_to(repository)), name)
        for path in (repository / "dag_factory" / package).rglob("*.py")
        for name in imports_of(path)
        if name.startswith("dag_factory.") and name.split(".")[1] not in ALLOWED[package]
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["config", "report", "local_airbyte", "cli", "sandbox"])
def test_only_the_factory_imports_airflow(repository, package):
    wrong = [
        (path.name, name)
        for path in (repository / "dag_factory" / package).rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in {"airflow", "airbyte_api", "pendulum"}
    ]
    assert wrong == []


def test_the_protocol_of_a_sync_knows_nothing_of_airflow(repository):
    wrong = [
        (path.name, name)
        for path in (repository / "dag_factory" / "airbyte").glob("*.py")
        for name in imports_of(path)
        if path.stem in PROTOCOL
        and name.startswith("dag_factory.")
        and (name.split(".")[1] == "versions" or name.split(".")[2] not in PROTOCOL)
    ]
    assert wrong == []


def test_every_module_is_on_one_side(repository):
    modules = {path.stem for path in (repository / "dag_factory" / "airbyte").glob("*.py")}
    assert modules - {"__init__"} == PROTOCOL | INSIDE_AIRFLOW


def test_the_protocol_of_a_sync_loads_no_airflow(repository):
    """What a killed task starts has seconds left, and Airflow takes as long to import."""
    code = (
        f"import sys, importlib; names = {sorted(PROTOCOL)};"
        "[importlib.import_module(f'dag_factory.airbyte.{name}') for name in names];"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'airflow', 'airbyte_api', 'pendulum'}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_validate_loads_neither_airflow_nor_the_server(repository):
    code = (
        "import sys; from dag_factory.cli.main import main; status = main(['validate', 'configs']);"
        "heavy = {name.split('.')[0] for name in sys.modules} & {'airflow', 'pendulum', 'fastapi', 'httpx'};"
        "print(status, sorted(heavy))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "0 []"
