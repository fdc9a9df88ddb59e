"""The command as a user calls it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from dag_factory.cli import validate
from dag_factory.cli.main import main
from dag_factory.config import checked_files
from dag_factory.config.project import load_project
from dag_factory.config.yaml.document import read_source

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}\n'
WARNED = f"schedule: null\nsyncs:\n  money:\n    connection_id: {UUID}\n    max_retry_delay: 5m"


def run(*arguments, cwd, **environment):
    command = [sys.executable, "-m", "dag_factory", *arguments]
    # The package must not be importable from the working folder, as for an installed command.
    env = {**os.environ, "PYTHONSAFEPATH": "1", **environment}
    # These are set when the tests themselves run in GitHub Actions.
    env |= {name: environment.get(name, "") for name in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "NO_COLOR")}
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


def test_only_warnings_are_0(configs):
    root = configs({"a.yaml": GOOD, "b.yaml": GOOD})
    result = run("validate", cwd=root.parent)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "1 warning in 2 files")


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "nowhere"),
        ("nonsense",),
        (),
        ("validate", "--nonsense"),
        ("validate", ""),
        ("validate", "--output", ""),
    ],
)
def test_wrong_usage_is_2(arguments, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("style", ["text", "concise", "github", "json", "sarif", "junit"])
@pytest.mark.usefixtures("internal_errors_are_reported")
def test_an_internal_error_from_one_file_is_3_and_hides_nothing_else(style, configs, monkeypatch, capsys):
    def broken(path, name):
        if path.stem == "bad":
            raise RecursionError
        return read_source(path, name)

    monkeypatch.setattr(checked_files, "read_source", broken)
    root = configs({"bad.yaml": GOOD, "wrong.yaml": GOOD + "retrys: 1\n"})
    assert main(["validate", str(root), "--format", style]) == 3
    shown = capsys.readouterr().out
    assert "RecursionError at" in shown
    assert "unknown key 'retrys'" in shown


def test_an_internal_error_is_3(monkeypatch, capsys):
    def broken(*_arguments):
        message = "broken"
        raise RuntimeError(message)

    monkeypatch.setattr(validate, "validate", broken)
    assert main(["validate"]) == 3
    assert "this is an error in dag-factory itself" in capsys.readouterr().err


def test_one_file_is_checked_with_the_defaults_above_it(configs):
    root = configs({"defaults.yaml": "schedule: null\n", "a/money.yaml": f"syncs:\n  money: {UUID}\n"})
    assert run("validate", "configs/a/money.yaml", cwd=root.parent).returncode == 0
    assert run("validate", "money.yaml", cwd=root / "a").returncode == 0


@pytest.mark.slow
def test_a_folder_with_another_name_is_its_own_top(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("other.yaml", "a/money.yaml"):
        (tmp_path / name).write_text(GOOD + "x: 1\n")
    assert places(run("validate", ".", cwd=tmp_path)) == ["a/money.yaml:4:1", "other.yaml:4:1"]
    assert places(run("validate", "a", "a/money.yaml", cwd=tmp_path)) == ["a/money.yaml:4:1"]
    assert places(run("validate", "../a", cwd=tmp_path / "a")) == ["money.yaml:4:1"]
    assert places(run("validate", "..", cwd=tmp_path / "a"))[0] == f"{tmp_path.name}/a/money.yaml:4:1"


def places(result):
    return [line.split(": error")[0] for line in result.stdout.splitlines() if ": error: " in line]


@pytest.mark.slow
def test_strict_counts_warnings(configs):
    root = configs({"money.yaml": WARNED})
    assert run("validate", cwd=root.parent).returncode == 0
    result = run("validate", "--strict", cwd=root.parent)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (1, "1 warning in 1 file")
    ignored = configs({"money.yaml": f"{WARNED} # dag-factory: ignore[no-effect] soon\n"})
    assert run("validate", "--strict", cwd=ignored.parent).returncode == 0


CONCISE = "configs/money.yaml:4:1: error: unknown key 'retrys' [unknown-key]"


@pytest.mark.slow
def test_a_format_can_be_chosen(configs):
    root = configs({"money.yaml": GOOD + "retrys: 1\n"})
    beginnings = {
        "text": f"{CONCISE}\n",
        "concise": f"{CONCISE} (",
        "github": "::error title=unknown-key,file=configs/money.yaml,line=4,col=1,endLine=4,endColumn=7::",
        "json": '{\n  "files": 1,\n',
        "sarif": '{\n  "$schema": ',
        "junit": "<?xml ",
    }
    for style, beginning in beginnings.items():
        result = run("validate", "--format", style, cwd=root.parent)
        assert (result.returncode, result.stderr) == (1, "")
        assert result.stdout.startswith(beginning)


@pytest.mark.slow
def test_github_actions_gets_annotations_with_paths_of_the_repository(configs):
    root = configs({"money.yaml": GOOD + "retrys: 1\n"})
    where = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(root.parents[1])}
    result = run("validate", cwd=root.parent, **where)
    assert result.stdout.startswith(f"::error title=unknown-key,file={root.parent.name}/configs/money.yaml,")
    assert result.stdout.endswith("\n1 error in 1 file\n")
    assert run("validate", "--format", "text", cwd=root.parent, **where).stdout.startswith(CONCISE)


@pytest.mark.slow
def test_a_report_is_written_in_addition_to_the_output(configs):
    root = configs({"money.yaml": GOOD + "retrys: 1\n"})
    result = run("validate", "--format", "json", "--output", "report.json", cwd=root.parent)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (1, "1 error in 1 file")
    report = json.loads((root.parent / "report.json").read_text("utf-8"))
    assert [each["code"] for each in report["diagnostics"]] == ["unknown-key"]
    result = run("validate", "--output", "nowhere/report", cwd=root.parent)
    assert (result.returncode, result.stdout) == (2, "")
    assert (
        result.stderr
        == "dag-factory validate: 'nowhere/report' cannot be written: No such file or directory\n"
    )


@pytest.mark.slow
def test_text_has_colours_only_on_a_terminal(configs):
    root = configs({"money.yaml": GOOD + "retrys: 1\n"})
    assert "\x1b" not in run("validate", cwd=root.parent).stdout
    assert "\x1b[1;31merror" in run("validate", "--color", "always", cwd=root.parent).stdout
    assert "\x1b[1;31merror" in on_terminal("validate", cwd=root.parent)
    assert "\x1b" not in on_terminal("validate", cwd=root.parent, NO_COLOR="1")
    assert "\x1b" not in on_terminal("validate", "--color", "never", cwd=root.parent)


@pytest.mark.slow
def test_progress_shows_on_a_terminal_and_leaves_nothing(configs):
    root = configs({f"{number}.yaml": GOOD.replace("0110", f"{number:04}") for number in range(301)})
    shown = on_terminal("validate", cwd=root.parent)
    assert "\rreading file 1 of 301" in shown.replace("\x1b[K", "")
    # A line that is rewritten repeatedly is empty at the end.
    assert shown.split("\x1b[K")[-1].startswith("nothing wrong in 301 files")
    assert run("validate", cwd=root.parent).stderr == ""


def on_terminal(*arguments, cwd, **environment):
    """Run the command in a new terminal and return everything that it shows."""
    main_end, command_end = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "GITHUB_ACTIONS")}
    command = [sys.executable, "-m", "dag_factory", *arguments]
    shown = b""
    with subprocess.Popen(
        command, cwd=cwd, stdout=command_end, stderr=command_end, env={**env, "TERM": "xterm", **environment}
    ):
        os.close(command_end)
        # Linux reports the end of a terminal as an error.
        with contextlib.suppress(OSError):
            while read := os.read(main_end, 65_536):
                shown += read
    os.close(main_end)
    return shown.decode()


def test_other_encodings_show_what_they_can(configs):
    root = configs({"mäney.yaml": GOOD})
    result = run("validate", cwd=root.parent, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 1
    assert "the file's name 'm\\xe4ney' is not a valid DAG id" in result.stdout


def test_the_named_environment_has_to_be_declared(configs):
    root = configs({"money.yaml": GOOD + "environments:\n  dev: {schedule: null}\n"})
    assert run("validate", cwd=root.parent, DAG_FACTORY_ENV="dev").returncode == 0
    result = run("validate", cwd=root.parent, DAG_FACTORY_ENV="deb")
    assert result.returncode == 1
    assert (
        "names the environment 'deb', but the declared environments are: dev [unknown-environment]"
        in result.stdout
    )


def test_the_variable_restricts_notifiers(configs):
    root = configs({"money.yaml": "notify:\n  on_failure: [{notifier: team.alerts.Pager}]\n" + GOOD})
    for allowed in ("", "team"):
        assert run("validate", cwd=root.parent, DAG_FACTORY_NOTIFIER_PREFIXES=allowed).returncode == 0
    result = run("validate", cwd=root.parent, DAG_FACTORY_NOTIFIER_PREFIXES="airflow.providers, team.al")
    assert result.returncode == 1
    assert "configs/money.yaml:2:27: error: the notifier 'team.alerts.Pager' is not imp" in result.stdout
    assert "write one below 'airflow.providers' or 'team.al', or extend the variable" in result.stdout


def test_a_reader_that_closes_early_causes_no_error_output(configs):
    root = configs({f"{number}.yaml": "x: 1\n" for number in range(500)})
    command = f"{sys.executable} -m dag_factory validate | head -n 1"
    result = subprocess.run(
        ["/bin/sh", "-c", command], cwd=root.parent, capture_output=True, text=True, check=True
    )
    assert (result.stderr, result.stdout.count("\n")) == ("", 1)


@pytest.mark.parametrize("unbuffered", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_an_unread_report_is_not_a_success(configs, unbuffered):
    """With `set -o pipefail`, a pipeline must not pass if its errors were not shown."""
    root = configs({"money.yaml": "x: 1\n"})
    command = [sys.executable, "-m", "dag_factory", "validate"]
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        command,
        cwd=root.parent,
        env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"} | unbuffered,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "validate" in capsys.readouterr().out


NOTHING = "no configuration file: no *.yaml or *.yml in this folder or below it, except defaults.yaml"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.json": "{}"},
        {"a.json": "{}", "defaults.yaml": "owner: me\n"},
        {".a.yaml": GOOD, "team/b.txt": ""},
    ],
)
@pytest.mark.parametrize("style", ["text", "concise", "github", "json", "sarif", "junit"])
def test_nothing_to_check_is_1(files, style, configs, capsys):
    root = configs(files)
    assert main(["validate", str(root), "--format", style]) == 1
    shown = capsys.readouterr().out
    assert NOTHING in shown
    assert "configs" in shown


def test_each_folder_that_is_named_has_something_to_check(configs, capsys):
    root = configs({"north/a.yaml": GOOD, "south/defaults.yaml": "owner: me\n", "west/x.txt": ""})
    assert main(["validate", str(root)]) == 0
    assert main(["validate", str(root / "north")]) == 0
    capsys.readouterr()
    assert main(["validate", str(root / "north"), str(root / "south"), str(root / "west")]) == 1
    shown = capsys.readouterr().out
    assert f"configs/south:1:1: error: {NOTHING} [nothing-to-check]" in shown
    assert f"configs/west:1:1: error: {NOTHING}" in shown
    assert "configs/north:" not in shown


def test_a_named_file_that_is_not_a_configuration_is_reported(configs, capsys):
    root = configs({"a.yaml": GOOD, "defaults.yaml": "owner: me\n", "a.json": "{}", ".b.yaml": GOOD})
    assert main(["validate", str(root / "defaults.yaml"), str(root / "a.yaml")]) == 0
    for name in ("a.json", ".b.yaml"):
        capsys.readouterr()
        assert main(["validate", str(root / "a.yaml"), str(root / name)]) == 1
        assert f"configs/{name}:1:1: error: not a configuration file" in capsys.readouterr().out


def test_an_unreadable_file_is_the_only_report(configs, capsys):
    root = configs({})
    (root / "a.yaml").symlink_to("a.yaml")
    assert main(["validate", str(root)]) == 1
    shown = capsys.readouterr().out
    assert "[unreadable-file]" in shown
    assert "[nothing-to-check]" not in shown


@pytest.fixture
def linked(tmp_path, monkeypatch):
    """Make a repository whose `configs` links to a folder outside, with a file that must not be quoted."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "money.yaml").write_text(GOOD + "root:x:0:0: 1\n")
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "configs").symlink_to(outside)
    monkeypatch.chdir(repository)
    return repository


