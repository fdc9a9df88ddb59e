"""The page "Start in five minutes" works as written, from `init` to `show`."""

from __future__ import annotations

import re
from pathlib import Path

from dag_factory.cli.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "start.md").read_text("utf-8")


def test_the_commands_of_the_page_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^dag-factory (.*)$", PAGE, re.MULTILINE)
    assert commands == ["init syncs", "validate", "show example"]
    assert main(commands[0].split()) == 0
    monkeypatch.chdir(tmp_path / "syncs")
    assert main(["validate"]) == 1, "the placeholder has to be replaced first"
    [(name, example)] = re.findall(r"^```yaml (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    Path(name).write_text(example, "utf-8")
    capsys.readouterr()
    for command in commands[1:]:
        assert main(command.split()) == 0
    assert "DAG example" in capsys.readouterr().out
