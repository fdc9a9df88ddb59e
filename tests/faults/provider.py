"""Run the provider's own operator and sensor through the same faults.

`pytest -W ignore tests/faults/provider.py`; the provider leaves its HTTP clients open, about which Python
warns. No outcomes are asserted; they are written into `docs/reliability.md`. This file is not part of the
test suite, so its name lacks `test_`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from tests.faults.cases import outcome_of_case
from tests.faults.faults import MODES
from tests.faults.subjects import Provider
from tests.faults.table import FAULTS
from tests.faults.tables import PAGE, table_of_provider, with_section

pytestmark = pytest.mark.filterwarnings("ignore")

PACKAGES = ("apache-airflow-providers-airbyte", "apache-airflow")


@pytest.fixture(scope="session")
def outcomes():
    """Return the outcomes so far, by fault and mode."""
    return {}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault(server, outcomes, fault, mode):
    outcomes[fault.name, mode] = outcome_of_case(server, fault, mode, Provider())


def test_the_table(outcomes):
    if len(outcomes) < len(FAULTS) * len(MODES):
        pytest.skip("only a part of the matrix was run")
    versions = " with ".join(f"{name} {version(name)}" for name in PACKAGES)
    made = f"Made by `pytest -W ignore tests/faults/provider.py` on {datetime.now(UTC).date()}, {versions}."
    text = f"{made}\n\n{table_of_provider(outcomes)}"
    PAGE.write_text(with_section("the provider", text, PAGE.read_text("utf-8")), "utf-8")
