"""The command `take-over`, with a real git repository and an Airbyte over HTTP."""

from __future__ import annotations

import re
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest

from dag_factory.cli.main import main
from dag_factory.cli.workspace import airbytes, take_over
from dag_factory.config.snapshot.model import Connector, SnapshotConnection
from dag_factory.config.snapshot.serialising import snapshot_text
from dag_factory.workspace.handover import recording
from dag_factory.workspace.handover.handover import Handover
from dag_factory.workspace.handover.moves import AirbyteUnansweredError, NoAccessError
from tests.cli.workspace.fake_workspace import Client, FakeWorkspace
from tests.git_repositories import commit_all, git, make_repository

A, B, C, D = (f"1e3b5a72-7bfd-4808-a13c-20450549011{digit}" for digit in "0123")
WORKSPACE = "0b2a7b52-64a0-4d9c-b1a3-0a6f6f7f0001"
MANUAL = {"scheduleType": "manual"}


def hourly(airbyte):
    """Return a schedule without a slot near the test's beginning."""
    return {"scheduleType": "cron", "cronExpression": f"0 {airbyte.minute} * * * ? UTC"}


SOON = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}"
LATER = f"{datetime.now(UTC) + timedelta(days=100):%-d %-m}"
DAILY_BERLIN = {"scheduleType": "cron", "cronExpression": "0 0 3 * * ? Europe/Berlin"}
BASIC = {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}


@pytest.fixture
def airbyte(monkeypatch):
    workspace = FakeWorkspace()
    workspace.minute = (datetime.now(UTC) + timedelta(minutes=30)).minute
    monkeypatch.setattr(airbytes, "airbyte_of", lambda *_: (Client(workspace.url), workspace.url))
    monkeypatch.setattr(take_over.SystemClock, "sleep", lambda *_: time.sleep(0.01))
    yield workspace
    workspace.close()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A function that writes a DAG repository with the connections of an Airbyte as its snapshot."""
    monkeypatch.chdir(tmp_path)
    make_repository(tmp_path)

    def make(files, airbyte):
        for name, text in files.items():
            path = tmp_path / "configs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        pull(tmp_path, airbyte)
        commit_all(tmp_path)
        return tmp_path

    return make


def pull(root, airbyte):
    folder = root / "airbyte"
    folder.mkdir(exist_ok=True)
    connections = [
        SnapshotConnection(
            connection_id=key,
            name=each["name"],
            status=each["status"],
            schedule=each["schedule"],
            workspace_id=WORKSPACE,
            source=Connector(name="bank", type="postgres"),
            destination=Connector(name="lake", type="s3"),
        )
        for key, each in airbyte.connections.items()
    ]
    (folder / "airbyte_default.json").write_text(snapshot_text({WORKSPACE: "main"}, connections))


def money(airbyte, schedule=None):
    airbyte.add(A, "bank", schedule or hourly(airbyte), last_job_hours=0.45)
    return f'# Money.\nschedule: "{airbyte.minute} * * * *"   # hourly\nsyncs:\n  bank: {A}\n'


def test_the_plan_changes_nothing(repository, airbyte, capsys):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    assert main(["take-over"]) == 0
    shown = capsys.readouterr().out
    assert f"'bank' ({A})" in shown
    assert f"in Airbyte: 0 {airbyte.minute} * * * ? UTC, next 2" in shown
    assert f"in Airflow: at '{airbyte.minute} * * * *' in UTC, next 2" in shown
    assert "its own schedule" not in shown
    next_runs = [line.rpartition("next ")[2] for line in shown.splitlines() if ", next" in line]
    assert len(set(next_runs)) == 1
    assert (
        shown.splitlines()[-2]
        == "1 connection of 1 DAG to move, 0 DAGs skipped, 0 refused; nothing has been changed"
    )
    assert airbyte.patches == []
    assert "start_date" not in (root / "configs/money.yaml").read_text()


def test_another_schedule_is_named(repository, airbyte, capsys):
    airbyte.add(A, "bank", BASIC)
    repository({"money.yaml": f'schedule: "0 5 * * *"\nsyncs: {{bank: {A}}}\n'}, airbyte)
    assert main(["take-over", "money"]) == 0
    shown = capsys.readouterr().out
    assert "in Airbyte: Every 24 HOURS" in shown
    assert "    the DAG keeps its own schedule, which is not Airbyte's: is that intended?" in shown
    assert "--undo could not put it back: the public API cannot set an interval" in shown


def test_apply(repository, airbyte, capsys):
    text = money(airbyte)
    root = repository({"money.yaml": text}, airbyte)
    before = datetime.now(UTC)
    assert main(["take-over", "--apply"]) == 0
    assert airbyte.patches == [(A, MANUAL)]
    lines = (root / "configs/money.yaml").read_text().splitlines()
    (line,) = [each for each in lines if each.startswith("start_date: ")]
    assert [each for each in lines if each != line] == text.splitlines()
    start = datetime.fromisoformat(line.removeprefix("start_date: ")).replace(tzinfo=UTC)
    assert before <= start <= datetime.now(UTC) + timedelta(minutes=1)
    printed = capsys.readouterr()
    assert "1 connection moved; 1 DAG taken over, 0 skipped, 0 refused" in printed.out
    assert printed.out.count(A) == 1
    assert printed.err == ""


def test_a_second_apply_changes_nothing(repository, airbyte, capsys):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    main(["take-over", "--apply"])
    once = (root / "configs/money.yaml").read_bytes()
    assert main(["take-over", "--apply"]) == 0
    assert (root / "configs/money.yaml").read_bytes() == once
    assert airbyte.patches == [(A, MANUAL)]
    assert "there is nothing to take over" in capsys.readouterr().out


def test_a_dag_that_is_done_is_not_one_that_was_interrupted(repository, airbyte, capsys):
    """Before the next pull, and before anything is committed: its later slots are Airflow's."""
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    main(["take-over", "--apply"])
    once = (root / "configs/money.yaml").read_bytes()
    recorded = (root / "airbyte/airbyte_default.json").read_bytes()
    pull(root, airbyte)
    assert (root / "airbyte/airbyte_default.json").read_bytes() == recorded
    airbyte.add(A, "bank", MANUAL, last_job_hours=50)
    capsys.readouterr()
    assert main(["take-over", "money", "--apply"]) == 0
    assert "skipped: Airbyte schedules none of its connections" in capsys.readouterr().out
    assert main(["take-over", "--print", "curl"]) == 0
    assert capsys.readouterr().out == ""
    assert (root / "configs/money.yaml").read_bytes() == once


