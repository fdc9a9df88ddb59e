"""The command's explanation of a DAG."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dag_factory.cli.main import UsageError, main
from dag_factory.cli.show import show

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
DEFAULTS = "owner: data\ndefaults: {retries: 1}\nenvironments:\n  dev:\n    defaults: {timeout: 20m}\n"
MONEY = f"""\
# Each value is shown with the line that sets it.
description: |
  Money.
  From the bank.
schedule: "30 2 * * *"
timezone: Europe/Berlin
tags: [bank, a\u00a0b]
syncs:
  money: {UUID}
  report:
    connection_id: {UUID.replace("0110", "0111")}
    mode: sync
    depends_on: [money]
notify:
  on_failure:
    - notifier: some.package.Notifier
      password: hunter2-and-more
"""


@pytest.fixture
def estate(configs):
    return configs({"defaults.yaml": DEFAULTS, "bank/money.yaml": MONEY})


def test_a_whole_dag(estate, capsys):
    assert show(estate, "dev", "money", "text", NOW) == 0
    shown, expected = capsys.readouterr().out, Path(__file__).with_name("show_money.out")
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(shown, "utf-8")
    assert shown == expected.read_text("utf-8"), "run `make cases`, then read the difference"


def test_a_whole_dag_as_json(estate, capsys):
    assert show(estate, "dev", "money", "json", NOW) == 0
    shown = json.loads(capsys.readouterr().out)
    sync = {value["key"]: value for value in shown["syncs"][1]["values"]}
    assert sync["timeout"] == {
        "key": "timeout",
        "value": "20m",
        "default": False,
        "file": "configs/defaults.yaml",
        "line": 5,
        "environment": "dev",
    }
    assert sync["wait_seconds"] == {"key": "wait_seconds", "value": 30, "default": True}
    assert shown["tasks"] == [
        {"task_id": "money.trigger", "upstream": []},
        {"task_id": "money.wait", "upstream": ["money.trigger"]},
        {"task_id": "report", "upstream": ["money.wait"]},
    ]
    assert shown["next_runs"][1] == {"local": "2026-03-29T03:30:00+02:00", "utc": "2026-03-29T01:30:00+00:00"}


def test_a_secret_is_not_shown(estate, capsys):
    for style in ("text", "json"):
        show(estate, None, "money", style, NOW)
        assert "hunter2" not in capsys.readouterr().out


def test_a_dag_that_cannot_be_created_shows_why(configs, capsys):
    root = configs({"money.yaml": MONEY.replace("mode: sync", "mod: sync"), "other.yaml": "x: 1\n"})
    assert show(root, None, "money", "text", NOW) == 1
    output = capsys.readouterr().out
    assert output.startswith("configs/money.yaml:12:5: error: unknown key 'mod' [unknown-key]\n")
    assert output.endswith("\n\nthe DAG 'money' cannot be created\n")
    assert "other.yaml" not in output
    assert show(root, None, "money", "json", NOW) == 1
    (shown,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (shown["file"], shown["line"], shown["column"], shown["code"]) == (
        "configs/money.yaml",
        12,
        5,
        "unknown-key",
    )


@pytest.mark.parametrize(
    "files",
    [
        {"money.yaml": "syncs: [\n"},
        {"a.yaml": "dag_id: money\nsyncs: [\n"},
        {"a.yaml": "dag_id: other\nschedule: null\nsyncs: {a: x}\n---\n{dag_id: money, syncs: [\n"},
        {"defaults.yaml": "x: 1\n", "bank/money.yaml": MONEY},
        {"defaults.yaml": "x: 1\n", "bank/a.yaml": MONEY.replace("syncs:", "dag_id: 'money'\nsyncs:", 1)},
    ],
    ids=[
        "no YAML",
        "no YAML, by its key",
        "no YAML, in a flow",
        "wrong defaults",
        "wrong defaults, by its key",
    ],
)
def test_an_unreadable_dag_shows_why(configs, capsys, files):
    assert show(configs(files), None, "money", "text", NOW) == 1
    assert "error: " in capsys.readouterr().out


def test_errors_of_files_that_only_mention_the_dag_are_not_shown(configs, capsys):
    other = f"schedule: null\nmod: sync\nsyncs: {{other: {UUID}}}\ntrigger_dags: [money]\n"
    root = configs({"a.yaml": MONEY.replace("mode: sync", "mod: sync\ndag_id: money"), "other.yaml": other})
    assert show(root, None, "a", "text", NOW) == 1
    assert "other.yaml" not in capsys.readouterr().out


def test_a_file_can_be_named_instead_of_its_dag(estate, capsys, monkeypatch):
    monkeypatch.chdir(estate.parent)
    assert main(["show", f"{estate.name}/bank/money.yaml", "--configs", estate.name]) == 0
    assert capsys.readouterr().out.startswith("DAG money\n")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("configs", "bank/money.yaml"),
        ("configs/bank", "money.yaml"),
        ("configs/bank", "../../configs/bank/money.yaml"),
        ("configs/other", "../bank/money.yaml"),
    ],
)
def test_a_file_is_named_from_the_working_folder(folder, name, estate, capsys, monkeypatch):
    (estate / "other").mkdir()
    monkeypatch.chdir(estate.parent / folder)
    assert show(Path(os.path.relpath(estate)), None, name, "text", NOW) == 0
    assert capsys.readouterr().out.startswith("DAG money\n")


def test_a_file_of_another_folder_is_refused(estate, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "money.yaml").write_text(MONEY)
    for name, message in (
        ("else/money.yaml", "is not a configuration file of the folder; name its folder with --configs"),
        ("configs/mony.yaml", "the file 'configs/mony.yaml' does not exist"),
        ("configs/defaults.yaml", "holds defaults, not a DAG"),
    ):
        with pytest.raises(UsageError, match=message):
            show(estate, None, name, "text", NOW)


@pytest.mark.usefixtures("estate")
def test_a_file_of_a_folder_below_finds_the_defaults_above_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert show(Path("configs/bank"), None, "configs/bank/money.yaml", "json", NOW) == 0
    assert json.loads(capsys.readouterr().out)["defaults_files"] == ["configs/defaults.yaml"]


def test_each_dag_of_a_file_with_several_is_shown_by_its_id(configs, capsys):
    two = "".join(f"---\ndag_id: {name}\nschedule: null\nsyncs: {{x: {UUID}}}\n" for name in ("a", "b"))
    root = configs({"two.yaml": two})
    assert show(root, None, "b", "text", NOW) == 0
    assert capsys.readouterr().out.startswith("DAG b\n  from configs/two.yaml:6\n")


def test_one_dag_of_a_file_with_several_has_to_be_named(configs):
    two = "".join(f"---\ndag_id: {name}\nschedule: null\nsyncs: {{x: {UUID}}}\n" for name in ("a", "b"))
    root = configs({"two.yaml": two})
    with pytest.raises(UsageError, match=r"two.yaml' has several DAGs; name one of a, b$"):
        show(root, None, str(root / "two.yaml"), "text", NOW)


def test_of_duplicate_ids_the_created_dag_is_shown(configs, capsys):
    root = configs({"a.yaml": MONEY.replace("syncs:", "dag_id: money\nsyncs:"), "money.yaml": MONEY})
    assert show(root, None, "money", "text", NOW) == 0
    assert capsys.readouterr().out.startswith("DAG money\n  from configs/money.yaml:2\n")


def test_an_error_in_another_environment_is_not_shown(configs, capsys):
    root = configs({"money.yaml": MONEY + "environments:\n  dev: {timezone: Mars/Base}\n"})
    assert show(root, None, "money", "text", NOW) == 0
    assert show(root, "dev", "money", "text", NOW) == 1
    assert "unknown time zone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "dag_id", "message"),
    [
        (None, "mony", "there is no DAG 'mony'; did you mean 'money'?"),
        (None, "x", "there is no DAG 'x'; the DAGs are: money"),
        ("prod", "money", "unknown environment 'prod'; declared: dev"),
    ],
)
def test_a_missing_dag_is_wrong_usage(estate, environment, dag_id, message):
    with pytest.raises(UsageError) as refused:
        show(estate, environment, dag_id, "text", NOW)
    assert str(refused.value) == message


def test_the_command_takes_the_environment_from_the_variable(estate, capsys, monkeypatch):
    monkeypatch.chdir(estate)
    monkeypatch.setenv("DAG_FACTORY_ENV", "dev")
    assert main(["show", "money", "--configs", "."]) == 0
    assert capsys.readouterr().out.startswith("DAG money in the environment dev\n")
    assert main(["show", "money", "--configs", "nowhere"]) == 2
    assert main(["show", "money", "--configs", ".", "--env", "prod"]) == 2


def test_an_uppercase_uuid_is_shown_in_lower_case(configs, capsys):
    root = configs({"money.yaml": f"schedule: null\nsyncs:\n  short: {UUID.upper()}\n"})
    assert show(root, None, "money", "json", NOW) == 0
    shown = capsys.readouterr().out
    assert shown.count(UUID) == 2  # the connection and its asset
    assert UUID.upper() not in shown


def test_defaults_that_cannot_be_read_are_shown(configs, capsys):
    root = configs({"money.yaml": f"syncs:\n  money: {UUID}\n", "defaults.YAML": "schedule: null\n"})
    assert show(root, None, "money", "text", NOW) == 1
    assert "configs/defaults.YAML" in capsys.readouterr().out


def test_a_folder_that_is_a_link_out_of_the_repository_is_not_followed(configs, tmp_path, monkeypatch):
    root = configs({"money.yaml": MONEY})
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "configs").symlink_to(root)
    monkeypatch.chdir(tmp_path / "repository")
    with pytest.raises(UsageError, match="leads out of the repository"):
        show(Path("configs"), None, "money", "text", NOW)


TOKEN = "gh" + "p_" + "example0" * 5


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "text",
    [
        f"schedule: {{assets: ['https://me:hunter2@h/x']}}\nsyncs:\n  money: {UUID}\n",
        f"schedule: null\nsyncs:\n  money: {UUID}\ntrigger_dags: [\"{{{{ 'https://me:hunter2@h/x' }}}}\"]\n",
        f"schedule: null\nairbyte_conn_id: {TOKEN}\nsyncs:\n  money: {UUID}\n",
        f"schedule: null\nsyncs:\n  {TOKEN}: {UUID}\n",
    ],
    ids=["asset of a schedule", "triggered DAG", "Airflow connection", "name of a sync"],
)
def test_no_part_shows_a_secret(text, style, configs, capsys):
    show(configs({"money.yaml": text}), None, "money", style, NOW)
    shown = capsys.readouterr().out
    assert "money" in shown
    assert "hunter2" not in shown
    assert TOKEN not in shown
