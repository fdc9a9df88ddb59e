"""What differs between an Airbyte and its snapshot, and where that is reported.

A case is a folder in `drift_cases` with configurations, their snapshot, what a pull would write (`now.json`),
and the report (`expected.out`). UPDATE_CASES=1 writes the report: `make cases` does.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dag_factory.config.project import resolve_project
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.snapshot.parsing import parse_snapshot
from dag_factory.config.snapshot.snapshots import snapshots_beside
from dag_factory.report import text
from dag_factory.workspace.snapshots.drift import drift, files_of, uses_of

CASES = Path(__file__).parent / "drift_cases"
FILE = "airbyte/airbyte_default.json"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_case(case: Path):
    snapshots = snapshots_beside(case / "configs")
    old, new = snapshots.of(None, "airbyte_default"), parse_snapshot((case / "now.json").read_bytes(), "now")
    assert isinstance(old, Snapshot)
    assert isinstance(new, Snapshot)
    uses = uses_of(resolve_project(case / "configs", None).drafts, snapshots, FILE)
    found = sorted(drift(old, new, uses, "dag-factory pull"), key=lambda each: (each.file, each.span))
    output, expected = text.render(found, files_of(found, FILE)), case / "expected.out"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(output, "utf-8")
    assert output == expected.read_text("utf-8")
