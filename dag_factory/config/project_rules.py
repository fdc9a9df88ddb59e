"""What only shows when all DAGs of a folder are seen together. The list at the end names all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.layers import ResolvedDag
from dag_factory.config.rules import connection_identity

ProjectRule = Callable[[Sequence[ResolvedDag]], Iterator[tuple[ResolvedDag, Diagnostic]]]


def check_duplicate_dag_id(dags: Sequence[ResolvedDag]) -> Iterator[tuple[ResolvedDag, Diagnostic]]:
    """A DAG id belongs to one document: the file that is named after it, else the first in order.

    The one it belongs to is loaded, so a new file cannot take an old DAG away; and a task start finds it by
    the file's name alone.
    """
    owners: dict[str, ResolvedDag] = {}
    for dag in sorted(_with_dag_id(dags), key=lambda dag: not _is_named_after_file(dag)):
        owner = owners.setdefault(dag.dag_id.value, dag)
        if owner is not dag:
            message = f"the DAG id '{dag.dag_id.value}' is taken"
            related = (owner.dag_id.place.related("by this document"),)
            diagnostic = dag.dag_id.place.diagnostic(
                "duplicate-dag-id", message, "write another 'dag_id'", related=related
            )
            yield dag, diagnostic


def check_same_connection(dags: Sequence[ResolvedDag]) -> Iterator[tuple[ResolvedDag, Diagnostic]]:
    """Two DAGs that sync one Airbyte connection can meet; within one DAG: `config.rules`."""
    first: dict[tuple[str, str], tuple[ResolvedDag, str]] = {}
    for dag in dags:
        for sync in dag.syncs if dag.value("enabled", True) else ():
            identity = connection_identity(sync)
            if identity is None:
                continue
            owner, name = first.setdefault(identity, (dag, sync.name))
            if owner is dag:
                continue
            earlier = next(other for other in owner.syncs if other.name == name)
            message = f"sync '{sync.name}' uses a connection that DAG '{owner.dag_id.value}' syncs too"
            related = (earlier.settings["connection_id"].place.related("first used here"),)
            yield (
                dag,
                sync.settings["connection_id"].place.diagnostic(
                    "same-connection",
                    message,
                    "delete one of the two; a connection runs one sync at a time",
                    severity=Severity.WARNING,
                    related=related,
                ),
            )


def _with_dag_id(dags: Sequence[ResolvedDag]) -> list[ResolvedDag]:
    return [dag for dag in dags if not dag.is_faulty("dag_id")]


def _is_named_after_file(dag: ResolvedDag) -> bool:
    name = dag.document.file.name.rsplit("/", 1)[-1]
    return bool(name.rsplit(".", 1)[0] == dag.dag_id.value)


PROJECT_RULES: tuple[ProjectRule, ...] = (check_duplicate_dag_id, check_same_connection)
