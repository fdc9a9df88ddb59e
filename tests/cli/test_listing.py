"""Golden cases of `dag-factory list`: a folder in `listing` is a repository and what is said of it.

    configs/, airbyte/    the repository
    commands.txt          a command in each line
    output.txt            the commands, what they print, lines of standard error after `!`, and exit statuses

A new case needs no Python: add the first two, run `make cases`, and review output.txt. The moment is NOW.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from dag_factory.cli import listing
from dag_factory.cli.main import main

CASES = Path(__file__).with_name("listing")
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
NOW = "2026-01-31T16:30"
UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
GOOD = f"schedule: '@daily'\nsyncs:\n  money: {UUID}\n"


@pytest.fixture
def transcript(capsys):
    """Return a function that runs commands and returns what a person sees."""

    def run(commands):
        for command in commands:
            name, *arguments = shlex.split(command)
            status = main([name, "--at", NOW, *arguments])
            shown = capsys.readouterr()
            errors = "".join(f"! {line}\n" for line in shown.err.splitlines())
            yield f"$ {command}\n{shown.out}{errors}{f'exit status {status}{chr(10)}' if status else ''}"

    return lambda commands: "\n".join(run(commands))


@pytest.mark.parametrize("name", NAMES)
def test_case(name, tmp_path, monkeypatch, transcript):
    shutil.copytree(CASES / name, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    shown = transcript((CASES / name / "commands.txt").read_text("utf-8").splitlines())
    output = CASES / name / "output.txt"
    if os.environ.get("UPDATE_CASES"):
        output.write_text(shown, "utf-8")
    assert shown == output.read_text("utf-8"), "run `make cases`, then read the difference"


def listed(capsys, *arguments):
    assert main(["list", "--at", NOW, "--format", "json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)["dags"]


def test_a_terminal_gets_the_columns_for_which_it_has_room(configs, monkeypatch, capsys):
    root = configs({"defaults.yaml": "owner: data\n", "money.yaml": GOOD})
    monkeypatch.setattr(listing, "_width", lambda: 70)
    assert main(["list", "--at", NOW, "--configs", str(root)]) == 0
    shown = capsys.readouterr()
    assert shown.out.split("\n")[0].split() == ["DAG", "SCHEDULE", "NEXT", "RUN", "OWNER", "SYNCS"]
    assert shown.err.startswith("no room for FILE, CONNECTIONS; a pipe has all: ")


@pytest.mark.parametrize("folder", [".", "configs", "configs/bank"])
def test_files_are_named_as_they_are_seen_from_the_working_folder(folder, configs, monkeypatch, capsys):
    root = configs({"bank/money.yaml": GOOD, "other.yaml": GOOD})
    monkeypatch.chdir(root.parent / folder)
    file = os.path.relpath(root / "bank" / "money.yaml")
    for arguments in (
        [file],
        ["--file", file],
        ["--file", os.path.relpath(root / "bank")],
        [str(root / "bank" / "*")],
    ):
        assert [each["dag_id"] for each in listed(capsys, "--configs", str(root), *arguments)] == ["money"]


def test_an_environment_with_its_own_airbyte_needs_no_other(configs, capsys):
    """As for `validate`: without an environment, there is no snapshot in which a name could be."""
    connection = {
        "name": "shop",
        "status": "active",
        "schedule": {"scheduleType": "manual"},
        "workspaceId": UUID,
        "source": {"name": "s", "type": "faker"},
        "destination": {"name": "d", "type": "faker"},
        "namespaceDefinition": "destination",
    }
    snapshot = {"version": 1, "workspaces": {UUID: "w"}, "connections": {UUID: connection}}
    root = configs({"money.yaml": "schedule: null\nsyncs: {money: shop}\n"})
    file = root.parent / "airbyte" / "prod" / "airbyte_default.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(snapshot, indent=1))
    (shown,) = listed(capsys, "--configs", str(root))
    assert (shown["environments"], shown["syncs"][0]["connection_id"]) == (["prod"], UUID)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "tomorrow"], "'tomorrow' is not a moment; write one like 2026-01-31T16:30"),
        (["--runs-from", "9999-12-31"], "is not between the years 1970 and 2999"),
    ],
)
def test_a_moment_that_is_none_is_wrong_usage(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["list", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere", "configs\x1b[31m"])
def test_a_folder_that_is_not_there(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["list", "--configs", name]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_the_last_moments_have_lists(configs, capsys):
    root = configs({"money.yaml": GOOD, "every.yaml": GOOD.replace("'@daily'", "{every: 1m}")})
    for first in ("1970-01-01", "2999-12-31T23:59+00:00"):
        assert len(listed(capsys, "--configs", str(root), "--runs-from", first)) == 2
