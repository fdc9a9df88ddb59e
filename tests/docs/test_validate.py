"""The samples on the page about `validate` match the command's output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dag_factory.config.project import validate_project

PAGE = (Path(__file__).parents[2] / "docs" / "validate.md").read_text("utf-8")
FAULTY, IGNORING = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SAMPLES = re.findall(r"^```console\n\$ dag-factory (.*?)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize(("call", "sample"), SAMPLES, ids=[call for call, _ in SAMPLES])
def test_a_sample_is_printed(call, sample, configs):
    root = configs({"money.yaml": FAULTY})
    env = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    command = [sys.executable, "-m", "dag_factory", *call.split()]
    result = subprocess.run(command, cwd=root.parent, capture_output=True, text=True, check=False, env=env)
    assert (result.returncode, result.stderr) == (1, "")
    # Three dots are a placeholder for omitted lines.
    pattern = ".*".join(re.escape(part) for part in re.split(r"^\.\.\.\n", sample, flags=re.MULTILINE))
    assert re.fullmatch(pattern, result.stdout, re.DOTALL)


def test_every_format_has_a_sample():
    assert {call.partition("--format ")[2].partition(" ")[0] or "text" for call, _ in SAMPLES} == {
        "text",
        "concise",
        "github",
        "json",
        "sarif",
        "junit",
    }


def test_the_ignored_warning_is_ignored(configs):
    root = configs({"money.yaml": IGNORING})
    assert validate_project(root, "configs", None, lambda _file: True).diagnostics == ()
    configs({"money.yaml": IGNORING.partition(" # ")[0]})
    assert [
        each.code for each in validate_project(root, "configs", None, lambda _file: True).diagnostics
    ] == ["no-effect"]
