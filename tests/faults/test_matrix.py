"""Every fault in every mode on the real Airflow: jobs created, jobs left, the task's state and tries."""

from __future__ import annotations

import os

import pytest

from tests.faults.cases import outcome_of_case
from tests.faults.faults import MODES
from tests.faults.table import FAULTS
from tests.faults.tables import PAGE, section, table_of_ours, with_section
from tests.faults.version_tables import MINOR, NEWEST, table_of_versions

# Airflow runs in this process, and parts of it warn about other parts.
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]


def part_of(item):
    """Each of four or more parts has a fault in at most one mode."""
    cell = getattr(item, "callspec", None)
    return None if cell is None else FAULTS.index(cell.params["fault"]) + MODES.index(cell.params["mode"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault(server, ours, fault, mode):
    assert outcome_of_case(server, fault, mode, ours) == fault.expected(mode, MINOR)


def test_the_table_in_the_documentation():
    """The table shows the expected outcomes on the newest Airflow; UPDATE_TABLE=1 writes it."""
    expected = {(fault.name, mode): fault.expected(mode, NEWEST) for fault in FAULTS for mode in MODES}
    assert_section("ours", table_of_ours(expected))


def test_the_table_of_the_versions_in_the_documentation():
    """UPDATE_TABLE=1 writes the table."""
    assert_section("the versions", table_of_versions())


def assert_section(name, table):
    page = PAGE.read_text("utf-8")
    if os.environ.get("UPDATE_TABLE"):
        PAGE.write_text(with_section(name, table, page), "utf-8")
    else:
        assert section(name, page) == table