@pytest.mark.parametrize("path", ["configs", "configs/money.yaml", "configs/.", "{repository}/configs"])
@pytest.mark.parametrize("with_git", [True, False])
def test_configs_outside_the_repository_are_not_quoted(path, with_git, linked, capsys):
    if with_git:
        (linked / ".git").mkdir()
    assert main(["validate", path.format(repository=linked)]) == 1
    shown = capsys.readouterr().out
    assert "configs:1:1: error: is a link that leads out of the repository" in shown
    assert "root" not in shown.replace(str(linked), "")


def test_the_loader_follows_them(linked):
    (linked / "configs" / "good.yaml").write_text(GOOD)
    assert [dag.dag_id for dag in load_project(linked / "configs", None).dags] == ["good"]


def test_configs_may_be_a_link_inside_the_repository(tmp_path, monkeypatch, capsys):
    top = tmp_path / "repository"
    (top / ".git").mkdir(parents=True)
    (top / "common" / "configs").mkdir(parents=True)
    (top / "common" / "configs" / "money.yaml").write_text(GOOD)
    (top / "airflow").mkdir()
    (top / "airflow" / "configs").symlink_to("../common/configs")
    monkeypatch.chdir(top / "airflow")
    assert main(["validate"]) == 0
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "repository/airflow/configs"]) == 0
    # As with git-sync: a link above the repository.
    (tmp_path / "current").symlink_to("repository")
    assert main(["validate", "current/airflow/configs"]) == 0
    capsys.readouterr()


