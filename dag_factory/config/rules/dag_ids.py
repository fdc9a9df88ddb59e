"""Rules about the ids of DAGs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag


def check_duplicate_dag_id(
    dags: Sequence[DraftDag], unread: Mapping[str, str]
) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """A DAG id belongs to one document: the file that is named after it, else the first in order.

    Its owner is loaded, so a new file cannot replace an existing DAG, and the start of a task finds it by the
    file's name alone. A file that cannot be read, such as one with a syntax error, keeps its id too: `unread`
    has these files by their names without folder and extension.
    """
    owners: dict[str, DraftDag] = {}
    for dag in sorted(_with_valid_dag_id(dags), key=lambda dag: not _is_named_after_file(dag)):
        owner = owners.setdefault(dag.dag_id.value, dag)
        if owner is not dag:
            yield dag, _taken(dag, owner)
        elif dag.dag_id.value in unread and not _is_named_after_file(dag):
            yield dag, _reserved(dag, unread[dag.dag_id.value])


def _taken(dag: DraftDag, owner: DraftDag) -> Diagnostic:
    message = f"the DAG id '{dag.dag_id.value}' is already taken"
    related = (owner.dag_id.location.related("by this document"),)
    return dag.dag_id.location.diagnostic(
        "duplicate-dag-id", message, "choose another 'dag_id'", related=related
    )


def _reserved(dag: DraftDag, file: str) -> Diagnostic:
    message = f"the DAG id '{dag.dag_id.value}' belongs to {file}, which cannot be read"
    hint = "correct that file, or choose another 'dag_id'"
    return dag.dag_id.location.diagnostic("duplicate-dag-id", message, hint)


def check_similar_dag_id(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """No two DAG ids differ only in upper and lower case: MySQL treats them as equal."""
    first: dict[str, DraftDag] = {}
    reported: set[str] = set()
    for dag in _with_valid_dag_id(dags):
        name = dag.dag_id.value
        owner = first.setdefault(name.lower(), dag)
        if owner.dag_id.value == name or name in reported:
            continue
        reported.add(name)
        message = f"the DAG id '{name}' differs from '{owner.dag_id.value}' only in upper and lower case"
        related = (owner.dag_id.location.related("the other DAG id is here"),)
        diagnostic = dag.dag_id.location.diagnostic(
            "similar-dag-id", message, "choose another 'dag_id'", related=related
        )
        yield dag, diagnostic


def _with_valid_dag_id(dags: Sequence[DraftDag]) -> list[DraftDag]:
    return [dag for dag in dags if not dag.is_invalid("dag_id")]


def _is_named_after_file(dag: DraftDag) -> bool:
    name = dag.document.file.name.rsplit("/", 1)[-1]
    return bool(name.rsplit(".", 1)[0] == dag.dag_id.value)


_DAG_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def check_dag_id(dag: DraftDag) -> Iterator[Diagnostic]:
    """The name of a file without `dag_id` is a valid DAG id."""
    name = dag.dag_id.value
    if dag.dag_id.is_set or (set(name) <= _DAG_ID_CHARACTERS and len(name) <= 250):
        return
    message = f"the file's name '{name}' is not a valid DAG id"
    hint = "use only letters, digits, dashes, dots and underscores in the file's name, or add 'dag_id'"
    yield dag.dag_id.location.diagnostic("bad-name", message, hint)
