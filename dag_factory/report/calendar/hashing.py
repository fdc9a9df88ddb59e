"""What `H` would make of cron expressions that name a minute: the same hours, each DAG in its own minute."""

from __future__ import annotations

import re
from dataclasses import replace

from dag_factory.config.model.dag import Dag
from dag_factory.config.text import cron

_STEPS = re.compile(r"(?:\*|0-59)/([0-9]{1,2})")
_DIVISORS = (2, 3, 4, 5, 6, 10, 12, 15, 20, 30)


def hashed_schedule(dag: Dag) -> str | None:
    """Return a DAG's expression with `H` for the minute; None if it names neither one minute nor a step."""
    expression = dag.schedule.cron
    if not dag.enabled or expression is None or expression in cron.SPECIAL_PRESETS:
        return None
    minute, rest = expression.split(maxsplit=1)
    if minute.isdigit():
        return f"H {rest}"
    steps = _STEPS.fullmatch(minute)
    # A step that does not divide an hour has one distance that is shorter, which `H` could not keep.
    return f"H/{steps[1]} {rest}" if steps is not None and int(steps[1]) in _DIVISORS else None


def with_hash(dag: Dag) -> Dag:
    """Return the DAG with `H` in place of the minute, if it names one."""
    text = hashed_schedule(dag)
    if text is None:
        return dag
    return replace(dag, schedule=replace(dag.schedule, cron=cron.expression(text, dag.dag_id)))
