"""The examples of the guides work: each block with a file name becomes that file, and Airflow loads all."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from dag_factory.config.project import validate_project

GUIDES = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(?:yaml|python|json) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(guide: Path) -> dict[str, str]:
    return dict(BLOCK.findall(guide.read_text("utf-8")))


GUIDES_WITH_EXAMPLES = [
    guide
    for guide in sorted([*GUIDES.glob("*.md"), GUIDES.parent / "README.md"])
    # The examples of the rules are invalid on purpose: test_rules.py.
    if blocks_of(guide) and guide.name not in {"rules.md", "plan.md"}
]


@pytest.fixture
def estate(repository, tmp_path, request):
    shutil.copytree(repository / "dags", tmp_path / "dags")
    (tmp_path / "configs").mkdir()
    for name, text in blocks_of(request.param).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


each_guide = pytest.mark.parametrize(
    "estate", GUIDES_WITH_EXAMPLES, ids=lambda guide: guide.name, indirect=True
)


@each_guide
def test_validate_accepts_the_examples(estate):
    findings = validate_project(estate / "configs", "configs", None, lambda _file: True)
    assert findings.diagnostics == ()


@pytest.mark.airflow
@each_guide
def test_airflow_loads_the_examples(estate, monkeypatch):
    monkeypatch.syspath_prepend(estate / "dags")  # as Airflow does permanently
    bag = DagBag(str(estate / "dags"))
    assert bag.import_errors == {}
    assert bag.dags


def test_the_next_steps_match_the_guide():
    assert set(blocks_of(GUIDES / "onward.md")) == {
        "configs/orders.yaml",
        "dags/dbt_orders.py",
        "configs/invoices.yaml",
        "configs/money.yaml",
        "dags/money_and_dbt.py",
    }
