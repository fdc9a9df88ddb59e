"""Runs rules; one that raises on a DAG invalidates only that DAG."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from dag_factory.config.boundary import Raised, attempt, caught
from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.limits import Limits
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.rules.registry import DagRule, ProjectRule, Rules
from dag_factory.config.yaml.document import Document

Pair: TypeAlias = tuple[DraftDag, Diagnostic]

# The most bisections for DAGs on which a rule fails only in combination; each runs the rule about ten times.
_MOST_CULPRITS = 10


def run_rules(
    rules: Rules, dags: Sequence[DraftDag], limits: Limits, only: Container[Document] | None = None
) -> Iterator[Pair]:
    """Yield what the rules find, each with its DAG.

    Args:
        rules: Those about one DAG, and those about all together.
        dags: All DAGs of an environment.
        limits: How much is reported of one file.
        only: The documents whose DAGs are checked one by one; all by default.
    """
    for dag in dags:
        if only is None or dag.document in only:
            yield from ((dag, diagnostic) for diagnostic in of_dag(rules.of_one, dag, limits))
    for rule in rules.of_all:
        yield from of_all_dags(rule, dags, limits)


def of_dag(rules: Sequence[DagRule], dag: DraftDag, limits: Limits) -> list[Diagnostic]:
    """Return what rules find in one DAG; one that fails costs only what it would have found."""
    together = caught(lambda: _found(rules, dag, limits))
    if not isinstance(together, Raised):
        return together
    # Rare, so all rules run again, each within its own `attempt`.
    file = dag.document.file.name
    alone = [attempt(file, partial(_found, (rule,), dag, limits)) for rule in rules]
    return [each for found in alone for each in ([found] if isinstance(found, Diagnostic) else found)]


def _found(rules: Sequence[DagRule], dag: DraftDag, limits: Limits) -> list[Diagnostic]:
    file, found = dag.document.file.name, list[Diagnostic]()
    for rule in rules:
        if limits.is_cut and limits.is_done(rule, file, dag.document):
            continue
        for diagnostic in rule(dag):
            if limits.admit(rule, dag.document, diagnostic):
                found.append(diagnostic)
            elif limits.is_done(rule, file, dag.document):
                break
    return found


def of_all_dags(rule: ProjectRule, dags: Sequence[DraftDag], limits: Limits) -> list[Pair]:
    """Return what a rule finds in all DAGs together, without those over which it fails."""
    left, failed = list(dags), list[Pair]()
    found = _run(rule, left)
    if isinstance(found, Diagnostic):
        alone = [(dag, _run(rule, [dag])) for dag in left]
        failed = [(dag, each) for dag, each in alone if isinstance(each, Diagnostic)]
        left = [dag for dag, each in alone if not isinstance(each, Diagnostic)]
        found = _run(rule, left)
    while isinstance(found, Diagnostic) and left:
        culprit = _first_failing_dag(rule, left)
        failed.append((culprit, _of_file(found, culprit)))
        left = [] if len(failed) >= _MOST_CULPRITS else [dag for dag in left if dag is not culprit]
        found = _run(rule, left)
    pairs = [] if isinstance(found, Diagnostic) else found
    return [*failed, *((dag, each) for dag, each in pairs if limits.admit(rule, dag.document, each))]


def _run(rule: ProjectRule, dags: Sequence[DraftDag]) -> list[Pair] | Diagnostic:
    file = dags[0].document.file.name if dags else ""
    return attempt(file, lambda: list(rule(dags)))


def _first_failing_dag(rule: ProjectRule, dags: Sequence[DraftDag]) -> DraftDag:
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
