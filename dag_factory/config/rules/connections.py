"""Rules about the Airbyte connections that syncs use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.text.templates import names_in, without_spaces

_HINT = "delete one of the two; a connection runs one sync at a time"


def check_placeholder(dag: DraftDag) -> Iterator[Diagnostic]:
    """The connection is one of Airbyte's, not a stand-in such as that of the example that `init` makes."""
    for sync in dag.syncs:
        if _is_placeholder(sync):
            message = f"the 'connection_id' of sync '{sync.name}' is a placeholder"
            yield sync.connection_id.location.diagnostic(
                "bad-value", message, "write the UUID of your Airbyte connection"
            )


def _is_placeholder(sync: DraftSync) -> bool:
    """Whether an id is of one digit alone, as `init` writes it, and people do; Airbyte gives no such id."""
    connection_id = sync.connection_id.value
    if connection_id is None or connection_id[:8] != connection_id[:1] * 8:
        return False
    return len(set(connection_id) - {"-"}) == 1


def check_same_connection(dag: DraftDag) -> Iterator[Diagnostic]:
    """Two syncs of one connection in one DAG get into each other's way."""
    first: dict[_Identity, DraftSync] = {}
    for sync in dag.syncs:
        identity = _identity(sync, _OF_A_TASK.isdisjoint)
        if identity is None:
            continue
        earlier = first.setdefault(identity, sync)
        if earlier is not sync and not _is_placeholder(sync):
            message = f"sync '{sync.name}' uses the same connection as sync '{earlier.name}'"
            yield _doubled(sync, earlier, message, Severity.ERROR)


def check_shared_connection(dags: Sequence[DraftDag]) -> Iterator[tuple[DraftDag, Diagnostic]]:
    """Two DAGs that sync one connection can meet, unless one of them runs only by hand or once."""
    first: dict[_Identity, tuple[DraftDag, DraftSync]] = {}
    for dag in dags:
        for sync in dag.syncs if _is_scheduled(dag) else ():
            identity = _identity(sync, _OF_ALL.issuperset)
            if identity is None:
                continue
            owner, earlier = first.setdefault(identity, (dag, sync))
            if owner is not dag and not _is_placeholder(sync):
                message = f"sync '{sync.name}' uses a connection that DAG '{owner.dag_id.value}' also syncs"
                yield dag, _doubled(sync, earlier, message, Severity.WARNING)


def _identity(sync: DraftSync, is_the_same: Callable[[frozenset[str]], bool]) -> _Identity | None:
    """Give what makes an Airbyte connection the same; `is_the_same` says of the names in a template whether
    they stand for one value wherever they are rendered. None if not."""
    connection_id = sync.connection_id.value
    if connection_id is None:
        return None
    both = (sync.airbyte_conn_id.value, connection_id)
    if "{" not in both[0] + both[1]:  # asked of each sync, and nearly always so
        return both
    if not is_the_same(names_in(both[0]) | names_in(both[1])):
        return None
    return without_spaces(both[0]), without_spaces(both[1])


_Identity: TypeAlias = tuple[str, str]

# What differs between the tasks of one run, or at each rendering; and what is the same for all DAGs.
_OF_A_TASK = frozenset(("task", "ti", "task_instance", "task_instance_key_str", "macros"))
_OF_ALL = frozenset(("var", "conn"))


def _doubled(sync: DraftSync, earlier: DraftSync, message: str, severity: Severity) -> Diagnostic:
    related = (earlier.connection_id.location.related("first used here"),)
    return sync.connection_id.location.diagnostic(
        "same-connection", message, _HINT, severity=severity, related=related
    )


def _is_scheduled(dag: DraftDag) -> bool:
    """Whether runs come again and again by themselves."""
    schedule = dag.schedule
    if not schedule.is_set or not schedule.settings or not dag.enabled.value:
        return False
    return schedule.cron.value != "@once"
