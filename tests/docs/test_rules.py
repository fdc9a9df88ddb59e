"""Each code has an entry in the guide; its bad example reports only this code, and its good one nothing."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from dag_factory.config.codes import CODES, ERRORS
from dag_factory.config.project import validate_project

GUIDE = Path(__file__).parents[2] / "docs" / "rules.md"
BLOCK = re.compile(r"^```(?:yaml|json|text) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"DAG_FACTORY_ENV=(\w+)")

# Codes without examples in Markdown: bytes, missing and long files, internal errors, what needs Airflow.
WITHOUT_EXAMPLE = {
    "airflow-refused",
    "drift",
    "internal-error",
    "nothing-to-check",
    "too-many-errors",
    "unreadable-file",
    "yaml-encoding",
}

# How the entry of a warning begins, or of a code that is not always an error.
SOMETIMES = ("Warning.", "Error in one DAG", "Error, and a warning")

ENTRIES = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL))

with_example = pytest.mark.parametrize("code", sorted(set(ENTRIES) - WITHOUT_EXAMPLE))


def example(code, heading):
    after = ENTRIES[code].split(f"\n{heading}:\n")[1].split("\nGood:\n")[0]
    return {name or "configs/money.yaml": text for name, text in BLOCK.findall(after)}


def found(configs, code, heading):
    files = {
        name.removeprefix("configs/") if name.startswith("configs/") else f"../{name}": text
        for name, text in example(code, heading).items()
    }
    assert files
    variable = VARIABLE.search(ENTRIES[code])
    environment = variable[1] if variable else None
    root = configs(files)
    return validate_project(root, "configs", environment, lambda _file: True, date(2026, 1, 31)).diagnostics


def test_every_code_has_an_entry_in_order():
    assert list(ENTRIES) == sorted(CODES)


def test_only_codes_that_cannot_be_shown_lack_an_example():
    assert {code for code, text in ENTRIES.items() if "```" not in text} == WITHOUT_EXAMPLE


@pytest.mark.parametrize("code", sorted(CODES))
def test_an_entry_has_the_severity(code):
    assert ENTRIES[code].lstrip().startswith("Error" if code in ERRORS else SOMETIMES)


@with_example
def test_the_bad_example_reports_only_the_code(code, configs):
    assert {diagnostic.code for diagnostic in found(configs, code, "Bad")} == {code}


@with_example
def test_the_good_example_reports_nothing(code, configs):
    assert found(configs, code, "Good") == ()
