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


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_shows_the_usage_of_its_command(command, capsys):
    needed = ["money"] if command == "show" else []
    with pytest.raises(SystemExit) as end:
        main([command, *needed, "--nonsense"])
    told = capsys.readouterr().err
    assert end.value.code == 2
    assert told.startswith(f"usage: dag-factory {command} ")
    assert "--nonsense" in told


@pytest.mark.parametrize(
    ("words", "told"),
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
def test_a_number_that_cannot_be_is_wrong_usage(words, told, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert told in capsys.readouterr().err


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
def test_a_folder_that_cannot_be_is_wrong_usage(words, tmp_path, capsys):
    (tmp_path / "file.yaml").write_text("a: 1\n")
    (tmp_path / "loop").symlink_to("loop")
    places = {"file": tmp_path / "file.yaml", "loop": tmp_path / "loop"}
    assert main([word.format(**places) for word in words]) == 2
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
