"""The outcomes as tables in `docs/reliability.md`, each between its own two comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.faults.faults import MODES, Fault, Outcome
from tests.faults.table import FAULTS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
# Settings that the provider lacks.
OUR_OWN_KEYS = {"on_running", "on_timeout", "min_rows"}

Outcomes = Mapping[tuple[str, str], Outcome]


def table_of_ours(outcomes: Outcomes) -> str:
    """Format the outcomes of all faults; each cell other than `ok` has its reason below the table."""
    reasons: list[str] = []
    rows = [_row(fault, outcomes, fault.name, _marks(fault, reasons)) for fault in FAULTS]
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
    return "\n".join((_head("what has to come of it"), *rows, *(["", *notes] if notes else [])))


def table_of_provider(outcomes: Outcomes) -> str:
    """Format the outcomes with the provider's own operator and sensor."""
    names = {fault.name: fault.name + (" *" if OUR_OWN_KEYS & set(fault.sync) else "") for fault in FAULTS}
    return "\n".join(
        (_head("what ours have to make of it"), *(_row(f, outcomes, names[f.name]) for f in FAULTS))
    )


def section(name: str, page: str) -> str:
    """Return the text between the comments of a table."""
    return _between(name).search(page)[2]


def with_section(name: str, text: str, page: str) -> str:
    """Return the page with a table replaced."""
    return _between(name).sub(lambda match: f"{match[1]}{text}{match[3]}", page)


def _between(name: str) -> re.Pattern[str]:
    begin, end = f"<!-- table of {name}: begin -->\n", f"\n<!-- table of {name}: end -->"
    return re.compile(f"({re.escape(begin)})(.*)({re.escape(end)})", re.DOTALL)


def _head(second: str) -> str:
    titles = (
        "fault",
        second,
        *(f"`{mode.replace(' ', '`, ', 1)}" if " " in mode else f"`{mode}`" for mode in MODES),
    )
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def _row(fault: Fault, outcomes: Outcomes, name: str, marks: Mapping[str, str] | None = None) -> str:
    cells = [_cell(outcomes[fault.name, mode], fault.outcome) + (marks or {}).get(mode, "") for mode in MODES]
    return f"| {' | '.join((name, outcome_as_text(fault.outcome), *cells))} |"


def outcome_as_text(wanted: Outcome) -> str:
    """Describe an outcome in a few words."""
    left = f", {wanted.left} left running" if wanted.left else ""
    return f"{_jobs(wanted.jobs)}{left}, task {_STATES[wanted.state]}"


def _cell(outcome: Outcome, wanted: Outcome) -> str:
    return ", ".join(_differences(outcome, wanted)) or "ok"


def _differences(outcome: Outcome, wanted: Outcome) -> Iterator[str]:
    """Yield what differs. The number of tries may differ if the result is the same."""
    if outcome.jobs != wanted.jobs:
        yield _jobs(outcome.jobs)
    if outcome.left > wanted.left:
        yield f"{outcome.left} left running"
    if outcome.left < wanted.left:
        yield "none left running"
    if outcome.state != wanted.state:
        yield f"task {_STATES[outcome.state]}"


def _marks(fault: Fault, reasons: list[str]) -> dict[str, str]:
    marks = {}
    for mode, allowance in fault.allowances.items():
        if _cell(allowance.outcome, fault.outcome) == "ok":
            continue
        reasons.append(allowance.reason)
        marks[mode] = f" ({len(reasons)})"
    return marks


def _jobs(number: int) -> str:
    return {0: "no job", 1: "1 job"}.get(number, f"{number} jobs")


_STATES = {"success": "succeeds", "failed": "fails", "skipped": "is skipped"}
