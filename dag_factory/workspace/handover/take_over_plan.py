"""What a take-over would do: the connections of each DAG, when they run then, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dag_factory.config.model.dag import Dag, Schedule, assets_of
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.snapshot.model import SnapshotConnection
from dag_factory.config.text.templates import is_template
from dag_factory.report.upcoming import next_runs
from dag_factory.workspace.handover.airbyte_slots import (
    Cron,
    Interval,
    UnknownScheduleError,
    slots_of,
    verbatim,
)
from dag_factory.workspace.handover.api_schedules import is_manual, same_schedule
from dag_factory.workspace.handover.gaps import History, Job, next_start, start_of

_PULL = "run 'dag-factory pull' and commit the snapshot"
# So many moments in a row are compared to say whether two schedules are the same.
_COMPARED = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedConnection:
    """A connection of a DAG.

    Args:
        airbyte_conn_id: The Airflow connection of its Airbyte.
        schedule: What Airbyte has now.
        committed: What the committed snapshot says of it; None without it.
        is_active: Whether Airbyte syncs it at all.
        jobs: Its newest jobs, where they tell when it runs next.
        problem: Why it could not be read.
        uncommitted: Why its old schedule could be lost.
        is_done: Whether the snapshot in the folder has it as manual already: it has been taken over since.
    """

    connection_id: str
    name: str
    airbyte_conn_id: str
    schedule: Mapping[str, str]
    committed: SnapshotConnection | None = None
    is_active: bool = True
    jobs: Sequence[Job] = ()
    problem: str | None = None
    uncommitted: str | None = None
    is_done: bool = False

    @property
    def old(self) -> Mapping[str, str]:
        """The schedule to take over: what Airbyte has, or had before a take-over was interrupted."""
        return self.committed.schedule if self.is_resumed and self.committed is not None else self.schedule

    @property
    def is_resumed(self) -> bool:
        """Whether it is manual already, was not when the snapshot was committed, and is not done."""
        was_scheduled = self.committed is not None and self.committed.is_scheduled
        return is_manual(self.schedule) and was_scheduled and not self.is_done

    @property
    def is_movable(self) -> bool:
        """Whether there is a schedule to take over."""
        return self.problem is None and not is_manual(self.old)

    @property
    def history(self) -> History:
        """When Airbyte runs it, as far as that is understood."""
        try:
            slots = slots_of(self.old)
        except UnknownScheduleError:
            slots = None
        return History(slots=slots, jobs=self.jobs, is_active=self.is_active)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedDag:
    """A DAG with its connections, or why it is refused or skipped; `dag` is None where it has errors.

    `file_uncommitted` says why git does not have its file.
    """

    dag_id: str
    file: str
    draft: DraftDag
    dag: Dag | None
    connections: tuple[PlannedConnection, ...]
    refused: str | None = None
    skipped: str | None = None
    file_uncommitted: str | None = None

    @property
    def movable(self) -> tuple[PlannedConnection, ...]:
        """The connections to move."""
        return tuple(each for each in self.connections if each.is_movable)

    @property
    def is_of_interest(self) -> bool:
        """Whether there is something to move, or a connection of which that is not known."""
        return bool(self.movable) or any(each.problem is not None for each in self.connections)


def planned(
    draft: DraftDag,
    dag: Dag | None,
    connections: Sequence[PlannedConnection],
    cannot_be_edited: Callable[[], str | None],
    why_not_committed: Callable[[], str | None],
    *,
    now: datetime,
    allow_unscheduled: bool,
) -> PlannedDag:
    """Judge a DAG whose connections have been read; its file is looked at only if it would be edited."""
    plan = PlannedDag(
        dag_id=draft.dag_id.value,
        file=draft.document.file.name,
        draft=draft,
        dag=dag,
        connections=tuple(connections),
    )
    refused = _refusal(plan, cannot_be_edited, now)
    if refused is not None:
        return replace(plan, refused=refused)
    if not plan.movable:
        return replace(plan, skipped="Airbyte schedules none of its connections")
    skipped = None if allow_unscheduled else not_started(plan, now)
    return replace(plan, skipped=skipped, file_uncommitted=None if skipped else why_not_committed())


def _refusal(plan: PlannedDag, cannot_be_edited: Callable[[], str | None], now: datetime) -> str | None:
    """Say why a DAG must not be touched."""
    if plan.dag is None:
        return "it has errors; see 'dag-factory validate'"
    templates = [sync.name for sync in plan.draft.syncs if is_template(sync.connection_id.value or "")]
    if templates:
        return f"the connection of the sync '{templates[0]}' is a template, which only Airflow can resolve"
    problem = next((each for each in plan.connections if each.problem is not None), None)
    if problem is not None:
        return f"the connection {problem.connection_id} cannot be read: {problem.problem}"
    return cannot_be_edited() if plan.movable and not_started(plan, now) is None else None


def uncommitted(plan: PlannedDag) -> str | None:
    """Say why `--apply` would refuse a DAG: git does not have an old schedule of it, or its file."""
    connections = (each.uncommitted for each in plan.movable if each.uncommitted is not None)
    return next(connections, plan.file_uncommitted)


def why_uncommitted(schedule: Mapping[str, str], committed: SnapshotConnection | None) -> str | None:
    """Compare what Airbyte has now with the committed snapshot."""
    if committed is None:
        return f"the committed snapshot does not have it; {_PULL}"
    if is_manual(schedule) or same_schedule(schedule, committed.schedule):
        return None
    return f"the committed snapshot has another schedule, '{verbatim(committed.schedule)}'; {_PULL}"


def not_started(plan: PlannedDag, now: datetime) -> str | None:
    """Say why Airflow would never start a DAG by itself from now on; None if it would, or has no DAG."""
    reason = None if plan.dag is None else _why_not_started(plan.dag, planned_start(plan, now))
    return None if reason is None else f"{reason} (--allow-unscheduled moves it all the same)"


def _why_not_started(dag: Dag, start: datetime) -> str | None:
    if not dag.enabled:
        return "'enabled' is false, so Airflow would not start it"
    if dag.schedule == Schedule(timezone=dag.schedule.timezone):
        return "it has no schedule, so Airflow would not start it"
    if dag.schedule.cron == "@once":
        return "'@once' is a single run, so Airflow would not start it again"
    return None if dag.end_date is None else _why_over(dag, dag.end_date, start)


def _why_over(dag: Dag, end: datetime, start: datetime) -> str | None:
    if end < start:
        return "its end_date has passed, so Airflow would not start it"
    is_by_times_alone = dag.schedule.assets is None and dag.schedule.cron != "@continuous"
    if is_by_times_alone and first_run(dag, start) is None:
        return "its schedule has no time before its end_date, so Airflow would not start it"
    return None


def remarks(plan: PlannedDag, now: datetime, updated: Collection[str]) -> Iterator[str]:
    """Yield what keeps Airflow from starting a DAG as Airbyte does, or changes besides its schedule.

    `updated` are the assets that syncs update.
    """
    dag = plan.dag
    if dag is None or not_started(plan, now) is not None:
        return
    start = planned_start(plan, now)
    if dag.start_date > start:
        yield f"its start_date, {_day(dag.start_date)}, is replaced: Airflow starts it from now on"
    if dag.end_date is not None:
        yield f"Airflow starts it no more after its end_date, {_day(dag.end_date)}"
    if first_run(dag, start) is None:
        for asset in (each for each in assets_of(dag.schedule.assets) if each not in updated):
            yield f"no sync here updates the asset '{asset}', for which it waits"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def identified(syncs: Sequence[DraftSync]) -> Iterator[tuple[str, str]]:
    """Yield the airbyte_conn_id and the id of each connection, each once."""
    ids = ((sync.airbyte_conn_id.value, sync.connection_id.value) for sync in syncs)
    known = dict.fromkeys((conn, each) for conn, each in ids if each is not None and not is_template(each))
    yield from known


def planned_start(plan: PlannedDag, now: datetime) -> datetime:
    """Return the `start_date` if everything were moved at this moment."""
    is_interval = plan.dag is not None and plan.dag.schedule.every is not None
    histories = [replace(each.history, known_since=None if each.is_resumed else now) for each in plan.movable]
    return start_of(histories, now, is_interval=is_interval)


def first_run(dag: Dag, start: datetime) -> datetime | None:
    """Return the first run of a DAG with a `start_date`; None where times do not start it."""
    runs = next_runs(replace(dag, start_date=start), start - timedelta(seconds=1), 1)
    return runs[0].astimezone(UTC) if runs else None


def next_in_airbyte(connection: PlannedConnection, now: datetime) -> datetime | None:
    """Return when Airbyte would run a connection next."""
    return next_start(replace(connection.history, known_since=now), now)


def is_translation(dag: Dag, connection: PlannedConnection, now: datetime) -> bool | None:
    """Whether a DAG runs at the moments of Airbyte's schedule; None if those are not known."""
    slots = connection.history.slots
    if isinstance(slots, Interval):
        return dag.schedule.every == slots.length.total_seconds()
    if not isinstance(slots, Cron):
        return None
    runs = next_runs(replace(dag, start_date=now, end_date=None, catchup=False), now, _COMPARED)
    own = [run.astimezone(UTC) for run in runs]
    return bool(own) and own == _minutes(slots, now, len(own))


def _minutes(slots: Cron, now: datetime, count: int) -> list[datetime]:
    """Return the next minutes in which Airbyte starts a sync."""
    found: list[datetime] = []
    moment: datetime | None = now
    while moment is not None and len(found) < count:
        moment = slots.at_or_after(moment)
        if moment is not None:
            minute = moment.replace(second=0, microsecond=0)
            found += [minute] if minute > now and minute not in found[-1:] else []
            moment += timedelta(seconds=1)
    return found
