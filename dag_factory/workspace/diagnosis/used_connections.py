"""The checks of `doctor` on the connections that a folder uses, and on the pools of their syncs."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dag_factory.airbyte.api.documents import Document
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.rules.connections import is_placeholder
from dag_factory.config.text.connection_ids import is_uuid
from dag_factory.workspace.diagnosis.answers import Answer, Level, not_checked, note, ok

# Lines for each kind of problem.
_MAX_LINES = 20
# Syncs of one Airbyte from which on its threads are worth a line.
_MANY_SYNCS = 20
_API_THREADS = 5


class Absence(enum.Enum):
    """What Airbyte answers to a request for a connection that it does not list."""

    UNKNOWN = enum.auto()
    FORBIDDEN = enum.auto()
    NOT_ASKED = enum.auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A sync's use of a connection; `connection_id` is None for a placeholder, or where a template gives it.

    A DAG that is not `enabled` starts nothing, so only the existence of its connections matters. One that
    Airflow does not start by itself may have connections that Airbyte starts.
    """

    sync: str
    airbyte_conn_id: str
    connection_id: str | None
    file: str
    line: int
    is_enabled: bool = True
    is_started: bool = True
    is_placeholder: bool = False
    has_pool: bool = False


# Why a connection cannot be used, and what to do.
_PROBLEMS: Mapping[str, tuple[Level, str, str]] = {
    "deleted": (Level.ERROR, "has been deleted in Airbyte", "delete the sync, or use another connection"),
    "unknown": (Level.ERROR, "is unknown to Airbyte", "correct the id, or airbyte_conn_id"),
    "forbidden": (
        Level.ERROR,
        "is unknown to Airbyte, or these credentials may not see it",
        "correct the id, or give the user of the application a role in the connection's workspace",
    ),
    "not asked": (Level.ERROR, "is not in Airbyte's list", "correct the id, or airbyte_conn_id"),
    "inactive": (Level.WARNING, "is disabled in Airbyte", "enable it there, or delete the sync"),
    "locked": (Level.WARNING, "is locked in Airbyte", "ask who runs Airbyte for the reason"),
    "scheduled": (
        Level.WARNING,
        "is also started by Airbyte",
        "run 'dag-factory take-over', or set it to manual in Airbyte",
    ),
}


def uses_of(drafts: Iterable[DraftDag]) -> tuple[Use, ...]:
    """Return what each sync of the drafts uses."""
    return tuple(_use(dag, sync) for dag in drafts for sync in dag.syncs)


def _use(dag: DraftDag, sync: DraftSync) -> Use:
    location, connection_id = sync.connection_id.location, sync.connection_id.value
    is_known = connection_id is not None and is_uuid(connection_id) and not is_placeholder(sync)
    return Use(
        sync=sync.name,
        airbyte_conn_id=sync.airbyte_conn_id.value,
        # Ids in configurations and in Airbyte may be written in capitals.
        connection_id=str(connection_id).lower() if is_known else None,
        file=location.document.file.name,
        line=location.span().line,
        is_enabled=dag.enabled.value,
        is_started=dag.schedule.starts_runs,
        is_placeholder=is_placeholder(sync),
        has_pool=sync.pool.value is not None,
    )


def missing_ids(uses: Sequence[Use], listed: Mapping[str, Document]) -> list[str]:
    """Return the ids of connections that Airbyte does not list."""
    used = dict.fromkeys(use.connection_id for use in uses if use.connection_id is not None)
    return [each for each in used if each not in listed]


def by_id(documents: Iterable[Document]) -> dict[str, Document]:
    """Return Airbyte's connections by their ids."""
    return {str(each["connectionId"]).lower(): each for each in documents}


def not_compared(uses: Sequence[Use]) -> Iterator[Answer]:
    """Answer for connections whose Airbyte could not be asked."""
    if uses:
        reason = "Airbyte's connections are not known"
        yield not_checked("connections", f"connections of {_syncs(len(uses))}", reason)


