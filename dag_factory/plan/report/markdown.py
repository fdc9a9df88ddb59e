"""A plan as GitHub's markdown, for the summary of a job or a comment: a table that is cut, never broken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dag_factory.plan.planning import Plan
from dag_factory.plan.report.outline import NOTHING, Block, Heading, blocks, line, meanings, remarks, totals
from dag_factory.report.escapes import escape

# GitHub takes 65,536 characters in a comment; what follows the table needs some.
_LONGEST_TABLE = 50_000
_LONGEST_CELL = 4_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&$])")
# What GitHub makes links of, in text too: people, issues, and addresses. A comment after it prevents that.
_LINKED = re.compile(r"@|\\#|:(?=//)")


def render(plan: Plan, heading: Heading) -> str:
    """Render a plan; text of configurations cannot end a cell, and is no markup."""
    lines = ["### What this change does in Airflow", "", safe(heading.text) + ".", ""]
    lines += [f"**{safe(' · '.join(totals(plan)) or NOTHING)}**", ""]
    found = blocks(plan)
    rows = list(_rows(found))
    kept = list(_fitting(rows))
    if kept:
        lines += ["| | DAG | what happens |", "|---|---|---|", *kept, ""]
    if len(kept) < len(rows):
        lines += [f"The table is cut: {len(rows) - len(kept):,} of {len(rows):,} rows are left out.", ""]
    lines += [part for remark in remarks(plan) for part in (safe(remark), "")]
    known = list(meanings(plan.consequences))
    if known:
        lines += ["<details><summary>What that means</summary>", ""]
        lines += [f"* **{safe(name)}**: {safe(meaning)}" for name, meaning in known]
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def _rows(found: list[Block]) -> Iterator[str]:
    for block in found:
        is_alone = len(block.dag_ids) <= 1
        what = [
            f"**{safe(each.kind)}**: {safe(line(each, is_alone=is_alone))}" for each in block.consequences
        ]
        yield f"| {block.severity} | {_cell(safe(block.title))} | {_cell('<br>'.join(what))} |"


def _fitting(rows: list[str]) -> Iterator[str]:
    length = 0
    for row in rows:
        length += len(row) + 1
        if length > _LONGEST_TABLE:
            return
        yield row


def _cell(text: str) -> str:
    """Cut a cell at the end of a word, so that no escape is divided."""
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL].rpartition(' ')[0]} …"


def safe(text: str) -> str:
    """Escape what is markup, and keep GitHub from making links of it."""
    marked = _SPECIAL.sub(r"\\\1", escape(text))
    return _LINKED.sub(r"\g<0><!-- -->", marked)
