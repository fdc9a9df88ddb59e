"""`dag-factory take-over`: moves the schedules of connections from Airbyte to Airflow, or shows the plan."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from dag_factory.cli.arguments import add_configs
from dag_factory.cli.main import CLEAN, FINDINGS, UsageError
from dag_factory.cli.progress import watched
from dag_factory.cli.show import check_environment
from dag_factory.cli.workspace import take_over_text, take_over_undo
from dag_factory.cli.workspace.airbytes import Airbytes
from dag_factory.cli.workspace.chosen_dags import chosen
from dag_factory.cli.workspace.folders import checked_folder
from dag_factory.cli.workspace.reading import Source, from_airbyte, from_snapshot, record
from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.project import Resolution, resolve_project
from dag_factory.config.snapshot.snapshots import snapshots_beside
from dag_factory.report.escapes import escape
from dag_factory.report.text import render_one
from dag_factory.workspace.handover.api_schedules import MANUAL
from dag_factory.workspace.handover.committed import why_not_committed
from dag_factory.workspace.handover.handover import Handover
from dag_factory.workspace.handover.moves import (
    AirbyteUnansweredError,
    DagToMove,
    NoAccessError,
    Outcome,
    Target,
)
from dag_factory.workspace.handover.start_dates import DagFile
from dag_factory.workspace.handover.take_over_plan import (
    PlannedDag,
    first_run,
    identified,
    not_started,
    planned,
    uncommitted,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and examples."""
    parser.add_argument(
        "dags",
        metavar="DAG",
        nargs="*",
        help="ids of DAGs, patterns of ids with * and ?, or configuration files (default: all DAGs with a"
        " connection that Airbyte schedules, with --undo with one that it scheduled once)",
    )
    parser.add_argument("--apply", action="store_true", help="do it; without it, the plan is printed")
    parser.add_argument(
        "--undo",
        action="store_true",
        help="give connections the schedules that Airbyte had, from the history of the snapshot",
    )
    parser.add_argument(
        "--print",
        choices=("curl", "terraform"),
        dest="style",
        help="print what sets the connections to manual, instead of doing it",
    )
    parser.add_argument(
        "--allow-unscheduled", action="store_true", help="move DAGs too that Airflow would not start"
    )
    parser.add_argument("--env", metavar="NAME", help="the environment (default: the one in DAG_FACTORY_ENV)")
    parser.add_argument(
        "--airbyte-conn-id", metavar="ID", help="only connections of this Airbyte (default: of all)"
    )
    add_configs(parser)
    parser.epilog = """\
The old schedules have to be in a committed snapshot: run 'dag-factory pull' and commit before --apply.
The start_date of each DAG becomes the moment of the hand-over, and the snapshot gets the new schedules;
nothing else changes.

examples:
  dag-factory take-over                         # show the plan for all DAGs
  dag-factory take-over orders --apply          # take over the connections of the DAG 'orders'
  dag-factory take-over 'shop_*' --apply        # those of each DAG whose id begins with shop_
  dag-factory take-over --print terraform       # print what to set where Terraform has the connections
  dag-factory take-over --undo orders --apply   # put back what Airbyte's API can put back"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def run(arguments: argparse.Namespace) -> int:
    """Take over, or show the plan. Exit status 0: done or shown, 1: something is refused."""
    _check(arguments)
    try:
        with ExitStack() as stack:
            return _run(arguments, Airbytes(stack=stack))
    except (NoAccessError, AirbyteUnansweredError) as error:
        # Only the first reading raises them; while something is changed, each DAG says what has become of it.
        _say(f"dag-factory take-over: {error}; nothing has been changed")
        return FINDINGS


def _run(arguments: argparse.Namespace, airbytes: Airbytes) -> int:
    environment = arguments.env or os.environ.get("DAG_FACTORY_ENV") or None
    root = checked_folder(arguments.configs, "take-over")
    resolution = resolve_project(root, environment)
    source = Source(
        snapshots=snapshots_beside(root, root.name),
        environment=environment,
        airbytes=airbytes,
        only=arguments.airbyte_conn_id,
    )
    if arguments.undo:
        return take_over_undo.undo(resolution, arguments.dags, source, SystemClock(), apply=arguments.apply)
    check_environment(environment, resolution.project.environments)
    _refuse_broken_snapshots(resolution.drafts, source)
    unread = () if arguments.dags else _unread(resolution)
    for name in unread:
        _say(f"{name}: refused: it has errors and no DAG that can be read; see 'dag-factory validate'")
    status = _taken(_plans(resolution, source, arguments), source, resolution, arguments)
    return FINDINGS if unread else status


def _unread(resolution: Resolution) -> Sequence[str]:
    """Name the files with errors of which no DAG could be read: Airbyte may schedule their connections."""
    known = {draft.document.file.name for draft in resolution.drafts}
    errors = [each.file for each in resolution.project.diagnostics if has_errors([each])]
    return [name for name in dict.fromkeys(errors) if name not in known]


def _taken(
    plans: Sequence[PlannedDag], source: Source, resolution: Resolution, arguments: argparse.Namespace
) -> int:
    if arguments.style is not None:
        return _printed(plans, arguments.style)
    if arguments.apply:
        return _applied(plans, source, resolution)
    updated = {each for draft in resolution.drafts for sync in draft.syncs for each, _ in sync.updates()}
    print(take_over_text.plan(plans, datetime.now(UTC), updated), end="")
    return FINDINGS if any(plan.refused is not None for plan in plans) else CLEAN


def _refuse_broken_snapshots(drafts: Sequence[DraftDag], source: Source) -> None:
    """Raise UsageError for a snapshot that cannot be read: without it there seems to be nothing to do."""
    for conn_id in dict.fromkeys(sync.airbyte_conn_id.value for dag in drafts for sync in dag.syncs):
        found = source.snapshots.of(source.environment, conn_id)
        if isinstance(found, Diagnostic):
            raise UsageError(render_one(found))


def _check(arguments: argparse.Namespace) -> None:
    if arguments.style is not None and (arguments.apply or arguments.undo):
        message = "--print calls nothing; leave out --apply and --undo"
        raise UsageError(message)


def _plans(resolution: Resolution, source: Source, arguments: argparse.Namespace) -> list[PlannedDag]:
    """Read what is asked for; without names, keep what there is something to say about."""
    read = from_airbyte if arguments.style is None else from_snapshot
    dags = {id(dag.location.document): dag for dag in resolution.project.dags}
    plans = []
    for draft in watched(chosen(resolution, arguments.dags), sys.stderr, "DAG", few=10):
        connections = [read(source, *each) for each in identified(draft.syncs) if source.has(each[0])]
        plans.append(
            planned(
                draft,
                dags.get(id(draft.document)),
                connections,
                partial(_cannot_be_edited, draft, resolution),
                partial(_why_not_committed, draft, resolution),
                now=datetime.now(UTC),
                allow_unscheduled=arguments.allow_unscheduled,
            )
        )
    return [plan for plan in plans if arguments.dags or plan.is_of_interest]


def _cannot_be_edited(draft: DraftDag, resolution: Resolution) -> str | None:
    return file_of(draft, resolution).cannot_be_edited(draft)


def _why_not_committed(draft: DraftDag, resolution: Resolution) -> str | None:
    file = file_of(draft, resolution)
    return why_not_committed(file.path, file.name)


def file_of(draft: DraftDag, resolution: Resolution) -> DagFile:
    """Return the file of a DAG."""
    name = draft.document.file.name
    path = next(each.path for each in resolution.files if each.name == name)
    return DagFile(path=path, name=name, document=draft.document, zone=draft.zone)


def _printed(plans: Sequence[PlannedDag], style: str) -> int:
    """Print commands for what has a committed snapshot, and say on the other stream what has not."""
    refused = [(plan, plan.refused or uncommitted(plan)) for plan in plans]
    for plan, reason in refused:
        if reason is not None or plan.skipped is not None:
            _say(f"{plan.dag_id}: {reason or plan.skipped}")
    good = [plan for plan, reason in refused if reason is None and plan.skipped is None]
    print(take_over_text.commands(good, style), end="")
    return FINDINGS if len(good) < len([plan for plan in plans if plan.skipped is None]) else CLEAN


def _applied(plans: Sequence[PlannedDag], source: Source, resolution: Resolution) -> int:
    """Take over one DAG after the other; one that is refused stops no other."""
    outcomes: list[Outcome] = []
    try:
        for plan in plans:
            if plan.skipped is not None:
                print(take_over_text.skipped(plan), end="", flush=True)
                continue
            outcome = _taken_over(plan, source, resolution)
            outcomes.append(outcome)
            print(take_over_text.outcome(plan, outcome, source.page_of), end="", flush=True)
    except KeyboardInterrupt:
        _say("interrupted; run the same command again, and it goes on where it was")
        raise
    skipped = sum(plan.skipped is not None for plan in plans)
    print(take_over_text.summary(outcomes, skipped), end="")
    return FINDINGS if any(outcome.refused is not None for outcome in outcomes) else CLEAN


def _taken_over(plan: PlannedDag, source: Source, resolution: Resolution) -> Outcome:
    reason = plan.refused or uncommitted(plan)
    dag = plan.dag
    if reason is not None or dag is None:
        return Outcome(dag_id=plan.dag_id, refused=reason)
    file = file_of(plan.draft, resolution)
    to_move = DagToMove(
        dag_id=plan.dag_id,
        targets=tuple(
            Target(
                connection_id=each.connection_id,
                name=each.name,
                airbyte=source.airbytes.of(each.airbyte_conn_id),
                old=each.old,
            )
            for each in plan.movable
        ),
        is_interval=dag.schedule.every is not None,
        first_run=lambda start: first_run(dag, start),
        start_date=dag.start_date,
        # Where Airflow does not start it, a date would say nothing, or come after its end_date.
        write_start=file.write if not_started(plan, datetime.now(UTC)) is None else None,
    )
    outcome = Handover(clock=SystemClock(), tell=_say).run(to_move)
    if outcome.refused is None:
        record(source, [(each.airbyte_conn_id, each.connection_id, MANUAL) for each in plan.movable], _say)
    return outcome


def _say(line: str) -> None:
    """Report progress beside the output."""
    print(escape(line), file=sys.stderr, flush=True)
