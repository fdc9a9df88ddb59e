"""The command itself, without a subcommand."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from dag_factory.cli.main import COMMANDS, main


def test_it_tells_its_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"dag-factory {version('airbyte-dag-factory')}\n")


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert [name for name in COMMANDS if f"    {name}" not in shown] == []


@pytest.mark.parametrize("words", [[], ["nonsense"], ["--nonsense"]])
def test_a_wrong_call_is_status_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "usage: dag-factory" in capsys.readouterr().err
