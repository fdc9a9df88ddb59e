"""Rules behind the boundary: one that fails over a DAG costs that DAG; for `config.project` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

from dag_factory.config.boundary import attempt
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.layers import ResolvedDag
from dag_factory.config.project_rules import ProjectRule
from dag_factory.config.rules import DagRule
from dag_factory.config.told import Told
from dag_factory.config.values import MAX_PROBLEMS

Pair: TypeAlias = tuple[ResolvedDag, Diagnostic]

# Of DAGs over which a rule fails only together with others; each search for one runs the rule some ten times.
_MOST_CULPRITS = 10


def of_dag(rule: DagRule, dag: ResolvedDag, enough: Told | None = None) -> list[Diagnostic]:
    """Give what a rule finds in one DAG, at most as much as is told of a file."""
    file = dag.document.file.name

    def run() -> list[Diagnostic]:
        found = rule(dag)
        return list(islice(found, MAX_PROBLEMS) if enough is None else enough.few(rule, file, found))

    told = attempt(file, run)
    return [told] if isinstance(told, Diagnostic) else told


def of_all_dags(rule: ProjectRule, dags: Sequence[ResolvedDag], enough: Told | None = None) -> list[Pair]:
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
    if enough is not None:
        pairs = [
            (dag, few) for dag, each in pairs for few in enough.few(rule, dag.document.file.name, (each,))
        ]
    return [*told, *pairs]


def _run(rule: ProjectRule, dags: Sequence[ResolvedDag]) -> list[Pair] | Diagnostic:
    file = dags[0].document.file.name if dags else ""
    return attempt(file, lambda: list(rule(dags)))


def _culprit(rule: ProjectRule, dags: Sequence[ResolvedDag]) -> ResolvedDag:
    """Find the DAG with which the rule begins to fail; it fails over all of them."""
    well, fails = 0, len(dags)
    while fails - well > 1:
        middle = (well + fails) // 2
        if isinstance(_run(rule, dags[:middle]), Diagnostic):
            fails = middle
        else:
            well = middle
    return dags[fails - 1]


def _of_file(found: Diagnostic, dag: ResolvedDag) -> Diagnostic:
    return replace(found, file=dag.document.file.name)
