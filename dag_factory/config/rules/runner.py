"""Rules behind the boundary: one that fails over a DAG costs that DAG; for `config.project` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from dag_factory.config.boundary import Raised, attempt, caught
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.limits import Told
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.rules.registry import DagRule, ProjectRule

Pair: TypeAlias = tuple[DraftDag, Diagnostic]

# Of DAGs over which a rule fails only together with others; each search for one runs the rule some ten times.
_MOST_CULPRITS = 10


def of_dag(rules: Sequence[DagRule], dag: DraftDag, enough: Told) -> list[Diagnostic]:
    """Give what rules find in one DAG; one that fails costs only what it would have found."""
    together = caught(lambda: _found(rules, dag, enough))
    if not isinstance(together, Raised):
        return together
    # Seldom enough to ask them all again, each behind a boundary of its own.
    file = dag.document.file.name
    alone = [attempt(file, partial(_found, (rule,), dag, enough)) for rule in rules]
    return [each for found in alone for each in ([found] if isinstance(found, Diagnostic) else found)]


def _found(rules: Sequence[DagRule], dag: DraftDag, enough: Told) -> list[Diagnostic]:
    file, found = dag.document.file.name, list[Diagnostic]()
    asked = [rule for rule in rules if not enough.is_enough(rule, file)] if enough.is_cut else rules
    for rule in asked:
        for diagnostic in rule(dag):
            found.append(diagnostic)
            if enough.count(rule, file, diagnostic):
                break
    return found


def of_all_dags(rule: ProjectRule, dags: Sequence[DraftDag], enough: Told) -> list[Pair]:
    """Give what a rule finds in all DAGs together, without those over which it fails."""
    left, told = list(dags), list[Pair]()
    found = _run(rule, left)
    if isinstance(found, Diagnostic):
        alone = [(dag, _run(rule, [dag])) for dag in left]
        told = [(dag, each) for dag, each in alone if isinstance(each, Diagnostic)]
        left = [dag for dag, each in alone if not isinstance(each, Diagnostic)]
        found = _run(rule, left)
    while isinstance(found, Diagnostic) and left:
        culprit = _culprit(rule, left)
        told.append((culprit, _of_file(found, culprit)))
        left = [] if len(told) >= _MOST_CULPRITS else [dag for dag in left if dag is not culprit]
        found = _run(rule, left)
    pairs = [] if isinstance(found, Diagnostic) else found
    bounded = [(dag, each) for dag, one in pairs for each in enough.few(rule, dag.document.file.name, (one,))]
    return [*told, *bounded]


def _run(rule: ProjectRule, dags: Sequence[DraftDag]) -> list[Pair] | Diagnostic:
    file = dags[0].document.file.name if dags else ""
    return attempt(file, lambda: list(rule(dags)))


def _culprit(rule: ProjectRule, dags: Sequence[DraftDag]) -> DraftDag:
    """Find the DAG with which the rule begins to fail; it fails over all of them."""
    well, fails = 0, len(dags)
    while fails - well > 1:
        middle = (well + fails) // 2
        if isinstance(_run(rule, dags[:middle]), Diagnostic):
            fails = middle
        else:
            well = middle
    return dags[fails - 1]


def _of_file(found: Diagnostic, dag: DraftDag) -> Diagnostic:
    return replace(found, file=dag.document.file.name)
