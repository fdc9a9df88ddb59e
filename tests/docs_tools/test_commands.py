"""Commands as the reference shows them."""

from __future__ import annotations

import pytest

from dag_factory.cli.main import COMMANDS
from docs_tools.commands import actions_of, page, parser_of

PAGE = page()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_there(name):
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    for action in actions_of(parser_of(name)):
        for option in action.option_strings:
            assert f"`{option}" in section


def test_the_usage_puts_paths_first():
    assert "dag-factory validate [PATH ...] [--format" in PAGE


def test_choices_come_before_the_help():
    assert "| `--color COLOR` | `auto`, `always`, `never`. " in PAGE