def test_the_others_are_taken_over_before_the_first_are_committed(repository, airbyte):
    text = money(airbyte)
    airbyte.add(B, "lake", hourly(airbyte), last_job_hours=0.45)
    repository({"money.yaml": text, "lake.yaml": text.replace(A, B)}, airbyte)
    assert main(["take-over", "money", "--apply"]) == 0
    assert main(["take-over", "--apply"]) == 0
    assert airbyte.patches == [(A, MANUAL), (B, MANUAL)]


def test_a_dag_that_git_does_not_have_is_not_moved(repository, airbyte, capsys):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    git(root, "rm", "--cached", "--quiet", "configs/money.yaml")
    git(root, "commit", "--quiet", "--message", "x")
    text = (root / "configs/money.yaml").read_text()
    assert main(["take-over"]) == 0
    reason = "git does not have 'configs/money.yaml'; commit and deploy it first"
    shown = capsys.readouterr().out
    assert f"--apply will refuse it: {reason}" in shown
    assert "Run the command with --apply" not in shown
    assert shown.splitlines()[-1] == (
        "0 connections of 0 DAGs to move, 0 DAGs skipped, 0 refused, 1 that --apply would refuse; "
        "nothing has been changed"
    )
    assert main(["take-over", "--apply"]) == 1
    assert f"refused: {reason}" in capsys.readouterr().out
    assert airbyte.patches == []
    assert (root / "configs/money.yaml").read_text() == text


def test_without_a_repository(repository, airbyte, capsys):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    (root / ".git").rename(root / "gone")
    assert main(["take-over", "--apply"]) == 1
    assert "the folder is not in a git repository; run 'git init'" in capsys.readouterr().out


def test_a_snapshot_that_cannot_be_written(repository, airbyte, capsys, monkeypatch):
    repository({"money.yaml": money(airbyte)}, airbyte)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording, "replace_file", full)
    assert main(["take-over", "--apply"]) == 0
    said = capsys.readouterr().err
    expected = (
        "the snapshot of 'airbyte_default' was not changed (No space left on device): run 'dag-factory pull'"
    )
    assert expected in said


def test_the_start_is_said_as_it_is_written(repository, airbyte, capsys):
    text = money(airbyte).replace("schedule:", "timezone: Asia/Tokyo\nschedule:")
    root = repository({"money.yaml": text}, airbyte)
    assert main(["take-over", "--apply"]) == 0
    (written,) = re.findall("^start_date: (.*)$", (root / "configs/money.yaml").read_text(), re.MULTILINE)
    assert f"  start_date is now {written} (Asia/Tokyo)\n" in capsys.readouterr().out


