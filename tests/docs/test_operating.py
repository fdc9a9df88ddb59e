"""What docs/operating.md shows of `dag-factory plan` is a part of what a case in tests/plan/cases prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operating.md"
OUTPUTS = [
    path.read_text("utf-8") for path in sorted((ROOT / "tests" / "plan" / "cases").glob("*/output.txt"))
]
BLOCKS = re.findall(r"^```text\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_guide_shows_plans():
    assert BLOCKS


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_a_part_of_a_plan(block):
    """Whole lines, one after the other, as the command prints and wraps them."""
    assert any(f"\n{block}" in f"\n{output}" for output in OUTPUTS)
