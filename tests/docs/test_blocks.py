"""Code blocks on all pages: configurations are named (other tests check them), and commands exist."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from dag_factory.cli.main import COMMANDS
from docs_tools.commands import parser_of

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

# Invalid on purpose, for test_rules.py and test_validate.py; only keys, for test_reference.py.
WITH_OWN_TESTS = {"rules.md", "validate.md", "dag-keys.md", "sync-keys.md"}
# Commands of other tools, which no change of this project can break.
OTHER_PROGRAMS = {
    "airflow",
    "alias",
    "cd",
    "git",
    "curl",
    "eval",
    "jq",
    "export",
    "fault",
    "pip",
    "python",
    "python3",
    "uv",
}


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    name: str
    text: str

    def __str__(self):
        return f"{self.page}: {self.text.splitlines()[0] if self.text else ''}"


BLOCKS = [
    Block(page.name, language, name, text)
    for page in PAGES
    for language, name, text in BLOCK.findall(page.read_text("utf-8"))
]


def blocks(*languages):
    return [block for block in BLOCKS if block.language in languages]


def commands_of(text):
    """Split a script into the words of each command; a line with an open quote continues."""
    without_comments = re.sub(r"(^|\s)#.*$", r"\1", text.replace("\\\n", " "), flags=re.MULTILINE)
    lexer = shlex.shlex(without_comments, posix=True, punctuation_chars="\n&|;")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = []
    for word in lexer:
        if set(word) <= set("\n&|;"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def without_variables(words):
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0], re.DOTALL):
        words = words[1:]
    return words


@pytest.mark.parametrize("block", blocks("sh", "bash", "shell"), ids=str)
def test_every_command_of_a_block_is_known(block):
    for words in map(without_variables, commands_of(block.text)):
        if not words:
            continue
        program = Path(words[0]).name
        if program == "make":
            check_make(words[1:])
        elif program == "dag-factory":
            check_dag_factory(words[1:])
        elif words[0].startswith(".venv") and program in ("python", "pytest"):
            check_python(words[1:])
        else:
            assert program in OTHER_PROGRAMS, words


def check_make(words):
    targets = [word for word in words if "=" not in word]
    assert targets
    assert set(targets) <= set(TARGETS)


def check_python(words):
    files = [word for word in words if word.endswith(".py")]
    modules = [words[words.index("-m") + 1].replace(".", "/")] if "-m" in words else []
    assert files or modules
    assert all((ROOT / file).exists() for file in files)
    assert all((ROOT / module).exists() or (ROOT / f"{module}.py").exists() for module in modules)


class RefusedError(Exception):
    pass


def check_dag_factory(words):
    assert words[0] in COMMANDS
    parser = parser_of(words[0])

    def refuse(message):
        raise RefusedError(message)

    parser.error = refuse
    try:
        parser.parse_args(words[1 : words.index(">") if ">" in words else None])
    except argparse.ArgumentTypeError as error:
        raise RefusedError(str(error)) from error


def test_a_removed_option_is_detected():
    with pytest.raises(RefusedError):
        check_dag_factory(["validate", "--stricter"])


@pytest.mark.parametrize(
    "block", [block for block in blocks("console") if block.page not in WITH_OWN_TESTS], ids=str
)
def test_every_command_of_a_session_is_known(block):
    for line in block.text.splitlines():
        if line.startswith("$ dag-factory "):
            check_dag_factory(shlex.split(line)[2:])


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_every_yaml_block_parses_and_a_configuration_is_named(block):
    if block.page in WITH_OWN_TESTS:
        return
    documents = list(yaml.safe_load_all(block.text))
    if block.name:
        # test_examples.py passes it to `validate` and to Airflow.
        assert block.name.startswith("configs/")
    else:
        assert not any(isinstance(each, dict) and "syncs" in each for each in documents)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_every_json_block_parses(block):
    assert json.loads(block.text)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_block_compiles(block):
    # Three dots are a placeholder for the value of an argument.
    assert compile(block.text, str(block), "exec")