def test_an_interruption_before_the_file_was_written(repository, airbyte, capsys):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    airbyte.connections[A]["schedule"] = MANUAL
    assert main(["take-over"]) == 0
    assert "before its take-over was interrupted; it is manual now" in capsys.readouterr().out
    assert main(["take-over", "--apply"]) == 0
    assert "start_date: 2" in (root / "configs/money.yaml").read_text()
    assert airbyte.patches == []


def test_an_interval_goes_on_where_airbyte_was(repository, airbyte):
    airbyte.add(A, "bank", BASIC, last_job_hours=20)
    root = repository({"money.yaml": f"schedule: {{every: 24h}}\nsyncs: {{bank: {A}}}\n"}, airbyte)
    assert main(["take-over", "--apply"]) == 0
    created = datetime.fromisoformat(airbyte.jobs[A][0]["startTime"])
    text = (root / "configs/money.yaml").read_text()
    (line,) = [each for each in text.splitlines() if each.startswith("start_date: ")]
    start = datetime.fromisoformat(line.removeprefix("start_date: ")).replace(tzinfo=UTC)
    assert start == created + timedelta(hours=24)


@pytest.mark.parametrize("state", ["untracked", "none", "staged"])
def test_apply_needs_a_committed_snapshot(repository, airbyte, capsys, state):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    snapshot = root / "airbyte/airbyte_default.json"
    if state == "untracked":
        git(root, "rm", "--cached", "--quiet", str(snapshot))
        git(root, "commit", "--quiet", "--message", "x")
    elif state == "none":
        snapshot.unlink()
    else:
        git(root, "rm", "--cached", "--quiet", str(snapshot))
        git(root, "commit", "--quiet", "--message", "x")
        git(root, "add", "--all")
    assert main(["take-over", "--apply"]) == 1
    assert "refused" in capsys.readouterr().out
    assert airbyte.patches == []
    assert main(["take-over"]) == 0
    assert "--apply will refuse it" in capsys.readouterr().out


def test_apply_needs_the_schedule_that_airbyte_has(repository, airbyte, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    airbyte.connections[A]["schedule"] = BASIC
    assert main(["take-over", "--apply"]) == 1
    shown = capsys.readouterr().out
    assert "the committed snapshot has another schedule" in shown
    assert airbyte.patches == []


def test_a_refused_connection_brings_back_the_others_of_its_dag(repository, airbyte, capsys):
    airbyte.add(A, "one", hourly(airbyte), last_job_hours=0.45)
    airbyte.add(B, "two", hourly(airbyte), last_job_hours=0.45)
    airbyte.add(C, "three", hourly(airbyte), last_job_hours=0.45)
    schedule = f'schedule: "{airbyte.minute} * * * *"\n'
    files = {
        "both.yaml": f"{schedule}syncs:\n  one: {A}\n  two: {B}\n",
        "other.yaml": f"{schedule}syncs: {{three: {C}}}\n",
    }
    root = repository(files, airbyte)
    airbyte.refusals[B] = 409
    assert main(["take-over", "--apply"]) == 1
    shown = capsys.readouterr().out
    assert "refused: 409 refused" in shown
    assert "put back: 'one'" in shown
    assert "1 connection moved; 1 DAG taken over, 0 skipped, 1 refused" in shown
    assert (root / "configs/both.yaml").read_text() == files["both.yaml"]
    assert "start_date" in (root / "configs/other.yaml").read_text()
    assert airbyte.connections[A]["schedule"] == hourly(airbyte)


def test_what_cannot_be_put_back_is_said(repository, airbyte, capsys):
    airbyte.add(A, "one", BASIC, last_job_hours=2)
    airbyte.add(B, "two", BASIC, last_job_hours=2)
    repository({"both.yaml": f"schedule: {{every: 1d}}\nsyncs:\n  one: {A}\n  two: {B}\n"}, airbyte)
    airbyte.refusals[B] = 403
    assert main(["take-over", "--apply"]) == 1
    shown = capsys.readouterr().out
    assert "nobody syncs 'one'" in shown
    assert (
        f"set 'Every 24 HOURS' under Settings of {airbyte.url.removesuffix('/api/public/v1')}/workspaces/"
        in shown
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'enabled: false\nschedule: "0 3 * * *"\nsyncs: {{a: {A}}}\n', "skipped: 'enabled' is false"),
        (f"schedule: null\nsyncs: {{a: {A}}}\n", "skipped: it has no schedule"),
        (f'schedule: "@once"\nsyncs: {{a: {A}}}\n', "skipped: '@once' is a single run"),
        (
            f'schedule: "0 3 * * *"\nend_date: 2020-06-01\nsyncs: {{a: {A}}}\n',
            "skipped: its end_date has passed",
        ),
        (f"schedule: {{every: 1h}}\nend_date: 2020-06-01\nsyncs: {{a: {A}}}\n", "skipped: its end_date has"),
        (
            f"schedule: {{assets: [x]}}\nend_date: 2020-06-01\nsyncs: {{a: {A}}}\n",
            "skipped: its end_date has",
        ),
        (
            f'schedule: "0 3 {LATER} *"\nend_date: {SOON}\nsyncs: {{a: {A}}}\n',
            "skipped: its schedule has no time before its end_date",
        ),
        (f'{{schedule: "0 3 * * *", syncs: {{a: {A}}}}}\n', "refused: its start_date cannot be set"),
        (
            f'schedule: "0 3 * * *"\nsyncs:\n  a: {A}\n  b: "{{{{ var.value.b }}}}"\n',
            "refused: the connection of",
        ),
        (f'schedule: "0 3 * *"\nsyncs: {{a: {A}}}\n', "refused: it has errors"),
        (
            f'schedule: "0 3 * * *"\nsyncs: {{a: {A}, d: {D}}}\n',
            f"refused: the connection {D} cannot be read: 404",
        ),
    ],
)
def test_what_is_left_alone(repository, airbyte, capsys, text, said):
    airbyte.add(A, "bank", hourly(airbyte))
    root = repository({"money.yaml": text}, airbyte)
    assert main(["take-over"]) == (1 if "refused" in said else 0)
    assert said in capsys.readouterr().out
    main(["take-over", "money", "--apply"])
    assert said in capsys.readouterr().out
    assert airbyte.patches == []
    assert (root / "configs/money.yaml").read_text() == text


