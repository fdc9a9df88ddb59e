"""The command itself, without a subcommand."""

from __future__ import annotations

import argparse
import re
import shlex
from importlib.metadata import version

import pytest

from dag_factory.cli.main import COMMANDS, import_command, main


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_it_prints_its_version(option, capsys):
    with pytest.raises(SystemExit) as end:
        main([option])
    assert (end.value.code, capsys.readouterr().out) == (0, f"dag-factory {version('airbyte-dag-factory')}\n")


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert [name for name in COMMANDS if f"    {name}" not in shown] == []
    assert [line for line in shown.splitlines() if len(line) > 88] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_examples_that_its_parser_accepts(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    examples = capsys.readouterr().out.split("\nexamples:\n")[1]
    calls = re.findall(rf"dag-factory {command}\b([^#>)\n]*)", examples)
    assert calls
    parser = argparse.ArgumentParser(exit_on_error=False)
    import_command(command).configure(parser)
    for call in calls:
        parser.parse_args(shlex.split(call))


def test_a_misspelt_command_gets_a_suggestion(capsys):
    with pytest.raises(SystemExit) as end:
        main(["valdate"])
    assert end.value.code == 2
    assert capsys.readouterr().err.endswith("unknown command 'valdate'; did you mean 'validate'?\n")


@pytest.mark.parametrize("words", [[], ["nonsense"], ["--nonsense"]])
def test_wrong_usage_is_status_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "usage: dag-factory" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_shows_the_usage_of_its_command(command, capsys):
    needed = {"show": ["money"], "completion": ["bash"]}.get(command, [])
    with pytest.raises(SystemExit) as end:
        main([command, *needed, "--nonsense"])
    shown = capsys.readouterr().err
    assert end.value.code == 2
    assert shown.startswith(f"usage: dag-factory {command} ")
    assert "--nonsense" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["local-airbyte", "--port", "70000"], "'70000' is not a port"),
        (["local-airbyte", "--port", "abc"], "'abc' is not a port"),
        (["local-airbyte", "--port", "-1"], "'-1' is not a port"),
        (["up", "--port", "70000"], "'70000' is not a port"),
        (["up", "--port", "\u0663"], "is not a port"),
        (["local-airbyte", "--job-seconds", "nan"], "is not a number of seconds"),
        (["demo", "--timeout", "-1"], "is not a number of seconds"),
    ],
)
def test_an_invalid_number_is_wrong_usage(words, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["init", "/proc/x"],
        ["init", "{file}/x"],
        ["init", "{file}"],
        ["init", "{loop}"],
        ["init", "/" + "a" * 300],
        ["schema", "--output", "{file}/x"],
        ["local-airbyte", "--data", "/proc/x"],
        ["local-airbyte", "--data", "{file}/x"],
        ["validate", "/" + "a" * 300],
        ["validate", "{file}", "--output", "{file}/x"],
        ["up", "--configs", ".", "--dags", ".", "--work", "/proc/x"],
        ["demo", "--configs", ".", "--dags", ".", "--work", "{file}/x"],
        ["show", "x", "--configs", "{loop}"],
    ],
)
def test_an_impossible_folder_is_wrong_usage(words, tmp_path, capsys):
    (tmp_path / "file.yaml").write_text("a: 1\n")
    (tmp_path / "loop").symlink_to("loop")
    places = {"file": tmp_path / "file.yaml", "loop": tmp_path / "loop"}
    assert main([word.format(**places) for word in words]) == 2
    shown = capsys.readouterr()
    assert (shown.out, len(shown.err.splitlines())) == ("", 1)
