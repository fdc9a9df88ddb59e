"""Rules about connections that two syncs use. Listed in `config.rules` and `config.project_rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, Severity
from dag_factory.config.model.layers import ResolvedDag, ResolvedSync
from dag_factory.config.rules.schedule import schedule_form
from dag_factory.config.rules.settings import dag_setting
from dag_factory.config.text.templates import names_in, without_blanks

_HELP = "delete one of the two; a connection runs one sync at a time"


def check_placeholder(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """The connection is one of Airbyte's, not a stand-in such as that of the example that `init` makes."""
    for sync in dag.syncs:
        if _is_placeholder(sync):
            message = f"the 'connection_id' of sync '{sync.name}' is a placeholder, no connection of Airbyte"
            place = sync.settings["connection_id"].place
            yield place.diagnostic("bad-value", message, "put your connection's id here")


def _is_placeholder(sync: ResolvedSync) -> bool:
    """Whether an id is of one digit alone, as `init` writes it, and people do; Airbyte gives no such id."""
    setting = sync.settings.get("connection_id")
    if setting is None or setting.value[:8] != setting.value[:1] * 8:
        return False
    return len(set(setting.value) - {"-"}) == 1


def check_same_connection(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Two syncs of one connection in one DAG get into each other's way."""
    first: dict[_Identity, ResolvedSync] = {}
    for sync in dag.syncs:
        identity = _identity(sync, _OF_A_TASK.isdisjoint)
        if identity is None:
            continue
        earlier = first.setdefault(identity, sync)
        if earlier is not sync and not _is_placeholder(sync):
            message = f"sync '{sync.name}' uses the connection of sync '{earlier.name}'"
            related = (earlier.settings["connection_id"].place.related("first used here"),)
            place = sync.settings["connection_id"].place
            yield place.diagnostic("same-connection", message, _HELP, related=related)


def check_shared_connection(dags: Sequence[ResolvedDag]) -> Iterator[tuple[ResolvedDag, Diagnostic]]:
    """Two DAGs that sync one connection can meet, unless one of them runs only by hand or once."""
    first: dict[_Identity, tuple[ResolvedDag, ResolvedSync]] = {}
    for dag in dags:
        for sync in dag.syncs if _is_scheduled(dag) else ():
            identity = _identity(sync, _OF_ALL.issuperset)
            if identity is None:
                continue
            owner, earlier = first.setdefault(identity, (dag, sync))
            if owner is not dag and not _is_placeholder(sync):
                yield dag, _shared(sync, owner, earlier)


def _identity(sync: ResolvedSync, is_the_same: Callable[[frozenset[str]], bool]) -> _Identity | None:
    """Give what makes an Airbyte connection the same; `is_the_same` says of the names in a template whether
    they stand for one value wherever they are rendered. None if not."""
    setting = sync.settings.get("connection_id")
    if setting is None:
        return None
    conn_id = sync.settings.get("airbyte_conn_id")
    both = (conn_id.value if conn_id else "airbyte_default", setting.value)
    if "{" not in both[0] + both[1]:  # asked of each sync, and nearly always so
        return both
    if not is_the_same(names_in(both[0]) | names_in(both[1])):
        return None
    return without_blanks(both[0]), without_blanks(both[1])


_Identity: TypeAlias = tuple[str, str]

# What differs between the tasks of one run, or at each rendering; and what is the same for all DAGs.
_OF_A_TASK = frozenset(("task", "ti", "task_instance", "task_instance_key_str", "macros"))
_OF_ALL = frozenset(("var", "conn"))


def _shared(sync: ResolvedSync, owner: ResolvedDag, earlier: ResolvedSync) -> Diagnostic:
    message = f"sync '{sync.name}' uses a connection that DAG '{owner.dag_id.value}' syncs too"
    related = (earlier.settings["connection_id"].place.related("first used here"),)
    place = sync.settings["connection_id"].place
    return place.diagnostic("same-connection", message, _HELP, severity=Severity.WARNING, related=related)


def _is_scheduled(dag: ResolvedDag) -> bool:
    """Whether runs come again and again by themselves."""
    schedule = dag_setting(dag, "schedule")
    if schedule is None or not dag.value("enabled", True):
        return False
    return (schedule_form(dag).get("cron") or schedule.value) not in (None, "@once")
