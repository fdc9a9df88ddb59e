"""Golden cases: `tests/cases/CODE/NAME.yaml` (or a folder NAME) beside NAME.out, what validate prints.

A new case needs no Python: add the file, run `make cases`, and read what has been written to NAME.out.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from dag_factory.config.codes import CODES
from dag_factory.config.project import validate_project
from dag_factory.config.text.notifier_paths import prefixes_from
from dag_factory.report import text

CASES = Path(__file__).parent / "cases"

# The present day of all cases.
TODAY = date(2026, 1, 31)


def case_inputs() -> list[Path]:
    folders = sorted(path for path in CASES.iterdir() if path.is_dir())
    inputs = [path for folder in folders for path in sorted(folder.iterdir())]
    return [path for path in inputs if path.suffix != ".out"]


def output_of(case: Path) -> str:
    if case.is_dir():
        # What DAG_FACTORY_ENV says, if the case has this file.
        variable = case / "environment.txt"
        environment = variable.read_text("utf-8").strip() if variable.exists() else None
        # And what DAG_FACTORY_NOTIFIER_PREFIXES says.
        variable = case / "notifier_prefixes.txt"
        prefixes = prefixes_from(variable.read_text("utf-8")) if variable.exists() else None
        findings = validate_project(
            case, "configs", environment, lambda _file: True, TODAY, notifier_prefixes=prefixes
        )
    else:
        findings = validate_project(case.parent, "configs", None, lambda file: file.path == case, TODAY)
    return text.render(findings.diagnostics, findings.files)


@pytest.mark.parametrize("case", case_inputs(), ids=lambda case: f"{case.parent.name}/{case.name}")
def test_case(case: Path):
    expected = case.with_suffix(".out")
    output = output_of(case)
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(output, "utf-8")
    assert output == expected.read_text("utf-8")


@pytest.mark.parametrize("case", case_inputs(), ids=lambda case: f"{case.parent.name}/{case.name}")
def test_case_shows_the_code_of_its_folder(case: Path):
    assert f"[{case.parent.name}]" in output_of(case)


def test_every_output_has_an_input():
    inputs = {case.with_suffix(".out") for case in case_inputs()}
    assert {path for path in CASES.rglob("*.out") if "configs" not in path.parts} == inputs


def test_every_code_has_a_case():
    # What Airflow itself refuses shows only where Airflow is: tests/factory. No file is known for our own
    # faults: tests/config/test_boundary.py. And without a file there is no case: tests/cli/test_validate.py.
    elsewhere = {"airflow-refused", "internal-error", "nothing-to-check"}
    assert {path.name for path in CASES.iterdir() if path.is_dir()} == set(CODES) - elsewhere
