"""`dag-factory take-over --undo`: gives connections the schedules that Airbyte had before a take-over.

The old schedules come from the history of the snapshots, since the next `pull` writes the new ones.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.api.urls import page_of
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.workspace.reading import Source, record
from dag_factory.config.model.draft import DraftDag
from dag_factory.report.escapes import escape
from dag_factory.workspace.handover.airbyte_slots import verbatim
from dag_factory.workspace.handover.api_schedules import cannot_put_back, is_manual, schedule_in
from dag_factory.workspace.handover.committed import NotCommittedError, last_schedules, snapshot_files
from dag_factory.workspace.handover.handover import Handover
from dag_factory.workspace.handover.moves import (
    AirbyteRefusedError,
    Clock,
    HandoverError,
    NoAccessError,
    Target,
)
from dag_factory.workspace.handover.take_over_plan import identified

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEFAULT = "airbyte_default"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Undone:
    """A connection: what it had, what it needs of a person, or what has been done."""

    airbyte_conn_id: str
    target: Target
    page: str | None = None
    problem: str | None = None


def undo(
    drafts: Sequence[DraftDag], names: Sequence[str], source: Source, clock: Clock, *, apply: bool
) -> int:
    """Put back what can be put back, and name the rest. It needs no configuration without errors.

    Args:
        drafts: All DAGs that could be read.
        names: The ids of DAGs or connections; none for all that Airbyte no longer schedules.
        source: Where connections are read from.
        clock: The time.
        apply: Whether to do it; else only the plan is printed.
    """
    found = list(_found(_connections(drafts, names, source), source, is_named=bool(names)))
    handover = Handover(clock=clock, tell=_say)
    counts = {"put back": 0, "not put back": 0}
    for each in found:
        is_done, line = _done(each, handover, apply=apply)
        counts["put back" if is_done else "not put back"] += 1
        print(escape(line), flush=True)
        if is_done and apply:
            record(source, [(each.airbyte_conn_id, each.target.connection_id, each.target.old)], _say)
    verb = "put back" if apply else "can be put back"
    print(f"{counts['put back']} {verb}, {counts['not put back']} {'not' if apply else 'cannot'}")
    if counts["put back"]:
        print(
            "No YAML is changed: set 'schedule: null' in their DAGs, or both Airbyte and Airflow start these "
            "syncs; commit that with the snapshot."
        )
    return FINDINGS if apply and counts["not put back"] else CLEAN


def _done(each: _Undone, handover: Handover, *, apply: bool) -> tuple[bool, str]:
    """Put one connection back, or say how; return whether it could be, and a line."""
    old, label = verbatim(each.target.old), each.target.label
    problem = each.problem or cannot_put_back(each.target.old)
    if problem is None and apply:
        try:
            handover.put_back(each.target)
        except HandoverError as error:
            problem = str(error)
    if problem is None:
        return True, f"{label}: {'has' if apply else 'gets'} '{old}' {'again' if apply else ''}".rstrip()
    if each.problem is not None:
        return False, f"{label}: {problem}"
    return False, f"{label}: {problem}; set '{old}' on {each.page or 'its page in Airbyte'}"


def _connections(drafts: Sequence[DraftDag], names: Sequence[str], source: Source) -> list[tuple[str, str]]:
    """Return the airbyte_conn_id and id of what is asked for, each once."""
    known = {draft.dag_id.value: draft for draft in drafts}
    chosen: list[tuple[str, str]] = []
    for name in names or known:
        if name in known:
            chosen += identified(known[name].syncs)
        elif _UUID.fullmatch(name.lower()):
            chosen.append((source.only or _DEFAULT, name.lower()))
        else:
            message = f"there is no DAG '{name}' that can be read; name the ids of its connections"
            raise UsageError(message)
    return [each for each in dict.fromkeys(chosen) if source.has(each[0])]


def _found(connections: Sequence[tuple[str, str]], source: Source, *, is_named: bool) -> Iterator[_Undone]:
    """Yield the connections that were once scheduled and are manual now, or of which that is not known."""
    for airbyte_conn_id in dict.fromkeys(conn_id for conn_id, _ in connections):
        wanted = [each for conn_id, each in connections if conn_id == airbyte_conn_id]
        known = _old(source, airbyte_conn_id, wanted)
        for connection_id in wanted if is_named else known:
            undone = _read(source, airbyte_conn_id, connection_id, known.get(connection_id, {}))
            if undone is not None:
                yield undone


def _old(source: Source, airbyte_conn_id: str, wanted: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    files = snapshot_files(source.snapshots, source.environment, airbyte_conn_id)
    try:
        return last_schedules(files, wanted)
    except NotCommittedError as error:
        raise UsageError(str(error)) from error


def _read(source: Source, airbyte_conn_id: str, connection_id: str, old: Mapping[str, str]) -> _Undone | None:
    airbyte = source.airbytes.of(airbyte_conn_id)
    target = Target(connection_id=connection_id, name=connection_id, airbyte=airbyte, old=old)
    try:
        connection = airbyte.connection(connection_id)
    except NoAccessError:
        raise
    except AirbyteRefusedError as error:
        return _Undone(airbyte_conn_id=airbyte_conn_id, target=target, problem=f"cannot be read: {error}")
    if not is_manual(schedule_in(connection)):
        return None
    at = Connection(connection_id=connection_id, workspace_id=connection.get("workspaceId"))
    named = replace(target, name=str(connection.get("name", "")))
    page = page_of(source.airbytes.host(airbyte_conn_id), at)
    problem = None if old else "no committed snapshot has a schedule of it"
    return _Undone(airbyte_conn_id=airbyte_conn_id, target=named, page=page, problem=problem)


def _say(line: str) -> None:
    print(escape(line), file=sys.stderr, flush=True)
