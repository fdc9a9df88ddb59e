"""Rules about the Airbyte connections that syncs use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.text.templates import names_in, without_spaces

_HINT = "delete one of the two; a connection runs one sync at a time"


def check_placeholder(dag: DraftDag) -> Iterator[Diagnostic]:
    """A `connection_id` is not a placeholder, such as the one in the example that `init` writes."""
    for sync in dag.syncs:
        if is_placeholder(sync):
            message = f"the 'connection_id' of sync '{sync.name}' is a placeholder"
            yield sync.connection_id.location.diagnostic(
                "bad-value", message, "write the UUID of your Airbyte connection"
            )


def is_placeholder(sync: DraftSync) -> bool:
    """Whether an id is one digit repeated, as `init` and people write it; Airbyte assigns no such id."""
    connection_id = sync.connection_id.value
    if connection_id is None or connection_id[:8] != connection_id[:1] * 8:
        return False
    return len(set(connection_id) - {"-"}) == 1


def check_same_connection(dag: DraftDag) -> Iterator[Diagnostic]:
    """No two syncs of a DAG use the same connection: they would conflict."""
    first: dict[_Identity, DraftSync] = {}
    for sync in dag.syncs:
        identity = _identity(sync, _OF_A_TASK.isdisjoint)
        if identity is None:
            continue
        earlier = first.setdefault(identity, sync)
        if earlier is not sync and not is_placeholder(sync):
            message = f"sync '{sync.name}' uses the same connection as sync '{earlier.name}'"
            yield _doubled(sync, earlier, message, Severity.ERROR)


def check_shared_connection(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """No two scheduled DAGs sync the same connection: their runs could overlap."""
    first: dict[_Identity, tuple[DraftDag, DraftSync]] = {}
    for dag in dags:
        for sync in dag.syncs if _is_scheduled(dag) else ():
            identity = _identity(sync, _OF_ALL.issuperset)
            if identity is None:
                continue
            owner, earlier = first.setdefault(identity, (dag, sync))
            if owner is not dag and not is_placeholder(sync):
                message = f"sync '{sync.name}' uses a connection that DAG '{owner.dag_id.value}' also syncs"
                yield dag, _doubled(sync, earlier, message, Severity.WARNING)


def _identity(sync: DraftSync, is_the_same: Callable[[frozenset[str]], bool]) -> _Identity | None:
    """Return a value that is equal for the same Airbyte connection; None if a template makes that unknown.

    Args:
        sync: The sync that uses the connection.
        is_the_same: Whether the names in a template have the same values wherever it is rendered.
    """
    connection_id = sync.connection_id.value
    if connection_id is None:
        return None
    both = (sync.airbyte_conn_id.value, connection_id)
    if "{" not in both[0] + both[1]:  # the fast and usual case
        return both
    if not is_the_same(names_in(both[0]) | names_in(both[1])):
        return None
    return without_spaces(both[0]), without_spaces(both[1])


_Identity: TypeAlias = tuple[str, str]

# Names that differ between the tasks of a run or at each rendering, and names that are the same for all DAGs.
_OF_A_TASK = frozenset(("task", "ti", "task_instance", "task_instance_key_str", "macros"))
_OF_ALL = frozenset(("var", "conn"))


def _doubled(sync: DraftSync, earlier: DraftSync, message: str, severity: Severity) -> Diagnostic:
    related = (earlier.connection_id.location.related("first used here"),)
    return sync.connection_id.location.diagnostic(
        "same-connection", message, _HINT, severity=severity, related=related
    )


def _is_scheduled(dag: DraftDag) -> bool:
    """Whether the DAG runs repeatedly by its schedule."""
    schedule = dag.schedule
    if not schedule.is_set or not schedule.settings or not dag.enabled.value:
        return False
    return schedule.cron.value != "@once"
