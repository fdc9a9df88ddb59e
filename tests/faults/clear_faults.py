"""Rows of the matrix: what a person does in Airflow while a task waits for its job."""

from __future__ import annotations

from tests.faults import acts
from tests.faults.faults import DURING, Allowance, Fault, Outcome

CLEARS = (
    Fault(
        name="a person clears the run while it waits",
        acts={DURING: (acts.clear_in_a_minute,)},
        outcome=Outcome(jobs=2, tries=2),
    ),
    Fault(
        name="a person clears the run while it waits, `on_kill: leave`",
        acts={DURING: (acts.clear_in_a_minute,)},
        sync={"on_kill": "leave"},
        outcome=Outcome(jobs=2, tries=2),
        allowances={
            "sync": Allowance(
                outcome=Outcome(tries=2),
                reason="a task that is cleared while a worker runs it looks like a retry, which goes on",
            )
        },
    ),
)
