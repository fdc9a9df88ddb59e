"""What `demo` and `up` report before they start anything."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import pytest

from dag_factory.cli import demo
from dag_factory.cli.main import FINDINGS, WRONG_USAGE, main
from dag_factory.sandbox.processes.child import ChildFailedError
from dag_factory.sandbox.workspace import workspace


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Go to a folder with empty `configs` and `dags`."""
    for name in ("configs", "dags"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arguments(**different) -> argparse.Namespace:
    usual = {
        "configs": Path("configs"),
        "dags": Path("dags"),
        "work": Path(".demo"),
        "source_faker": None,
    }
    return argparse.Namespace(**(usual | different))


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_missing_folder(capsys, command):
    assert main([command, "--configs", "conf"]) == WRONG_USAGE
    message = "the folder 'conf' does not exist; run the command in the root of the DAG repository"
    assert capsys.readouterr().err == f"dag-factory {command}: {message}\n"


@pytest.mark.parametrize("name", ["nothing", "text"])
def test_a_faker_that_is_not_an_executable(folders, capsys, name):
    (folders / "text").touch()
    assert main(["demo", "--source-faker", name]) == WRONG_USAGE
    assert capsys.readouterr().err == f"dag-factory demo: --source-faker: '{name}' is not an executable\n"


def test_a_missing_package(capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in {"airflow", "psutil"} else find(name)
    )
    assert main(["up"]) == WRONG_USAGE
    message = "not installed: airflow, psutil; install this package with its extra 'sandbox'"
    assert capsys.readouterr().err == f"dag-factory up: {message}\n"


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_work_folder_in_use(folders, capsys, command):
    with workspace(folders / "w" / command, is_fresh=False):
        assert main([command, "--work", "w"]) == WRONG_USAGE
    message = (
        f"another dag-factory is running in 'w/{command}'; stop it, or choose another folder with --work"
    )
    assert capsys.readouterr().err == f"dag-factory {command}: {message}\n"


def test_a_failed_process_is_reported_without_a_traceback(capsys):
    def fail(*_):
        message = "it ended\n  its last words"
        raise ChildFailedError(message)

    assert demo.start(arguments(), fail) == FINDINGS
    assert capsys.readouterr().err == "it ended\n  its last words\n"
