"""The scripts that complete commands in a shell; each shell that is installed runs its own."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from dag_factory.cli.completion import arguments_of
from dag_factory.cli.main import COMMANDS, main

# Bash calls the function with the words of the line; the last one is being completed.
IN_BASH = """
{script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _dag_factory; echo "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def script(capsys):
    def make(shell: str) -> str:
        assert main(["completion", shell]) == 0
        return capsys.readouterr().out

    return make


def printed(shell, text):
    """Run a text in a shell and return what it prints."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    result = subprocess.run([shell], input=text, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["va"], "validate"),
        (["-"], "--help --version"),
        (["validate", "--st"], "--strict"),
        (["validate", "--format", "j"], "json junit"),
        (["validate", "--strict", "--color", "a"], "auto always"),
        (["validate", ""], ""),  # bash completes paths where there are no words
        (["show", "--env", ""], ""),
        (["rule", "bad-cr"], "bad-cron"),
        (["completion", ""], "bash zsh fish"),
    ],
)
def test_bash_completes(script, words, completed):
    line = " ".join(map(shlex.quote, ["dag-factory", *words]))
    assert printed("bash", IN_BASH.format(script=script("bash"), words=line)) == f"{completed}\n"


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("dag-factory va", ["validate"]),
        ("dag-factory validate --format j", ["json", "junit"]),
        ("dag-factory rule bad-cr", ["bad-cron"]),
    ],
)
def test_fish_completes(script, line, completed):
    shown = printed("fish", f"{script('fish')}\ncomplete -C {shlex.quote(line)}\n")
    assert [each.split("\t")[0] for each in shown.splitlines()] == completed


def test_zsh_reads_the_script(script):
    text = script("zsh")
    assert printed("zsh", f"compdef() {{ echo $@ }}\n{text}") == "_dag_factory dag-factory\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_there(script, shell):
    text = script(shell)
    for name in COMMANDS:
        assert name in text
        for option in (option for each in arguments_of(name) for option in each.names):
            assert (option if shell != "fish" else f" {option.lstrip('-')} ") in text
