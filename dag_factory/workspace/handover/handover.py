"""Moves the schedule of a DAG's connections from Airbyte to Airflow: no slot is missed, none served twice.

All connections of a DAG are moved in one gap of Airbyte's schedules, each is read back, and then the DAG's
`start_date` is written: the moment from which on Airflow serves the slots. It can be interrupted anywhere,
and goes on when it is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from dag_factory.workspace.handover.airbyte_slots import verbatim
from dag_factory.workspace.handover.api_schedules import (
    MANUAL,
    cannot_put_back,
    is_manual,
    same_schedule,
    schedule_in,
)
from dag_factory.workspace.handover.gaps import (
    BEFORE,
    LATENESS,
    History,
    Job,
    free_moment,
    job_from,
    late_windows,
    need_of,
    next_start,
    served_again,
    start_of,
    windows,
)
from dag_factory.workspace.handover.moves import (
    AirbyteRefusedError,
    AirbyteUnansweredError,
    Clock,
    DagToMove,
    HandoverError,
    Outcome,
    Target,
)

# How long a queued job is waited for.
_LONGEST_QUEUE = timedelta(minutes=15)
_LONGEST_SLEEP = 30.0
_ATTEMPTS = 4
_SECONDS_BETWEEN_ATTEMPTS = 3.0
# After a slot that seems to be missed: a job may appear a moment after it was created.
_SECONDS_TO_APPEAR = 10.0

T = TypeVar("T")


@dataclass(kw_only=True)
class _Progress:
    """How far a DAG has come."""

    moved: list[Target] = field(default_factory=list)
    resumed: list[Target] = field(default_factory=list)
    inactive: set[str] = field(default_factory=set)
    waited_for: datetime | None = None
    dag_id: str
    began: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """Moves DAGs: `tell` is given one line about each wait, and about what goes wrong."""

    clock: Clock
    tell: Callable[[str], None]

    def run(self, dag: DagToMove) -> Outcome:
        """Move a DAG, or leave everything as it was and say why."""
        progress = _Progress(dag_id=dag.dag_id, began=self.clock.now())
        for target in dag.targets:
            if target.not_understood is not None:
                self.tell(
                    f"{target.label}: {target.not_understood}; whether it starts a job now is not known"
                )
        try:
            waiting = self._to_be_moved(dag, progress)
            self._wait_for_gap(waiting, progress)
            for target in waiting:
                self._move(target, progress)
        except (HandoverError, AirbyteRefusedError, AirbyteUnansweredError) as error:
            return self._taken_back(dag, progress, str(error))
        return self._started(dag, progress)

    def put_back(self, target: Target) -> None:
        """Give a connection its old schedule, without cancelling a queued job.

        Raises:
            HandoverError: It cannot be put back.
        """
        reason = cannot_put_back(target.old)
        if reason is not None:
            message = f"{target.label} cannot be put back: {reason}"
            raise HandoverError(message)
        try:
            self._wait_for_queue(target, self.clock.now())
            self._set(target, target.old)
        except (AirbyteRefusedError, AirbyteUnansweredError) as error:
            raise HandoverError(str(error)) from error

    def _to_be_moved(self, dag: DagToMove, progress: _Progress) -> list[Target]:
        """Return the connections that Airbyte still schedules; refuse what has changed since the snapshot."""
        waiting: list[Target] = []
        for target in dag.targets:
            connection = self._connection(target)
            if connection.get("status") != "active":
                progress.inactive.add(target.connection_id)
            schedule = schedule_in(connection)
            if is_manual(schedule):
                progress.resumed.append(target)
            elif same_schedule(schedule, target.old):
                waiting.append(target)
            else:
                message = f"{target.label} has another schedule than in the committed snapshot"
                raise HandoverError(message)
        return waiting

    def _wait_for_gap(self, waiting: Sequence[Target], progress: _Progress) -> None:
        """Wait until no slot is near and no job is queued."""
        began = self.clock.now()
        until: datetime | None = None
        while waiting:
            histories = [self._history(target, progress) for target in waiting]
            now = self.clock.now()
            closed = [
                *late_windows(histories, now),
                *(one for each in histories for one in windows(each, now)),
            ]
            until = until or free_moment(closed, now, need_of(len(waiting)))
            if now < until:
                self._wait_until(until, now, progress)
                began = self.clock.now()
            elif any(opens <= now < closes for opens, closes in closed):
                until = None
            elif (queued := _queued(waiting, histories)) is not None:
                self._wait_for_job(queued, began)
                until = None
            else:
                return

    def _wait_until(self, moment: datetime, now: datetime, progress: _Progress) -> None:
        if moment != progress.waited_for:
            gap = "for a gap between the starts of its syncs in Airbyte"
            self.tell(f"{progress.dag_id}: waiting until {moment:%H:%M:%S} UTC, {gap}")
            progress.waited_for = moment
        self.clock.sleep(min((moment - now).total_seconds(), _LONGEST_SLEEP))

    def _wait_for_job(self, queued: tuple[Target, Job], began: datetime) -> None:
        target, job = queued
        if self.clock.now() - began > _LONGEST_QUEUE:
            minutes = int(_LONGEST_QUEUE.total_seconds() // 60)
            message = (
                f"job {job.job_id} of {target.label} has been queued for {minutes} minutes; try again later"
            )
            raise HandoverError(message)
        self.tell(f"waiting for job {job.job_id} of {target.label}: it is queued, and would be cancelled")
        self.clock.sleep(_SECONDS_TO_APPEAR)

    def _wait_for_queue(self, target: Target, began: datetime) -> None:
        while True:
            jobs = self._jobs(target)
            queued = next((job for job in jobs if job.is_queued), None)
            if queued is None:
                return
            self._wait_for_job((target, queued), began)

    def _move(self, target: Target, progress: _Progress) -> None:
        """Set a connection to manual. Once one is moved, the others follow without waiting for a gap."""
        if progress.moved:
            self._wait_for_queue(target, self.clock.now())
        # Noted first: an error may come after Airbyte has done it.
        progress.moved.append(target)
        try:
            self._set(target, MANUAL)
        except AirbyteRefusedError:
            progress.moved.remove(target)
            raise

    def _set(self, target: Target, schedule: Mapping[str, str]) -> None:
        """Change a schedule and read it back, until it is so: an answer may be lost after the deed."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.clock.sleep(_SECONDS_BETWEEN_ATTEMPTS)
            try:
                target.airbyte.set_schedule(target.connection_id, schedule)
            except AirbyteUnansweredError:
                self.tell(f"no answer about {target.label}: reading it back")
            connection = self._connection(target)
            if same_schedule(schedule_in(connection), schedule):
                return
        message = f"{target.label} could not be set to '{verbatim(schedule)}': Airbyte does not show it"
        raise HandoverError(message)

    def _taken_back(self, dag: DagToMove, progress: _Progress, reason: str) -> Outcome:
        """Put back what has been moved, as far as the API can."""
        put_back: list[Target] = []
        left: list[Target] = []
        for target in progress.moved:
            if self._is_manual(target):
                (put_back if self._is_put_back(target) else left).append(target)
        missed = tuple(target for target in put_back if self._may_be_missed(target, progress))
        return Outcome(
            dag_id=dag.dag_id,
            refused=reason,
            put_back=tuple(put_back),
            left_manual=tuple(left),
            missed=missed,
        )

    def _may_be_missed(self, target: Target, progress: _Progress) -> bool:
        """Whether nobody has served a slot between the move of a connection and its way back."""
        try:
            history = self._history(target, progress)
        except (AirbyteRefusedError, AirbyteUnansweredError):
            return True
        return _is_missed(history, self.clock.now())

    def _is_manual(self, target: Target) -> bool:
        """Whether a connection is manual, or cannot be asked."""
        try:
            return is_manual(schedule_in(self._connection(target)))
        except (AirbyteRefusedError, AirbyteUnansweredError):
            return True

    def _is_put_back(self, target: Target) -> bool:
        try:
            self.put_back(target)
        except HandoverError as error:
            self.tell(str(error))
            return False
        return True

    def _started(self, dag: DagToMove, progress: _Progress) -> Outcome:
        """Compute the start from what Airbyte has served, and write it where it makes a difference."""
        outcome = Outcome(dag_id=dag.dag_id, moved=tuple(progress.moved))
        try:
            histories = self._settled(dag, progress)
        except (AirbyteRefusedError, AirbyteUnansweredError) as error:
            return replace(outcome, refused=f"its jobs cannot be read, so start_date is not set: {error}")
        now = self.clock.now()
        start = start_of(histories.values(), now, is_interval=dag.is_interval)
        missed = _where(dag, lambda each: _is_missed(histories[each.connection_id], now))
        twice = _where(dag, lambda each: served_again(histories[each.connection_id], start, now))
        outcome = replace(outcome, missed=missed, twice=twice)
        if dag.write_start is None or not _moves(dag, start):
            return outcome
        try:
            dag.write_start(start)
        except HandoverError as error:
            return replace(outcome, refused=str(error))
        return replace(outcome, start_date=start)

    def _settled(self, dag: DagToMove, progress: _Progress) -> dict[str, History]:
        """Read all jobs, and again a moment later if one seems to be missing."""
        for seconds in (_SECONDS_TO_APPEAR, 0.0):
            histories = {each.connection_id: self._history(each, progress) for each in dag.targets}
            now = self.clock.now()
            if not any(_is_missed(each, now) for each in histories.values()):
                break
            self.clock.sleep(seconds)
        return histories

    def _history(self, target: Target, progress: _Progress) -> History:
        return History(
            slots=target.slots,
            jobs=self._jobs(target),
            is_active=target.connection_id not in progress.inactive,
            known_since=None if target in progress.resumed else progress.began - LATENESS,
            # Airbyte's clock may be behind.
            moving_since=progress.began - BEFORE,
        )

    def _connection(self, target: Target) -> Mapping[str, Any]:
        return self._asked(lambda: target.airbyte.connection(target.connection_id))

    def _jobs(self, target: Target) -> list[Job]:
        found = self._asked(lambda: target.airbyte.jobs(target.connection_id))
        return sorted(map(job_from, found), key=lambda job: job.created, reverse=True)

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask something that changes nothing, again if no answer comes."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return ask()
            except AirbyteUnansweredError:
                self.clock.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        return ask()


def _queued(targets: Sequence[Target], histories: Sequence[History]) -> tuple[Target, Job] | None:
    pairs: Iterator[tuple[Target, Job]] = (
        (target, job) for target, each in zip(targets, histories, strict=True) for job in each.jobs
    )
    return next((pair for pair in pairs if pair[1].is_queued), None)


def _is_missed(history: History, now: datetime) -> bool:
    moment = next_start(history, now)
    return moment is not None and moment <= now


def _moves(dag: DagToMove, start: datetime) -> bool:
    """Whether a new `start_date` changes when Airflow starts a DAG; without times, if the old is to come."""
    first = dag.first_run(start)
    return dag.start_date > start if first is None else dag.first_run(dag.start_date) != first


def _where(dag: DagToMove, is_so: Callable[[Target], bool]) -> tuple[Target, ...]:
    return tuple(target for target in dag.targets if is_so(target))