def test_a_file_alone_is_not_blamed_for_its_neighbours(configs):
    root = configs({"good.yaml": GOOD, "x.YAML": GOOD, "a/defaults.YAML": "owner: x\n", "a/good2.yaml": GOOD})
    (root / "nowhere.yaml").symlink_to(root / "missing.yaml")
    result = run("validate", "configs/good.yaml", cwd=root.parent)
    assert (result.returncode, result.stdout) == (0, "nothing wrong in 1 file\n")
    # Defaults above the file that cannot be read concern it.
    assert run("validate", "configs/a/good2.yaml", cwd=root.parent).returncode == 1
    assert run("validate", cwd=root.parent).stdout.count("error:") == 3


@pytest.mark.parametrize("command", [["validate"], ["show", "money"]])
def test_an_output_that_cannot_be_written_is_2(command, configs):
    root = configs({"money.yaml": GOOD})
    call = [sys.executable, "-m", "dag_factory", *command]
    options = {"cwd": root.parent, "stderr": subprocess.PIPE, "text": True}
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(call, stdout=full, check=False, **options)
    says = f"dag-factory {command[0]}: the output cannot be written: No space left on device\n"
    assert (result.returncode, result.stderr) == (2, says)
    result = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *call], check=False, **options)
    assert (result.returncode, result.stderr) == (
        2,
        f"dag-factory {command[0]}: the standard output is closed\n",
    )