@pytest.mark.parametrize(
    "text", ["schedule: null", 'schedule: "@once"', 'schedule: "@daily"\nend_date: 2020-06-01']
)
def test_a_dag_that_airflow_never_starts_gets_no_start_date(repository, airbyte, text):
    airbyte.add(A, "bank", hourly(airbyte), last_job_hours=0.45)
    written = f"{text}\nsyncs: {{a: {A}}}\n"
    root = repository({"money.yaml": written}, airbyte)
    assert main(["take-over", "--apply", "--allow-unscheduled"]) == 0
    assert airbyte.patches == [(A, MANUAL)]
    assert (root / "configs/money.yaml").read_text() == written


@pytest.mark.parametrize(
    "schedule", ['schedule: "0 3 * * *"', "schedule: {assets: [x]}", 'schedule: "@continuous"']
)
def test_a_start_date_to_come_is_replaced(repository, airbyte, capsys, schedule):
    airbyte.add(A, "bank", hourly(airbyte), last_job_hours=0.45)
    root = repository({"money.yaml": f"{schedule}\nstart_date: 2999-01-01\nsyncs: {{a: {A}}}\n"}, airbyte)
    assert main(["take-over"]) == 0
    shown = capsys.readouterr().out
    assert "  its start_date, 2999-01-01, is replaced: Airflow starts it from now on\n" in shown
    assert "never" not in shown
    assert main(["take-over", "--apply"]) == 0
    assert "2999" not in (root / "configs/money.yaml").read_text()


def test_what_ends_or_waits_for_what_nobody_updates_is_said(repository, airbyte, capsys):
    for each in (A, B, C):
        airbyte.add(each, each, hourly(airbyte))
    files = {
        "ends.yaml": f'schedule: "0 3 * * *"\nend_date: 2999-01-01\nsyncs: {{a: {A}}}\n',
        "waits.yaml": f"schedule: {{assets: {{all: [known, unknown]}}}}\nsyncs: {{b: {B}}}\n",
        "updates.yaml": f'schedule: "0 3 * * *"\nsyncs: {{c: {{connection_id: {C}, outlets: [known]}}}}\n',
    }
    repository(files, airbyte)
    assert main(["take-over"]) == 0
    shown = capsys.readouterr().out
    assert "  Airflow starts it no more after its end_date, 2999-01-01\n" in shown
    assert "  no sync here updates the asset 'unknown', for which it waits\n" in shown
    assert "'known'" not in shown


def test_unscheduled_dags_if_asked_for(repository, airbyte):
    airbyte.add(A, "bank", hourly(airbyte), last_job_hours=0.45)
    text = f"schedule: null\nsyncs: {{a: {A}}}\n"
    root = repository({"money.yaml": text}, airbyte)
    assert main(["take-over", "--apply", "--allow-unscheduled"]) == 0
    assert airbyte.patches == [(A, MANUAL)]
    assert (root / "configs/money.yaml").read_text() == text


