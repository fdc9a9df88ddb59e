"""Every fault in every mode on the real Airflow: the jobs made, the jobs left, the task's state and tries."""

from __future__ import annotations

import os

import pytest

from tests.faults.cases import carry_out
from tests.faults.faults import MODES
from tests.faults.table import FAULTS
from tests.faults.tables import PAGE, section, table_of_ours, with_section

# What runs within this process is Airflow as a whole, parts of which warn of each other.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="session")
def outcomes():
    """What came of the cases so far, by fault and mode."""
    return {}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault(server, ours, outcomes, fault, mode):
    outcomes[fault.name, mode] = carry_out(server, fault, mode, ours)
    assert outcomes[fault.name, mode] == fault.expected(mode)


def test_the_table_in_the_documentation(outcomes):
    """With UPDATE_TABLE=1 it is written instead."""
    if len(outcomes) < len(FAULTS) * len(MODES):
        pytest.skip("only a part of the matrix was run")
    page = PAGE.read_text("utf-8")
    table = table_of_ours(outcomes)
    if os.environ.get("UPDATE_TABLE"):
        PAGE.write_text(with_section("ours", table, page), "utf-8")
    else:
        assert section("ours", page) == table
