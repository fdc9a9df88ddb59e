"""A plan as workflow commands, which GitHub Actions shows beside the lines of a pull request."""

from __future__ import annotations

from dag_factory.plan.consequences import Consequence
from dag_factory.plan.kinds import Severity
from dag_factory.plan.planning import Plan
from dag_factory.plan.report.outline import NOTHING, Heading, line, remarks, totals
from dag_factory.report.escapes import escape
from dag_factory.report.github import data, prop


def render(plan: Plan, heading: Heading) -> str:
    """Render each consequence as a command, and the totals for the log."""
    lines = [_command(each) for each in plan.consequences]
    lines += [escape(text) for text in (heading.text, " · ".join(totals(plan)) or NOTHING, *remarks(plan))]
    return "".join(f"{each}\n" for each in lines)


def _command(consequence: Consequence) -> str:
    level = "notice" if consequence.what.severity is Severity.NOTE else "warning"
    properties = [f"title={prop(f'plan: {consequence.kind}')}"]
    place = consequence.place
    if place is not None and not place.is_old:
        properties += [f"file={prop(place.file)}", f"line={place.line}"]
    about = "" if consequence.dag_id is None else f"{consequence.dag_id}: "
    return f"::{level} {','.join(properties)}::{data(escape(about + line(consequence, is_alone=True)))}"
