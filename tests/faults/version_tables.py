"""The cells of the matrix that differ on an older Airflow, as a table in `docs/reliability.md`."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory import versions
from tests.faults.faults import MODES, Fault
from tests.faults.table import FAULTS
from tests.faults.tables import outcome_as_text

MINOR = ".".join(map(str, versions.VERSION))
# The version of the main table, and the other versions on which the matrix runs.
NEWEST, OLDER = "3.3", ("2.11", "3.0", "3.1", "3.2")


def table_of_versions() -> str:
    """Format the cells that differ, with reasons; a run on that version verifies them."""
    rows = [row for fault in FAULTS for mode in MODES for row in _rows(fault, mode)]
    if not rows:
        return f"All cells are the same on Airflow {', '.join(OLDER)}."
    head = "| fault | mode | Airflow | what comes of it | why |\n|---|---|---|---|---|"
    return "\n".join((head, *rows))


def _rows(fault: Fault, mode: str) -> Iterator[str]:
    """Yield one row for all versions with the same outcome and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for version in OLDER:
        allowance = fault.on_versions.get(version, {}).get(mode)
        if allowance is not None:
            found.setdefault((outcome_as_text(allowance.outcome), allowance.reason), []).append(version)
    for (outcome, reason), names in found.items():
        yield f"| {fault.name} | `{mode}` | {', '.join(names)} | {outcome} | {reason} |"
