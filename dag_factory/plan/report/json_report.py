"""A plan as JSON, for programs; `schemas/plan.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.planning import Plan
from dag_factory.plan.report.outline import Heading
from dag_factory.report.json_report import json_text

VERSION = 1


def render(plan: Plan, heading: Heading) -> str:
    """Render a plan; the text is ASCII."""
    return json_text(
        {
            "version": VERSION,
            "against": heading.against,
            "commit": heading.commit,
            "at": heading.at.astimezone(UTC).isoformat(),
            "environments": list(plan.environments),
            "consequences": [_consequence(each, plan) for each in plan.consequences],
            "errors": {"old": _errors(plan.old_errors), "new": _errors(plan.new_errors)},
        }
    )


def _consequence(each: Consequence, plan: Plan) -> dict[str, object]:
    place = each.place
    return {
        "kind": each.kind,
        "severity": str(each.what.severity),
        "dag_id": each.dag_id,
        "text": each.text,
        "details": list(each.details),
        "runs": each.runs,
        "environments": list(each.environments or plan.environments),
        "file": None if place is None else place.file,
        "line": None if place is None else place.line,
        "revision": None if place is None else "old" if place.is_old else "new",
    }


def _errors(found: Sequence[Diagnostic]) -> list[dict[str, object]]:
    return [
        {"file": each.file, "line": each.span.line, "code": each.code, "message": each.message}
        for each in found
    ]
