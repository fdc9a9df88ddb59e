"""A plan for a terminal: the totals, then what happens to each DAG, the most dangerous first."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from dag_factory.plan.kinds import Severity
from dag_factory.plan.planning import Plan
from dag_factory.plan.report.outline import NOTHING, Block, Heading, blocks, line, meanings, remarks, totals
from dag_factory.report.escapes import escape

# A plan that is longer is shown as an overview, with a line for each block.
_MOST_LINES, _MOST_BLOCKS = 32, 20
_COMMAND = re.compile(r"^(\s*)::")
_COLORS = {Severity.DANGER: "31;1", Severity.WARNING: "33;1", Severity.NOTE: "36"}


def render(
    plan: Plan, heading: Heading, *, width: int, has_color: bool = False, is_whole: bool = False
) -> str:
    """Render a plan.

    Args:
        plan: The plan.
        heading: What was compared.
        width: The columns of the terminal.
        has_color: Whether it shows colors.
        is_whole: Whether a long plan is shown as a whole.
    """
    lines = [*_wrapped(heading.text, width, ""), *_wrapped(" · ".join(totals(plan)) or NOTHING, width, "")]
    found = blocks(plan)
    whole = [each for block in found for each in _block(block, width, has_color=has_color)]
    if is_whole or len(whole) <= _MOST_LINES:
        lines += whole
        lines += _explained(found, width)
    else:
        lines += _overview(found, width, has_color=has_color)
    lines += [part for remark in remarks(plan) for part in ("", *_wrapped(remark, width, ""))]
    return "".join(f"{each}\n" for each in lines)


def _block(block: Block, width: int, *, has_color: bool) -> Iterator[str]:
    yield ""
    yield f"{_mark(block.severity, has_color=has_color)} {escape(block.title)}"
    for each in block.consequences:
        yield from _wrapped(f"{each.kind}: {line(each, is_alone=len(block.dag_ids) <= 1)}", width, "  ")


def _overview(found: list[Block], width: int, *, has_color: bool) -> Iterator[str]:
    yield ""
    for block in found[:_MOST_BLOCKS]:
        first = block.consequences[0]
        more = f" (+{len(block.consequences) - 1})" if len(block.consequences) > 1 else ""
        mark = _mark(block.severity, has_color=has_color)
        # Without the mark, whose color takes no columns.
        rest = _cut(escape(f"{block.title}: {line(first, is_alone=False)}"), width - 9 - len(more))
        yield f"{mark} {rest}{more}"
    if len(found) > _MOST_BLOCKS:
        dags = sum(len(block.dag_ids) for block in found[_MOST_BLOCKS:])
        yield f"and {dags} more {'DAG' if dags == 1 else 'DAGs'}"
    yield "Run the command with --details for all of it."


def _explained(found: list[Block], width: int) -> Iterator[str]:
    known = list(meanings([each for block in found for each in block.consequences]))
    if known:
        yield ""
    for name, meaning in known:
        yield from _wrapped(f"{name}: {meaning}", width, "")


def _mark(severity: Severity, *, has_color: bool) -> str:
    word = f"{severity:<7}"
    return f"\x1b[{_COLORS[severity]}m{word}\x1b[0m" if has_color else word


def _wrapped(text: str, width: int, indentation: str) -> list[str]:
    lines = textwrap.wrap(
        escape(text),
        max(width, 40),
        initial_indent=indentation,
        subsequent_indent=f"{indentation}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    # GitHub's runner takes a line that begins with `::`, after spaces too, as a command.
    return [_COMMAND.sub(r"\1\\x3a:", each) for each in lines]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= max(width, 30) else f"{text[: max(width, 30) - 1]}…"