def test_a_start_date_of_an_environment(repository, airbyte, capsys):
    airbyte.add(A, "bank", hourly(airbyte))
    text = f'schedule: "0 3 * * *"\nsyncs: {{a: {A}}}\nenvironments:\n  dev: {{start_date: 2026-01-01}}\n'
    repository({"money.yaml": text}, airbyte)
    assert main(["take-over", "--env", "dev"]) == 1
    assert "its start_date is set for the environment 'dev'" in capsys.readouterr().out
    assert main(["take-over", "--env", "prod"]) == 2


def test_printed_commands(repository, airbyte, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    assert main(["take-over", "--print", "curl"]) == 0
    shown = capsys.readouterr().out
    assert (
        f'--data \'{{"schedule": {{"scheduleType": "manual"}}}}\' "${{AIRBYTE_URL%/}}/connections/{A}"'
        in shown
    )
    assert "Bearer $AIRBYTE_TOKEN" in shown
    assert main(["take-over", "--print", "terraform"]) == 0
    assert 'schedule = {\n  schedule_type = "manual"\n}' in capsys.readouterr().out
    assert airbyte.reads == []


def test_a_name_is_no_command(repository, airbyte, capsys):
    text = money(airbyte)
    airbyte.connections[A]["name"] = "bank\ntouch hacked\r\u2028$(touch hacked)'"
    root = repository({"money.yaml": text}, airbyte)
    for style in ("curl", "terraform"):
        assert main(["take-over", "--print", style]) == 0
        shown = capsys.readouterr().out
        assert all(line.startswith("#") for line in shown.splitlines() if "hacked" in line)
    assert not (root / "hacked").exists()


def test_printed_commands_of_an_interval(repository, airbyte, capsys):
    airbyte.add(A, "bank", BASIC)
    repository({"money.yaml": f"schedule: {{every: 24h}}\nsyncs: {{a: {A}}}\n"}, airbyte)
    assert main(["take-over", "--print", "curl"]) == 0
    assert (
        "set start_date in configs/money.yaml to the moment at which Airbyte would have"
        in capsys.readouterr().out
    )


def test_what_is_not_understood_is_said(repository, airbyte, capsys):
    odd = {"scheduleType": "cron", "cronExpression": "0 0 99 * * ? UTC"}
    repository({"money.yaml": money(airbyte, odd)}, airbyte)
    assert main(["take-over"]) == 0
    shown = capsys.readouterr().out
    assert "in Airbyte: 0 0 99 * * ? UTC, next not known" in shown
    assert "Airbyte's schedule is not understood" in shown


def test_a_connection_that_is_not_active_has_no_next_run(repository, airbyte, capsys):
    text = money(airbyte)
    airbyte.connections[A]["status"] = "inactive"
    repository({"money.yaml": text}, airbyte)
    assert main(["take-over"]) == 0
    shown = capsys.readouterr().out
    assert "next never" in shown
    assert "it is not active in Airbyte" in shown


def test_printed_commands_need_the_snapshot_too(repository, airbyte, capsys):
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    (root / "airbyte/airbyte_default.json").unlink()
    assert main(["take-over", "--print", "curl"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "money: there is no snapshot" in printed.err


@pytest.mark.parametrize("before", [None, MANUAL, BASIC])
def test_a_schedule_that_is_pulled_and_not_committed_is_named(repository, airbyte, capsys, before):
    airbyte.add(B, "lake", hourly(airbyte))
    text = money(airbyte)
    new = airbyte.connections.pop(A)
    if before is not None:
        airbyte.connections[A] = {**new, "schedule": before}
    root = repository({"money.yaml": text, "lake.yaml": text.replace(A, B)}, airbyte)
    airbyte.connections[A] = new
    pull(root, airbyte)
    assert main(["take-over", "--print", "terraform"]) == 1
    printed = capsys.readouterr()
    assert "# DAG lake" in printed.out
    assert A not in printed.out
    (line,) = printed.err.splitlines()
    assert line.startswith("money: the committed snapshot ")
    assert line.endswith("; run 'dag-factory pull' and commit the snapshot")
    commit_all(root)
    assert main(["take-over", "--print", "terraform"]) == 0
    assert f"({A})" in capsys.readouterr().out


def test_a_printed_command_does_it(repository, airbyte, capsys, monkeypatch):
    repository({"money.yaml": money(airbyte)}, airbyte)
    main(["take-over", "--print", "curl"])
    monkeypatch.setenv("AIRBYTE_URL", f"{airbyte.url}/")
    monkeypatch.setenv("AIRBYTE_TOKEN", "t")
    try:
        subprocess.run(["bash", "-c", capsys.readouterr().out], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        if error.returncode == 127:
            pytest.skip("there is no curl")
        raise
    assert airbyte.patches == [(A, MANUAL)]


def test_undo_finds_the_old_schedule_in_the_history(repository, airbyte, capsys):
    old = hourly(airbyte)
    root = repository({"money.yaml": money(airbyte)}, airbyte)
    main(["take-over", "--apply"])
    pull(root, airbyte)
    commit_all(root)
    (root / "configs/broken.yaml").write_text("a: [")
    assert main(["take-over", "--undo"]) == 0
    assert airbyte.connections[A]["schedule"] == MANUAL
    capsys.readouterr()
    assert main(["take-over", "--undo", "money", "--apply"]) == 0
    shown = capsys.readouterr().out
    assert f"has '{old['cronExpression']}' again" in shown
    assert "set 'schedule: null' in the DAGs of these connections" in shown
    assert airbyte.connections[A]["schedule"] == old
    assert old["cronExpression"] in (root / "airbyte/airbyte_default.json").read_text()


@pytest.mark.parametrize(
    "old", [BASIC, DAILY_BERLIN, {"scheduleType": "cron", "cronExpression": "0 */15 * * * ? UTC"}]
)
def test_undo_names_what_it_cannot_do(repository, airbyte, capsys, old):
    root = repository({"money.yaml": money(airbyte, old)}, airbyte)
    airbyte.connections[A]["schedule"] = MANUAL
    pull(root, airbyte)
    commit_all(root)
    assert main(["take-over", "--undo", A]) == 1
    assert main(["take-over", "--undo", A, "--apply"]) == 1
    shown = capsys.readouterr().out
    old_text = old.get("cronExpression") or old["basicTiming"]
    page = f"/workspaces/{WORKSPACE}/connections/{A}/timeline"
    assert f"set '{old_text}' under Settings of {airbyte.url.removesuffix('/api/public/v1')}{page}" in shown
    assert airbyte.patches == []


@pytest.mark.parametrize(
    "arguments",
    [["nowhere"], ["--print", "curl", "--apply"], ["--configs", "nowhere"], ["--undo", "nowhere"]],
)
def test_wrong_usage(repository, airbyte, arguments, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    assert main(["take-over", *arguments]) == 2
    assert "dag-factory take-over: " in capsys.readouterr().err


def test_only_one_airbyte(repository, airbyte, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    assert main(["take-over", "--airbyte-conn-id", "other"]) == 0
    assert "there is nothing to take over" in capsys.readouterr().out


def test_undo_names_what_was_never_scheduled(repository, airbyte, capsys):
    airbyte.add(B, "lake", MANUAL)
    repository({"money.yaml": money(airbyte), "lake.yaml": f"schedule: null\nsyncs: {{b: {B}}}\n"}, airbyte)
    assert main(["take-over", "--undo", "lake", "money", "--apply"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"'lake' ({B}): nothing to undo, by the committed snapshots Airbyte has never scheduled it",
        f"'bank' ({A}): nothing to undo, Airbyte schedules it: '{hourly(airbyte)['cronExpression']}'",
        "0 put back, 0 not",
    ]
    # Without names, what there is nothing to do about is left out.
    assert main(["take-over", "--undo"]) == 0
    assert capsys.readouterr().out == "0 can be put back, 0 cannot; nothing has been changed\n"
    assert airbyte.patches == []


def test_undo_of_all_has_to_be_said(repository, airbyte, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    assert main(["take-over", "--apply"]) == 0
    assert main(["take-over", "--undo", "--apply"]) == 2
    assert "name the DAGs, or write '*' for all of them" in capsys.readouterr().err
    assert airbyte.connections[A]["schedule"] == MANUAL
    assert main(["take-over", "*", "--undo", "--apply"]) == 0
    assert airbyte.connections[A]["schedule"] == hourly(airbyte)


def test_undo_of_a_connection_that_no_snapshot_has(repository, airbyte, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    airbyte.add(B, "lake", MANUAL)
    assert main(["take-over", "--undo", B, "--apply"]) == 1
    assert f"'lake' ({B}): no committed snapshot has it" in capsys.readouterr().out


def test_undo_of_a_connection_that_a_template_gives(repository, airbyte, capsys):
    files = {"money.yaml": money(airbyte), "lake.yaml": 'schedule: null\nsyncs: {b: "{{ var.value.b }}"}\n'}
    repository(files, airbyte)
    assert main(["take-over", "--undo", "lake"]) == 0
    assert "lake: nothing to undo, the ids of its connections are not known" in capsys.readouterr().err


def test_a_plan_of_undo_says_what_comes_first(repository, airbyte, capsys):
    repository({"money.yaml": money(airbyte)}, airbyte)
    airbyte.connections[A]["schedule"] = MANUAL
    assert main(["take-over", "--undo"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "1 can be put back, 0 cannot; nothing has been changed",
        "Pause the DAGs of these connections in Airflow, and run the command with --apply.",
    ]


@pytest.mark.parametrize("option", [[], ["--apply"]])
def test_one_form_of_what_is_skipped(repository, airbyte, capsys, option):
    airbyte.add(A, "bank", MANUAL)
    repository({"money.yaml": f"schedule: '@daily'\nsyncs: {{a: {A}}}\n"}, airbyte)
    assert main(["take-over", "money", *option]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "money (configs/money.yaml)",
        "  skipped: Airbyte schedules none of its connections",
    ]


@pytest.mark.parametrize(
    ("names", "moved"),
    [
        (["shop_*"], [A, B]),
        (["shop_?"], [A, B]),
        (["shop_[a]"], [A]),
        (["configs/shop_b.yaml"], [B]),
        (["configs/shop_b.yaml", "shop_a", "shop_b"], [A, B]),
        (["*"], [A, B, C]),
    ],
)
def test_dags_may_be_named_by_a_pattern_or_a_file(repository, airbyte, names, moved):
    text = money(airbyte)
    airbyte.add(B, "b", hourly(airbyte), last_job_hours=0.45)
    airbyte.add(C, "c", hourly(airbyte), last_job_hours=0.45)
    ids = {"shop_a.yaml": A, "shop_b.yaml": B, "Shop_c.yaml": C}
    repository({name: text.replace(A, each) for name, each in ids.items()}, airbyte)
    assert main(["take-over", *names, "--apply"]) == 0
    assert sorted(connection_id for connection_id, _ in airbyte.patches) == moved
    assert main(["take-over", "--undo", *names]) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "shop*",
            f"no id of a DAG is like 'shop*'; the DAGs are: {', '.join(f'a{n}' for n in range(10, 30))}"
            " and 2 more",
        ),
        ("zzzzzzzz", "there is no DAG 'zzzzzzzz'; the DAGs are: a10, "),
        ("a100", "there is no DAG 'a100'; did you mean 'a10'?"),
        (
            "configs/broken.yaml",
            "'configs/broken.yaml' has no DAG that can be read; see 'dag-factory validate'",
        ),
    ],
)
def test_names_of_no_dag(repository, airbyte, capsys, name, said):
    text = money(airbyte)
    files = {f"a{number}.yaml": text for number in range(10, 32)}
    repository({**files, "broken.yaml": "a: ["}, airbyte)
    assert main(["take-over", name]) == 2
    assert said in capsys.readouterr().err


def test_a_dag_file_is_looked_at_only_if_it_would_be_edited(repository, airbyte, capsys):
    airbyte.add(A, "bank", MANUAL)
    repository({"money.yaml": f"{{schedule: '@daily', syncs: {{a: {A}}}}}\n"}, airbyte)
    assert main(["take-over", "money"]) == 0
    assert "skipped: Airbyte schedules none of its connections" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--apply"], ["--undo"], ["--undo", "--apply", "money", "lake"]])
def test_an_airbyte_that_does_not_answer_ends_the_command(
    repository, airbyte, capsys, monkeypatch, arguments
):
    text = money(airbyte)
    airbyte.add(B, "lake", hourly(airbyte))
    repository({"money.yaml": text, "lake.yaml": text.replace(A, B)}, airbyte)
    asked = []

    def connection(_self, connection_id):
        asked.append(connection_id)
        message = "no response from Airbyte: check the host and its port"
        raise AirbyteUnansweredError(message)

    monkeypatch.setattr(Client, "connection", connection)
    assert main(["take-over", *arguments]) == 1
    said = "no response from Airbyte: check the host and its port; nothing has been changed"
    assert capsys.readouterr() == ("", f"dag-factory take-over: {said}\n")
    assert len(asked) == 1


@pytest.mark.parametrize("arguments", [["--apply"], ["--undo"]])
def test_a_token_that_is_refused_ends_the_command(repository, airbyte, capsys, monkeypatch, arguments):
    repository({"money.yaml": money(airbyte)}, airbyte)

    def connection(*_):
        message = "check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET"
        raise NoAccessError(message)

    monkeypatch.setattr(Client, "connection", connection)
    assert main(["take-over", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "take-over: check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET; nothing has" in printed.err


def test_the_environment_has_its_own_snapshot(repository, airbyte, capsys):
    text = money(airbyte) + "environments:\n  prod: {owner: data}\n"
    root = repository({"money.yaml": text}, airbyte)
    snapshot = root / "airbyte/airbyte_default.json"
    (root / "airbyte/prod").mkdir()
    snapshot.rename(root / "airbyte/prod/airbyte_default.json")
    commit_all(root)
    assert main(["take-over", "--apply"]) == 1
    assert "there is no snapshot 'airbyte/airbyte_default.json'" in capsys.readouterr().out
    assert main(["take-over", "--apply", "--env", "prod"]) == 0


def test_without_git(repository, airbyte, capsys, monkeypatch):
    repository({"money.yaml": money(airbyte)}, airbyte)
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["take-over", "--apply"]) == 1
    assert "git is not installed" in capsys.readouterr().out
    assert main(["take-over", "--undo"]) == 2


def test_a_slot_that_nobody_runs_is_said(repository, airbyte, capsys):
    """Its last slot has no job when it is put back: somebody has to start it."""
    airbyte.minute = (datetime.now(UTC) - timedelta(minutes=5)).minute
    airbyte.add(A, "one", hourly(airbyte), last_job_hours=3)
    airbyte.add(B, "two", hourly(airbyte), last_job_hours=3)
    text = f'schedule: "{airbyte.minute} * * * *"\nsyncs:\n  one: {A}\n  two: {B}\n'
    repository({"both.yaml": text}, airbyte)
    airbyte.refusals[B] = 409
    assert main(["take-over", "--apply"]) == 1
    shown = capsys.readouterr().out
    assert f"and Airflow will not: start it by hand: 'one' ({A})" in shown


def test_a_slot_that_fell_into_the_hand_over_is_airflows(repository, airbyte, capsys):
    airbyte.minute = (datetime.now(UTC) - timedelta(minutes=5)).minute
    airbyte.add(A, "one", hourly(airbyte), last_job_hours=3)
    repository({"one.yaml": f'schedule: "{airbyte.minute} * * * *"\nsyncs: {{a: {A}}}\n'}, airbyte)
    assert main(["take-over", "--apply"]) == 0
    assert "so Airflow runs it when it sees the DAG: 'one'" in capsys.readouterr().out


def test_an_interruption_says_how_to_go_on(repository, airbyte, capsys, monkeypatch):
    repository({"money.yaml": money(airbyte)}, airbyte)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Handover, "run", interrupted)
    assert main(["take-over", "--apply"]) == 130
    assert "run the same command again, and it goes on where it was" in capsys.readouterr().err


def test_a_snapshot_with_a_merge_conflict_is_not_nothing_to_do(repository, airbyte, capsys):
    root = repository({"a.yaml": f"schedule: '@daily'\nsyncs: {{a: {A}}}\n"}, airbyte)
    path = root / "airbyte" / "airbyte_default.json"
    path.write_text("<<<<<<< HEAD\n" + path.read_text("utf-8"), "utf-8")
    assert main(["take-over"]) == 2
    assert "the snapshot has a merge conflict" in capsys.readouterr().err


def test_the_plan_of_a_resumed_dag_says_when_airflow_runs_it_next(repository, airbyte, capsys):
    """Its last slot has been served: the next run is not in the past."""
    repository({"money.yaml": money(airbyte)}, airbyte)
    airbyte.add(A, "bank", MANUAL, last_job_hours=0.1)
    before = datetime.now(UTC)
    assert main(["take-over"]) == 0
    (text,) = re.findall(r"in Airflow: .* next (\S+ \S+) UTC", capsys.readouterr().out)
    assert datetime.fromisoformat(f"{text}+00:00") > before


def test_where_undo_can_put_nothing_back_no_dag_is_to_be_changed(repository, airbyte, capsys):
    airbyte.add(A, "bank", BASIC)
    repository({"money.yaml": f"schedule: {{every: 24h}}\nsyncs: {{bank: {A}}}\n"}, airbyte)
    airbyte.connections[A]["schedule"] = MANUAL
    assert main(["take-over", "--undo"]) == 1
    shown = capsys.readouterr().out
    assert "0 can be put back, 1 cannot" in shown
    assert "schedule: null" not in shown


@pytest.mark.parametrize("options", [[], ["--apply"], ["--print", "curl"]])
def test_a_file_without_a_dag_that_can_be_read_is_named(repository, airbyte, capsys, options):
    repository({"money.yaml": f"{money(airbyte)}owner: ["}, airbyte)
    assert main(["take-over", *options]) == 1
    assert "configs/money.yaml: refused: it has errors" in capsys.readouterr().err
    assert airbyte.patches == []


def test_a_dag_whose_file_cannot_be_read_is_not_taken_for_another(repository, airbyte, capsys):
    text = money(airbyte)
    repository({"money_1.yaml": f"{text}owner: [", "money_11.yaml": text}, airbyte)
    assert main(["take-over", "money_1"]) == 2
    said = capsys.readouterr().err
    assert "'configs/money_1.yaml' has no DAG that can be read; see 'dag-factory validate'" in said