def check_connections(
    uses: Sequence[Use], listed: Mapping[str, Document], missing: Mapping[str, Document | Absence]
) -> Iterator[Answer]:
    """Say which connections of the folder exist, are active, and are manual in Airbyte.

    Args:
        uses: The uses of one Airbyte.
        listed: The connections that it lists.
        missing: What it answers about those that it does not list.
    """
    known = [use for use in uses if use.connection_id is not None]
    problems: dict[str, list[Use]] = {}
    for use in known:
        problem = _problem(use, listed.get(str(use.connection_id)) or missing[str(use.connection_id)])
        problems.setdefault(problem, []).append(use)
    yield from _well(problems.pop("", []))
    yield from _of_airbyte(problems.pop("started by Airbyte", []))
    for problem in _PROBLEMS:
        yield from _not_well(problem, problems.get(problem, []))
    yield from _not_known([use for use in uses if use.connection_id is None])


def _not_known(uses: Sequence[Use]) -> Iterator[Answer]:
    if count := sum(use.is_placeholder for use in uses):
        hint = "write the UUID of your Airbyte connection, or delete the example of 'dag-factory init'"
        yield note("connections", f"{_syncs(count)} not checked: the connection_id is a placeholder", hint)
    if skipped := sum(not use.is_placeholder for use in uses):
        text = f"{_syncs(skipped)} not checked: a template gives the connection, or none was found"
        yield note("connections", text)


def _problem(use: Use, found: Document | Absence) -> str:
    """Return the key of a problem, empty if there is none."""
    if isinstance(found, Absence):
        return found.name.lower().replace("_", " ")
    status = found.get("status")
    if status == "deprecated":
        return "deleted"
    if not use.is_enabled:
        return ""
    if status in ("inactive", "locked"):
        return str(status)
    schedule = found.get("schedule")
    kind = schedule.get("scheduleType", "manual") if isinstance(schedule, Mapping) else "manual"
    if kind == "manual":
        return ""
    return "scheduled" if use.is_started else "started by Airbyte"


def _well(uses: Sequence[Use]) -> Iterator[Answer]:
    count = len({use.connection_id for use in uses})
    if count:
        verbs = "connection exists, is" if count == 1 else "connections exist, are"
        state = "active and manual" if all(use.is_enabled for use in uses) else "active and manual if in use"
        yield ok("connections", f"{count} {verbs} {state}")


def _of_airbyte(uses: Sequence[Use]) -> Iterator[Answer]:
    count = len({use.connection_id for use in uses})
    if count:
        text = "1 connection exists, and Airbyte alone starts it: its DAG has no schedule"
        if count > 1:
            text = f"{count} connections exist, and Airbyte alone starts them: their DAGs have no schedule"
        yield ok("connections", text)


def _not_well(problem: str, uses: Sequence[Use]) -> Iterator[Answer]:
    level, text, hint = _PROBLEMS[problem]
    for use in uses[:_MAX_LINES]:
        at = f"{use.file}:{use.line}"
        said = f"{at}: the connection {use.connection_id} of sync '{use.sync}' {text}"
        yield Answer(check="connections", level=level, text=said, hint=hint)
    if rest := len(uses) - _MAX_LINES if len(uses) > _MAX_LINES else 0:
        said = f"of {_syncs(rest)} more, the connection {text}"
        yield Answer(check="connections", level=level, text=said, hint=hint)


def check_pools(uses: Sequence[Use]) -> Iterator[Answer]:
    """Say how many syncs of one Airbyte have no pool, if it has many."""
    without = sum(not use.has_pool for use in uses)
    if len(uses) > _MANY_SYNCS and without:
        text = f"{without} of {_syncs(len(uses))} have no pool"
        hint = f"Airbyte's public API has {_API_THREADS} threads: a pool limits how many syncs run at once"
        yield note("pools", text, hint)


def _syncs(count: int) -> str:
    return f"{count} sync" if count == 1 else f"{count} syncs"
