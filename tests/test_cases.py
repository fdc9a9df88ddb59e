"""Golden cases: `tests/cases/CODE/NAME.yaml` (or a folder NAME) with NAME.out, the output of `validate`.

A folder with snapshots has them in its `airbyte`, beside its `configs`.

Cases in `tests/cases/ok` stay clean. Their NAME.out is the output of `show` for each DAG at the start of
TODAY, without the values that are defaults.

A new case needs no Python: add the file, run `make cases`, and review NAME.out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from dag_factory.config.codes import CODES
from dag_factory.config.project import Findings, resolve_project, validate_project
from dag_factory.config.text.notifier_paths import prefixes_from
from dag_factory.report import explanation, explanation_text, text

CASES = Path(__file__).parent / "cases"
OK = "ok"

# The current date in all cases.
TODAY = date(2026, 1, 31)
NOW = datetime.combine(TODAY, time(), UTC)

# The values of DAG_FACTORY_ENV and DAG_FACTORY_NOTIFIER_PREFIXES, if a folder has these files.
ENVIRONMENT, PREFIXES = "environment.txt", "notifier_prefixes.txt"


def case_inputs(codes: set[str]) -> list[Path]:
    folders = sorted(path for path in CASES.iterdir() if path.is_dir() and path.name in codes)
    inputs = [path for folder in folders for path in sorted(folder.iterdir())]
    return [path for path in inputs if path.suffix != ".out"]


def parametrized(codes: set[str]) -> pytest.MarkDecorator:
    ids = lambda case: f"{case.parent.name}/{case.name}"  # noqa: E731 (pytest calls it)
    return pytest.mark.parametrize("case", case_inputs(codes), ids=ids)


def variable(case: Path, name: str) -> str | None:
    file = case / name
    return file.read_text("utf-8").strip() if file.exists() else None


def root_of(case: Path) -> Path:
    """Return the folder of configurations; a case with snapshots has them beside its `configs`."""
    inner = case / "configs"
    return inner if inner.is_dir() else case


def findings_of(case: Path) -> Findings:
    if not case.is_dir():
        return validate_project(case.parent, "configs", None, lambda file: file.path == case, TODAY)
    root = root_of(case)
    prefixes = variable(root, PREFIXES)
    return validate_project(
        root,
        "configs",
        variable(root, ENVIRONMENT),
        lambda _file: True,
        TODAY,
        notifier_prefixes=None if prefixes is None else prefixes_from(prefixes),
    )


def output_of(case: Path) -> str:
    findings = findings_of(case)
    return text.render(findings.diagnostics, findings.files)


def alone(case: Path, folder: Path) -> Path:
    """Copy a case to a separate folder `configs`, without other cases."""
    root = folder / "configs"
    if root_of(case) != case:
        shutil.copytree(case, folder, dirs_exist_ok=True)
    elif case.is_dir():
        shutil.copytree(case, root)
    else:
        root.mkdir()
        shutil.copy(case, root)
    return root


def shown(root: Path) -> Iterator[str]:
    resolution = resolve_project(root, variable(root, ENVIRONMENT))
    drafts = {each.document: each for each in resolution.drafts}
    for dag in resolution.project.dags:
        whole = explanation.explain(drafts[dag.location.document], dag, NOW)
        syncs = tuple(replace(sync, values=written(sync.values)) for sync in whole.syncs)
        yield explanation_text.render(replace(whole, values=written(whole.values), syncs=syncs))


def written(values: tuple[explanation.ExplainedValue, ...]) -> tuple[explanation.ExplainedValue, ...]:
    return tuple(value for value in values if value.origin is not None)


def assert_output(case: Path, output: str) -> None:
    """Compare an output with NAME.out, which UPDATE_CASES=1 writes first."""
    expected = case.with_suffix(".out")
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(output, "utf-8")
    assert expected.exists(), "run `make cases`, then read what it has written"
    assert output == expected.read_text("utf-8"), "run `make cases`, then read the difference"


@parametrized(set(CODES))
def test_case(case: Path):
    assert_output(case, output_of(case))


@parametrized(set(CODES))
def test_case_shows_the_code_of_its_folder(case: Path):
    assert f"[{case.parent.name}]" in output_of(case)


@parametrized({OK})
def test_clean_case(case: Path, tmp_path: Path):
    root = alone(case, tmp_path)
    assert not findings_of(root).diagnostics, output_of(root)
    assert_output(case, "\n".join(shown(root)))


def test_every_output_has_an_input():
    inputs = {case.with_suffix(".out") for case in case_inputs({*CODES, OK})}
    assert {path for path in CASES.rglob("*.out") if "configs" not in path.parts} == inputs


def test_every_code_has_a_case():
    # Rejections by Airflow itself need Airflow: tests/factory. No file is known to cause internal
    # errors: tests/config/test_boundary.py. And an empty folder is not a case: tests/cli/test_validate.py.
    # What has drifted, only an Airbyte knows: tests/workspace/snapshots/test_drift.py.
    elsewhere = {"airflow-refused", "drift", "internal-error", "nothing-to-check"}
    assert {path.name for path in CASES.iterdir() if path.is_dir()} == {*CODES, OK} - elsewhere
