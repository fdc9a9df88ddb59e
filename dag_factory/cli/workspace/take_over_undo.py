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
from dag_factory.cli.workspace.chosen_dags import chosen, named
from dag_factory.cli.workspace.reading import Source, record
from dag_factory.cli.workspace.take_over_text import by_hand
from dag_factory.config.project import Resolution
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
    """A connection: what it had, and what it needs of a person, or why there is nothing to put back."""

    airbyte_conn_id: str
    target: Target
    page: str | None = None
    problem: str | None = None
    nothing: str | None = None


def undo(resolution: Resolution, names: Sequence[str], source: Source, clock: Clock, *, apply: bool) -> int:
    """Put back what can be put back, and name the rest. It needs no configuration without errors.

    Args:
        resolution: All DAGs that could be read.
        names: The DAGs or the ids of connections; none, for a plan alone, for all that Airbyte no longer
            schedules.
        source: Where connections are read from.
        clock: The time.
        apply: Whether to do it; else only the plan is printed.
    """
    if apply and not names:
        message = (
            "--undo --apply makes Airbyte start syncs again: name the DAGs, or write '*' for all of them"
        )
        raise UsageError(message)
    found = list(_found(_connections(resolution, names, source), source, is_named=bool(names)))
    handover = Handover(clock=clock, tell=_say)
    done = failed = 0
    for each in found:
        if each.nothing is not None:
            print(escape(f"{each.target.label}: nothing to undo, {each.nothing}"), flush=True)
            continue
        is_done, line = _done(each, handover, apply=apply)
        done, failed = done + is_done, failed + (not is_done)
        print(escape(line), flush=True)
        if is_done and apply:
            record(source, [(each.airbyte_conn_id, each.target.connection_id, each.target.old)], _say)
    print(_summary(done, failed, apply=apply))
    return FINDINGS if failed else CLEAN


def _summary(done: int, failed: int, *, apply: bool) -> str:
    if not apply:
        plan = f"{done} can be put back, {failed} cannot; nothing has been changed"
        todo = "Pause the DAGs of these connections in Airflow, and run the command with --apply."
        return f"{plan}\n{todo}" if done else plan
    total = f"{done} put back, {failed} not"
    todo = (
        "No YAML is changed: set 'schedule: null' in the DAGs of these connections, or both Airbyte and "
        "Airflow start the syncs. Commit that with the snapshot, and deploy it before you unpause a DAG."
    )
    return f"{total}\n{todo}" if done else total


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
    return False, f"{label}: {problem}; {by_hand(each.target.old, each.page)}"


def _connections(resolution: Resolution, names: Sequence[str], source: Source) -> list[tuple[str, str]]:
    """Return the airbyte_conn_id and id of what is asked for, each once."""
    pairs: list[tuple[str, str]] = []
    for name in names:
        if _UUID.fullmatch(name.lower()):
            pairs.append((source.only or _DEFAULT, name.lower()))
        elif not named(resolution, name):
            message = f"there is no DAG '{name}' that can be read; name the ids of its connections"
            raise UsageError(message)
    ids = [name for name in names if not _UUID.fullmatch(name.lower())]
    for draft in chosen(resolution, ids) if ids or not names else ():
        own = list(identified(draft.syncs))
        if names and not own:
            _say(f"{draft.dag_id.value}: nothing to undo, the ids of its connections are not known here")
        pairs += own
    return [each for each in dict.fromkeys(pairs) if source.has(each[0])]


def _found(connections: Sequence[tuple[str, str]], source: Source, *, is_named: bool) -> Iterator[_Undone]:
    """Yield what was asked for; without names, what was once scheduled and is manual now."""
    for airbyte_conn_id in dict.fromkeys(conn_id for conn_id, _ in connections):
        wanted = [each for conn_id, each in connections if conn_id == airbyte_conn_id]
        known = _old(source, airbyte_conn_id, wanted)
        for connection_id in wanted if is_named else [each for each in known if known[each]]:
            undone = _read(source, airbyte_conn_id, connection_id, known.get(connection_id))
            if is_named or undone.nothing is None:
                yield undone


def _old(source: Source, airbyte_conn_id: str, wanted: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    files = snapshot_files(source.snapshots, source.environment, airbyte_conn_id)
    try:
        return last_schedules(files, wanted)
    except NotCommittedError as error:
        raise UsageError(str(error)) from error


def _read(source: Source, airbyte_conn_id: str, connection_id: str, old: Mapping[str, str] | None) -> _Undone:
    airbyte = source.airbytes.of(airbyte_conn_id)
    target = Target(connection_id=connection_id, name=connection_id, airbyte=airbyte, old=old or {})
    try:
        connection = airbyte.connection(connection_id)
    except NoAccessError:
        raise
    except AirbyteRefusedError as error:
        return _Undone(airbyte_conn_id=airbyte_conn_id, target=target, problem=f"cannot be read: {error}")
    at = Connection(connection_id=connection_id, workspace_id=connection.get("workspaceId"))
    return _Undone(
        airbyte_conn_id=airbyte_conn_id,
        target=replace(target, name=str(connection.get("name", ""))),
        page=page_of(source.airbytes.host(airbyte_conn_id), at),
        problem="no committed snapshot has it" if old is None else None,
        nothing=_nothing(schedule_in(connection), old),
    )


def _nothing(now: Mapping[str, str], old: Mapping[str, str] | None) -> str | None:
    """Say why there is nothing to put back; None if there is, or if that is not known."""
    if not is_manual(now):
        return f"Airbyte schedules it: '{verbatim(now)}'"
    return "by the committed snapshots Airbyte has never scheduled it" if old == {} else None


def _say(line: str) -> None:
    print(escape(line), file=sys.stderr, flush=True)
