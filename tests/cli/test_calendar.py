"""The calendar of a week; each folder of `calendar` is a case.

A case has `configs`, the `arguments` of the command, perhaps an `environment` (NAME=value, one a line), and
what the command prints, in `text.out`. `make cases` writes that.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dag_factory.cli.main import main
from dag_factory.report.calendar.text import ASCII, BLOCKS, glyphs_of
from tests.report.calendar.pages import Page

CASES = Path(__file__).with_name("calendar")
NAMES = sorted(folder.name for folder in CASES.iterdir())
UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
DAILY = f'schedule: "0 3 * * *"\nstart_date: 2026-01-01\nsyncs:\n  money: {UUID}\n'
AT = ["--at", "2026-06-03"]
ENVIRONMENT = {"COLUMNS": "100", "PYTHONIOENCODING": "utf-8", "TERM": "xterm"}


def command(name, *more):
    return ["calendar", "--configs", str(CASES / name / "configs"), *words(name), *more]


def words(name):
    return shlex.split((CASES / name / "arguments").read_text("utf-8"))


def variables(name):
    file = CASES / name / "environment"
    lines = file.read_text("utf-8").split() if file.is_file() else []
    return {**os.environ, **ENVIRONMENT, **dict(line.split("=", 1) for line in lines)}


@pytest.mark.parametrize("name", NAMES)
def test_a_case_prints_its_text(name):
    result = subprocess.run(
        [sys.executable, "-m", "dag_factory", *command(name)],
        env=variables(name),
        capture_output=True,
        check=True,
    )
    shown, expected = result.stdout.decode(), CASES / name / "text.out"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(shown, "utf-8")
    assert shown == expected.read_text("utf-8"), "run `make cases`, then read the difference"


def test_no_line_is_wider_than_the_terminal():
    for name in NAMES:
        width = int(variables(name)["COLUMNS"])
        lines = (CASES / name / "text.out").read_text("utf-8").splitlines()
        assert [line for line in lines if len(line) > width] == []


@pytest.mark.parametrize(("encoding", "glyphs"), [("utf-8", BLOCKS), ("ascii", ASCII), ("latin-1", ASCII)])
def test_the_picture_has_only_characters_of_the_encoding(encoding, glyphs):
    assert glyphs_of(encoding) is glyphs


def test_a_terminal_gets_the_peak_in_bold_unless_it_asks_for_no_colour(configs, capsys, monkeypatch):
    root = configs({"money.yaml": DAILY})
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for variable, is_bold in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        with monkeypatch.context() as patch:
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv("TERM", "xterm")
            for name, value in variable.items():
                patch.setenv(name, value)
            assert main(["calendar", "--configs", str(root), *AT]) == 0
        assert ("\x1b[1m" in capsys.readouterr().out) is is_bold


def test_json_has_all_numbers(capsys):
    assert main(command("ordinary", "--format", "json")) == 0
    shown = json.loads(capsys.readouterr().out)
    hours, minutes = shown.pop("hours"), shown.pop("minutes")
    assert [len(day) for day in hours] == [len(day) for day in minutes] == [24] * 7
    assert (sum(map(sum, hours)), hours[0][3], minutes[0][3]) == (204, 4, 60)
    airbytes = [
        (each["name"], each["syncs"], each["later"], sum(map(sum, each["hours"])))
        for each in shown.pop("airbytes")
    ]
    assert airbytes == [("airbyte_default", 197, 0, 197), ("airbyte_eu", 7, 7, 7)]
    assert [(each["name"], each["syncs"]) for each in shown.pop("pools")] == [
        ("default_pool", 197),
        ("crm", 7),
    ]
    (busiest,) = shown.pop("busiest")
    assert len(busiest.pop("others")) == 6
    assert busiest == {
        "time": "2026-06-03T03:00:00+00:00",
        "syncs": 3,
        "dags": [
            {"dag_id": "every", "syncs": 1, "schedule": "every 7h", "with_hash": None},
            {"dag_id": "money", "syncs": 1, "schedule": "0 3 * * 1-5", "with_hash": "H 3 * * 1-5"},
            {"dag_id": "orders", "syncs": 1, "schedule": "0 3 * * *", "with_hash": "H 3 * * *"},
        ],
        "syncs_with_hash": 1,
    }
    assert len(shown.pop("notes")) == 3
    assert shown == {
        "environment": None,
        "timezone": "UTC",
        "days": [f"2026-06-0{day}" for day in range(3, 10)],
        "dags": 4,
        "syncs": 204,
        "later": 7,
        "hash": {"dags": 2, "busiest_now": 3, "busiest_then": 1},
        "followers": [
            {
                "dag_id": "archive",
                "syncs": 1,
                "condition": "triggered by orders",
                "after": [{"dag_id": "orders", "starts": 7}],
                "elsewhere": [],
                "is_timed": False,
            },
            {
                "dag_id": "reports",
                "syncs": 1,
                "condition": "after money and an update of 'elsewhere' from elsewhere",
                "after": [{"dag_id": "money", "starts": 5}],
                "elsewhere": ["elsewhere"],
                "is_timed": False,
            },
        ],
        "unknown": [
            {"dag_id": "manual", "syncs": 1, "reason": "manual"},
            {"dag_id": "always", "syncs": 1, "reason": "continuous"},
            {"dag_id": "off", "syncs": 1, "reason": "disabled"},
        ],
        "files_with_errors": 0,
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_one_sound_file_without_scripts(name, capsys):
    assert main(command(name, "--format", "html")) == 0
    shown = capsys.readouterr().out
    page = Page(shown)
    assert shown.isascii()
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "url(" not in shown
    assert "@import" not in shown
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.labels) == set(page.ids)
    assert (page.tags.count("svg") > 0) is (name != "nothing")


def test_the_table_of_the_page_has_the_numbers_of_the_picture(capsys):
    assert main(command("clock_change", "--format", "html")) == 0
    shown = capsys.readouterr().out
    picture, table = (
        shown[shown.index("<svg") : shown.index("</svg>")],
        shown[shown.index('class="numbers"') :],
    )
    drawn = [int(number) for number in re.findall(r'class="l[1-5] middle">(\d+)</text></g>', picture)]
    assert drawn == [
        int(number) for row in zip(*rows_of(table), strict=True) for number in row if number != "0"
    ]


def rows_of(table):
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', table[: table.index("</table>")])
    return [re.findall(r"<td>(.*?)</td>", row) for row in rows]


def test_output_goes_to_a_file(configs, tmp_path, capsys):
    root, file = configs({"money.yaml": DAILY}), tmp_path / "calendar.html"
    assert main(["calendar", "--configs", str(root), *AT, "--format", "html", "--output", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert file.read_text("ascii").startswith("<!DOCTYPE html>\n")


def test_text_in_a_file_has_no_escapes_and_may_have_blocks(configs, tmp_path):
    root, file = configs({"money.yaml": DAILY}), tmp_path / "calendar.txt"
    assert main(["calendar", "--configs", str(root), *AT, "--output", str(file)]) == 0
    assert "█" in file.read_text("utf-8")
    assert "\x1b" not in file.read_text("utf-8")


def test_a_file_with_errors_is_missing_and_said(configs, capsys):
    root = configs({"money.yaml": DAILY, "wrong.yaml": "schedule: 5\n"})
    assert main(["calendar", "--configs", str(root), *AT]) == 1
    shown = capsys.readouterr().out
    assert "7 syncs of 1 DAG start at known times" in shown
    assert "1 file has errors, and DAGs are missing here: run 'dag-factory validate'" in shown


def test_the_environment_is_the_one_asked_for(configs, capsys, monkeypatch):
    root = configs({"money.yaml": DAILY + 'environments:\n  dev:\n    schedule: "0 9 * * 1"\n'})
    for arguments, variable in ((["--env", "dev"], ""), ([], "dev")):
        monkeypatch.setenv("DAG_FACTORY_ENV", variable)
        assert main(["calendar", "--configs", str(root), *AT, *arguments]) == 0
        shown = capsys.readouterr().out
        assert "times in UTC, environment dev\n1 sync of 1 DAG start" in shown
        assert "Mon 2026-06-08 09:00 (1)" in shown


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["--at", "2026-06-03T23:30"], "Wed 2026-06-03"),
        (["--at", "2026-06-03T23:30", "--timezone", "Asia/Tokyo"], "Wed 2026-06-03"),
        (["--at", "2026-06-03T23:30Z", "--timezone", "Asia/Tokyo"], "Thu 2026-06-04"),
        (["--week", "2026-06-03"], "Mon 2026-06-01"),
        (["--week", "2026-W23"], "Mon 2026-06-01"),
        (["--week", "20260607"], "Mon 2026-06-01"),
    ],
)
def test_the_week_begins_today_or_on_a_monday(configs, capsys, arguments, first):
    root = configs({"money.yaml": DAILY})
    assert main(["calendar", "--configs", str(root), *arguments]) == 0
    assert capsys.readouterr().out.startswith(f"{first} to ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--week", "soon"],
            "--week 'soon' is not a date; write one such as 2026-03-29, or a week such as 2026-W13",
        ),
        (["--week", "1969-06-01"], "--week '1969-06-01' is not in the years 1970 to 9998"),
        (["--week", "9999-12-31"], "--week '9999-12-31' is not in the years 1970 to 9998"),
        (["--at", "9999-12-31T23:59Z"], "--at '9999-12-31T23:59Z' is not in the years 1970 to 9998"),
        (["--at", "now"], "--at 'now' is not a moment; write one such as 2026-03-27T12:00"),
        (["--timezone", "Europe/Berln"], "unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"),
        (["--env", "dev"], "unknown environment 'dev'; no file declares one"),
        (
            ["--output", "missing/calendar.html"],
            "'missing/calendar.html' cannot be written: No such file or directory",
        ),
    ],
)
def test_wrong_usage_says_what_to_write(configs, capsys, arguments, message):
    root = configs({"money.yaml": DAILY})
    assert main(["calendar", "--configs", str(root), *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"dag-factory calendar: {message}")


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path, capsys):
    assert main(["calendar", "--configs", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err
