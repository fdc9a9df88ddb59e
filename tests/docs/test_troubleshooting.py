"""The headings that quote a message quote one that exists, so that a search for the message finds them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
# What Python, YAML and Airflow write themselves.
OF_OTHERS = {
    "mapping values are not allowed in this context",
    "No module named 'dag_factory'",
    "CERTIFICATE_VERIFY_FAILED",
    "WRONG_VERSION_NUMBER",
    "Connection refused",
    "AirflowInactiveAssetInInletOrOutletException",
}
HEADINGS = re.findall(r"^### (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
# Other headings are sentences about what somebody sees, and begin like one.
MESSAGES = [each for each in HEADINGS if each not in OF_OTHERS and not each.startswith(("The ", "validate "))]
# What a message fills in, and the quotes around it.
FILLED_IN = re.compile(r"\.\.\.|'(?!s )|\d+\w?|, |; |: ")


def test_most_headings_are_messages():
    assert len(MESSAGES) > 20
    assert set(HEADINGS) >= OF_OTHERS


@pytest.mark.parametrize("heading", MESSAGES)
def test_a_heading_is_a_message_of_the_package(heading, texts):
    parts = [part.strip() for part in FILLED_IN.split(heading)]
    missing = [part for part in parts if len(part) > 2 and part not in texts]
    assert not missing


@pytest.fixture(scope="module")
def texts():
    """Every text in the package's code and schemas."""
    package = ROOT / "dag_factory"
    trees = (ast.parse(path.read_text("utf-8")) for path in sorted(package.rglob("*.py")))
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    written = [value for value in constants if isinstance(value, str)]
    return "\n".join([*written, *(path.read_text("utf-8") for path in sorted(ROOT.glob("schemas/*.json")))])
