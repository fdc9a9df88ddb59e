"""Every fault in every mode on the real Airflow: the jobs made, the jobs left, the task's state and tries."""

from __future__ import annotations

import pytest

from tests.faults.cases import carry_out
from tests.faults.faults import MODES
from tests.faults.table import FAULTS

pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault(server, ours, fault, mode):
    assert carry_out(server, fault, mode, ours) == fault.expected(mode)
