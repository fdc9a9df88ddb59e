"""A take-over in words: the plan, what has become of each DAG, and commands to run instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from dag_factory.report.escapes import escape
from dag_factory.report.upcoming import describe
from dag_factory.workspace.handover.airbyte_slots import verbatim
from dag_factory.workspace.handover.api_schedules import MANUAL, cannot_put_back
from dag_factory.workspace.handover.moves import Outcome, Target
from dag_factory.workspace.handover.start_dates import start_text
from dag_factory.workspace.handover.take_over_plan import (
    PlannedConnection,
    PlannedDag,
    first_run,
    is_translation,
    next_in_airbyte,
    planned_start,
    remarks,
    uncommitted,
)

_NOTHING = "there is nothing to take over: Airbyte schedules no connection of these DAGs"
# From an airbyte_conn_id and the id of a connection to its page, if that is known.
Pages: TypeAlias = Callable[[str, str], str | None]


def plan(plans: Sequence[PlannedDag], now: datetime, updated: Collection[str]) -> str:
    """Write what a take-over would do; `updated` are the assets that syncs update."""
    if not plans:
        return _text([_NOTHING])
    lines = [line for each in plans for line in _of_dag(each, now, updated)]
    moving = [each for each in plans if _is_moving(each)]
    lines += [f"{_total(plans, moving)}; nothing has been changed"]
    if moving:
        lines.append("Run the command with --apply to move them.")
    return _text(lines)


def _is_moving(each: PlannedDag) -> bool:
    return each.refused is None and each.skipped is None and uncommitted(each) is None


def _total(plans: Sequence[PlannedDag], moving: Sequence[PlannedDag]) -> str:
    connections = sum(len(each.movable) for each in moving)
    refused = sum(each.refused is not None for each in plans)
    skipped = sum(each.skipped is not None for each in plans)
    not_applied = len(plans) - len(moving) - refused - skipped
    total = f"{_count(connections, 'connection')} of {_count(len(moving), 'DAG')} to move"
    total += f", {_count(skipped, 'DAG')} skipped, {refused} refused"
    return f"{total}, {not_applied} that --apply would refuse" if not_applied else total


def _of_dag(each: PlannedDag, now: datetime, updated: Collection[str]) -> Iterator[str]:
    yield f"{each.dag_id} ({each.file})"
    if each.refused is not None or each.skipped is not None:
        yield f"  {'refused' if each.refused else 'skipped'}: {each.refused or each.skipped}"
        return
    for connection in each.movable:
        yield from _of_connection(each, connection, now)
    yield from (f"  {line}" for line in remarks(each, now, updated))
    reason = uncommitted(each)
    if reason is not None:
        yield f"  --apply will refuse it: {reason}"


def _of_connection(each: PlannedDag, connection: PlannedConnection, now: datetime) -> Iterator[str]:
    dag = each.dag
    if dag is None:
        return
    old = verbatim(connection.old)
    was = ", before its take-over was interrupted; it is manual now" if connection.is_resumed else ""
    yield f"  '{connection.name}' ({connection.connection_id})"
    is_known = connection.history.slots is not None
    upcoming = _when(next_in_airbyte(connection, now)) if is_known else "not known"
    yield f"    in Airbyte: {old}, next {upcoming}{was}"
    first = first_run(dag, planned_start(each, now))
    yield f"    in Airflow: {describe(dag)}{'' if first is None else f', next {_when(first)}'}"
    is_same = is_translation(dag, connection, now)
    if is_same is None:
        yield "    Airbyte's schedule is not understood: check the new one, and when Airbyte starts a job"
    elif not is_same:
        yield "    the DAG keeps its own schedule, which is not Airbyte's: is that intended?"
    if not connection.is_active:
        yield "    it is not active in Airbyte: nothing syncs it"
    reason = cannot_put_back(connection.old)
    if reason is not None:
        yield f"    --undo could not put it back: {reason}"


def outcome(each: PlannedDag, done: Outcome, pages: Pages) -> str:
    """Write what has become of a DAG."""
    return _text([f"{each.dag_id} ({each.file})", *(f"  {line}" for line in _outcome(each, done, pages))])


def _outcome(each: PlannedDag, done: Outcome, pages: Pages) -> Iterator[str]:
    if done.refused is not None:
        yield f"refused: {done.refused}"
    elif not done.moved and done.start_date is None:
        yield "done already: its connections are manual, and its start_date fits"
    yield from (f"moved: {target.label}, which was '{verbatim(target.old)}'" for target in done.moved)
    yield from (f"put back: {target.label} has '{verbatim(target.old)}' again" for target in done.put_back)
    yield from (_left(each, target, pages) for target in done.left_manual)
    missed = _LOST if done.put_back else _MISSED
    yield from (f"{missed}: {target.label}" for target in done.missed)
    yield from (f"{_TWICE}: {target.label}" for target in done.twice)
    if done.start_date is not None:
        yield f"start_date is now {start_text(done.start_date, each.draft.zone)} ({each.draft.zone})"


_MISSED = "Airbyte has not started its last scheduled sync, so Airflow runs it when it sees the DAG"
_LOST = "Airbyte has not started its last scheduled sync, and Airflow will not: start it by hand"
_TWICE = "its last slot is served twice, since another connection of the DAG missed it"


def _left(each: PlannedDag, target: Target, pages: Pages) -> str:
    conn_id = next(
        (one.airbyte_conn_id for one in each.connections if one.connection_id == target.connection_id), ""
    )
    reason = cannot_put_back(target.old) or "Airbyte did not do it"
    how = f"{by_hand(target.old, pages(conn_id, target.connection_id))}, or run take-over again"
    return f"nobody syncs {target.label} now ({reason}): {how}"


def by_hand(old: Mapping[str, str], page: str | None) -> str:
    """Say where a person sets a schedule; the page of a connection opens with its jobs."""
    return f"set '{verbatim(old)}' under Settings of {page or 'its page in Airbyte'}"


def summary(outcomes: Sequence[Outcome], skipped: int) -> str:
    """Write the counts at the end, and what comes next."""
    if not outcomes and not skipped:
        return _text([_NOTHING])
    good = [each for each in outcomes if each.refused is None]
    moved = sum(len(each.moved) for each in outcomes)
    refused = len(outcomes) - len(good)
    dags = f"{_count(len(good), 'DAG')} taken over, {skipped} skipped, {refused} refused"
    lines = [f"{_count(moved, 'connection')} moved; {dags}"]
    if good:
        lines += ["Commit the changed files, with the snapshot; deploy them, and unpause the DAGs."]
    return _text(lines)


def skipped(each: PlannedDag) -> str:
    """Write why a DAG is left out."""
    return _text([f"{each.dag_id} ({each.file})", f"  skipped: {each.skipped}"])


def commands(plans: Sequence[PlannedDag], style: str) -> str:
    """Write commands that set connections to manual, without secrets."""
    write = _curl if style == "curl" else _terraform
    lines = list(_TOKEN) if plans and style == "curl" else []
    for each in plans:
        lines += ["", f"# DAG {each.dag_id}"]
        lines += [line for connection in each.movable for line in write(connection)]
        lines.append(f"# When that is done, set start_date in {each.file} to {_start(each)}.")
    return _text(lines).removeprefix("\n")


_TOKEN = (
    "# AIRBYTE_TOKEN is an access token. Post your client_id and client_secret as JSON to",
    "# $AIRBYTE_URL/applications/token, and take the access_token of the answer.",
)


def _start(each: PlannedDag) -> str:
    is_interval = each.dag is not None and each.dag.schedule.every is not None
    by_interval = "the moment at which Airbyte would have started its next sync"
    return by_interval if is_interval else f"the next whole minute ({each.draft.zone})"


def _curl(connection: PlannedConnection) -> Iterator[str]:
    body = json.dumps({"schedule": dict(MANUAL)})
    yield f"# '{connection.name}', which is '{verbatim(connection.old)}'"
    yield "curl --fail-with-body --request PATCH \\"
    yield '  --header "Authorization: Bearer $AIRBYTE_TOKEN" --header "Content-Type: application/json" \\'
    yield f"  --data '{body}' \"${{AIRBYTE_URL%/}}/connections/{connection.connection_id}\""


def _terraform(connection: PlannedConnection) -> Iterator[str]:
    yield f"# airbyte_connection '{connection.name}' ({connection.connection_id})"
    yield f"# instead of '{verbatim(connection.old)}'"
    yield "schedule = {"
    yield '  schedule_type = "manual"'
    yield "}"


def _when(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{escape(line)}\n" for line in lines)
