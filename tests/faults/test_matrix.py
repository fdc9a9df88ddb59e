"""Every fault in every mode on the real Airflow: the jobs made, the jobs left, the task's state and tries."""

from __future__ import annotations

import os

import pytest

from tests.faults.cases import carry_out
from tests.faults.faults import MODES
from tests.faults.table import FAULTS
from tests.faults.tables import PAGE, section, table_of_ours, with_section
from tests.faults.version_tables import MINOR, NEWEST, table_of_versions

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
    assert outcomes[fault.name, mode] == fault.expected(mode, MINOR)


def test_the_table_in_the_documentation(outcomes):
    """It is that of the newest Airflow. With UPDATE_TABLE=1 it is written instead."""
    if MINOR != NEWEST or len(outcomes) < len(FAULTS) * len(MODES):
        pytest.skip("only a part of the matrix was run")
    assert_section("ours", table_of_ours(outcomes))


def test_the_table_of_the_versions_in_the_documentation():
    """With UPDATE_TABLE=1 it is written instead."""
    assert_section("the versions", table_of_versions())


def assert_section(name, table):
    page = PAGE.read_text("utf-8")
    if os.environ.get("UPDATE_TABLE"):
        PAGE.write_text(with_section(name, table, page), "utf-8")
    else:
        assert section(name, page) == table
