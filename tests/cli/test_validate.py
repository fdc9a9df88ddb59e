"""The command as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dag_factory.cli import validate
from dag_factory.cli.main import main

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}\n'


def run(*arguments, cwd, **environment):
    command = [sys.executable, "-m", "dag_factory", *arguments]
    # The working folder is no place to import the package from, as for an installed command.
    env = {**os.environ, "PYTHONSAFEPATH": "1", **environment}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=env)


def test_clean_is_0(configs):
    root = configs({"money.yaml": GOOD})
    result = run("validate", cwd=root.parent)
    assert (result.returncode, result.stdout, result.stderr) == (0, "nothing wrong in 1 file\n", "")


def test_findings_are_1_and_name_the_line(configs):
    root = configs({"money.yaml": GOOD + "retrys: 1\n"})
    result = run("validate", cwd=root.parent)
    assert result.returncode == 1
    assert result.stdout.startswith("configs/money.yaml:4:1: error: unknown key 'retrys' [unknown-key]\n")


def test_warnings_alone_are_0(configs):
    root = configs({"a.yaml": GOOD, "b.yaml": GOOD})
    result = run("validate", cwd=root.parent)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "1 warning in 2 files")


@pytest.mark.parametrize(
    "arguments", [("validate", "nowhere"), ("nonsense",), (), ("validate", "--nonsense")]
)
def test_wrong_usage_is_2(arguments, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_our_own_fault_is_3(monkeypatch, capsys):
    def broken(*_arguments):
        message = "broken"
        raise RuntimeError(message)

    monkeypatch.setattr(validate, "validate", broken)
    assert main(["validate"]) == 3
    assert "this is a fault of dag-factory itself" in capsys.readouterr().err


def test_one_file_is_checked_with_the_defaults_above_it(configs):
    root = configs({"defaults.yaml": "schedule: null\n", "a/money.yaml": f"syncs:\n  money: {UUID}\n"})
    assert run("validate", "configs/a/money.yaml", cwd=root.parent).returncode == 0
    assert run("validate", "money.yaml", cwd=root / "a").returncode == 0


def test_a_folder_of_another_name_is_its_own_top(tmp_path):
    (tmp_path / "money.yaml").write_text(GOOD + "x: 1\n")
    result = run("validate", ".", cwd=tmp_path)
    assert result.stdout.startswith(f"{tmp_path.name}/money.yaml:4:1: ")


def test_the_named_environment_has_to_be_declared(configs):
    root = configs({"money.yaml": GOOD + "environments:\n  dev: {schedule: null}\n"})
    assert run("validate", cwd=root.parent, DAG_FACTORY_ENV="dev").returncode == 0
    result = run("validate", cwd=root.parent, DAG_FACTORY_ENV="deb")
    assert result.returncode == 1
    assert "names the environment 'deb', but declared are dev [unknown-environment]" in result.stdout


def test_a_reader_that_leaves_early_makes_no_noise(configs):
    root = configs({f"{number}.yaml": "x: 1\n" for number in range(500)})
    command = f"{sys.executable} -m dag_factory validate | head -n 1"
    result = subprocess.run(
        ["/bin/sh", "-c", command], cwd=root.parent, capture_output=True, text=True, check=True
    )
    assert (result.stderr, result.stdout.count("\n")) == ("", 1)


def test_help_tells_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "validate" in capsys.readouterr().out
