"""Each kind of consequence has an entry in the guide, and its example has this consequence in these words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from dag_factory.cli.main import main
from dag_factory.plan.kinds import KINDS
from tests.git_repositories import commit_all, make_repository

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "plan.md"
BLOCK = re.compile(r"^```yaml (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLAN = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GONE = re.compile(r"^`(\S+)` is gone\.$", re.MULTILINE)
ENTRIES = dict(
    re.findall(r"^### (\S+)\n(.*?)(?=^### |^## |\Z)", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
)


def write(root, text):
    for name, content in BLOCK.findall(text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def test_every_kind_has_an_entry_in_order():
    assert list(ENTRIES) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_has_its_consequence(kind, tmp_path, monkeypatch, capsys):
    entry = ENTRIES[kind]
    assert entry.lstrip().startswith(f"{KINDS[kind].severity.capitalize()}.")
    before, after = entry.split("\nAfter:\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    make_repository(tmp_path)
    write(tmp_path, before)
    commit_all(tmp_path)
    write(tmp_path, after)
    for name in GONE.findall(after):
        (tmp_path / name).unlink()
    assert main(["plan", "--at", "2026-01-31T16:30", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    jsonschema.validate(shown, json.loads((ROOT / "schemas" / "plan.schema.json").read_text("utf-8")))
    found = [_line(each) for each in shown["consequences"] if each["kind"] == kind]
    (expected,) = PLAN.findall(after)
    assert found == expected.splitlines()


def _line(consequence):
    details = f" ({', '.join(consequence['details'])})" if consequence["details"] else ""
    return f"{consequence['kind']}: {consequence['text']}{details}"
