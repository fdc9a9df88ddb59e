"""The entries of docs/rules.md on the command line."""

from __future__ import annotations

import pytest

from dag_factory.cli.main import main
from dag_factory.cli.rule import entry
from dag_factory.config.codes import CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_an_entry_without_links(code):
    shown = entry(code)
    assert shown.startswith(f"{code}\n\n")
    assert "](" not in shown
    assert "\n## " not in shown


def test_examples_are_unchanged():
    assert "\n```yaml\nschedule: {assets: [money]}\n" in entry("asset-loop")


def test_without_a_code_all_are_listed(capsys):
    assert main(["rule"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(CODES)
    assert {line.split()[1] for line in lines} == {"error", "warning"}


def test_an_unknown_code_is_wrong_usage(capsys):
    assert main(["rule", "bad-crn"]) == 2
    assert capsys.readouterr().err == (
        "dag-factory rule: there is no code 'bad-crn'; did you mean 'bad-cron'?\n"
    )
