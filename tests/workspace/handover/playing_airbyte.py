"""An Airbyte that plays time, for hand-overs: it shares no code with what is tested.

Its scheduler starts jobs at slots or intervals, some of them late; jobs are queued, run and end; a change of
the schedule cancels a queued job; answers are lost before or after the deed; and the caller is killed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from dag_factory.workspace.handover.moves import AirbyteRefusedError, AirbyteUnansweredError

HOUR = 3600
# A Monday, in seconds since 1970.
MONDAY = 1_790_553_600


class KilledError(BaseException):
    """The process that hands over is gone."""


@dataclass(kw_only=True)
class PlayedJob:
    job_id: int
    slot: int | None
    created: int
    starts: int
    ends: int
    cancelled: int | None = None

    def status(self, now):
        if self.cancelled is not None:
            return "cancelled"
        return "pending" if now < self.starts else "running" if now < self.ends else "succeeded"

    def is_active(self, now):
        return self.status(now) in ("pending", "running")

    def updated(self, now):
        return self.cancelled or (self.ends if now >= self.ends else min(now, max(self.created, now - 20)))


@dataclass(kw_only=True)
class Plan:
    """A schedule in the fake's own words: each `every` hours at minute and second, or an interval."""

    minute: int = 0
    second: int = 0
    every: int = 1
    interval: int | None = None

    @property
    def api(self):
        if self.interval is not None:
            return {"scheduleType": "basic", "basicTiming": f"Every {self.interval // HOUR} HOURS"}
        hours = {1: "*", 24: "3"}.get(self.every, f"0/{self.every}")
        expression = f"{self.second} {self.minute} {hours} * * ? UTC"
        return {"scheduleType": "cron", "cronExpression": expression}

    def next_slot(self, after):
        """Return the first slot after a moment."""
        period = self.every * HOUR
        offset = (3 * HOUR if self.every == 24 else 0) + self.minute * 60 + self.second
        return after + period - (after - MONDAY - offset) % period


@dataclass(kw_only=True)
class PlayedConnection:
    plan: Plan
    is_manual: bool = False
    jobs: list[PlayedJob] = field(default_factory=list)
    due: tuple[int, int | None] | None = None  # when the next job is created, and for which slot
    skipped: set[int] = field(default_factory=set)


class PlayedAirbyte:
    """Airbyte and the caller's clock.

    `trouble` is the chance of a lost answer, `kill` that of an interruption, and `skew` how many seconds the
    caller's clock is ahead of Airbyte's.
    """

    def __init__(
        self, rng: random.Random, plans: dict[str, Plan], *, trouble: float = 0, kill: float = 0, skew=0
    ):
        self.rng, self.time, self.trouble, self.kill, self.skew = rng, MONDAY, trouble, kill, skew
        self.connections = {name: PlayedConnection(plan=plan) for name, plan in plans.items()}
        self.refusals: dict[str, str] = {}
        self.changes: list[tuple[str, str]] = []
        for connection in self.connections.values():
            self._plan_next(connection)

    # The world.

    def advance(self, seconds: int) -> None:
        end = self.time + seconds
        while True:
            dues = [(each.due[0], name) for name, each in self.connections.items() if each.due]
            if not dues or min(dues)[0] > end:
                break
            self.time, name = max(min(dues)[0], self.time), min(dues)[1]
            self._create(self.connections[name])
        self.time = end

    def _create(self, connection):
        _, slot = connection.due
        queued = self.rng.choice((0, 0, 1, 5, 40, 200))
        starts = self.time + queued
        ends = starts + self.rng.choice((20, 300, 1500, 2 * HOUR))
        job = PlayedJob(
            job_id=self.rng.randrange(10**9), slot=slot, created=self.time, starts=starts, ends=ends
        )
        connection.jobs.append(job)
        self._plan_next(connection)

    def _plan_next(self, connection):
        """Plan the next job: after the active one has ended, as Airbyte's workflow does."""
        connection.due = None
        if connection.is_manual:
            return
        newest = connection.jobs[-1] if connection.jobs else None
        idle = self.time
        if newest is not None and newest.is_active(self.time):
            idle = newest.ends
        delay = self.rng.choice((0, 0, 1, 4, 12, 15, 20, self.rng.choice((20, 60, 400))))
        plan = connection.plan
        if plan.interval is not None:
            due = (
                max(idle, newest.created + plan.interval) if newest else self.time + self.rng.randrange(HOUR)
            )
            connection.due = (due + delay, None)
            return
        slot = plan.next_slot(max(idle, newest.created + 60) if newest else idle)
        passed = plan.next_slot(self.time)
        while newest is not None and passed < slot:
            connection.skipped.add(passed)
            passed = plan.next_slot(passed)
        connection.due = (slot + delay, slot)

    # The API.

    def connection(self, connection_id):
        self._call(lambda: None)
        each = self.connections[connection_id]
        schedule = {"scheduleType": "manual"} if each.is_manual else each.plan.api
        return {"connectionId": connection_id, "status": "active", "schedule": schedule}

    def jobs(self, connection_id):
        self._call(lambda: None)
        return [self._job(job) for job in reversed(self.connections[connection_id].jobs)][:20]

    def _job(self, job):
        return {
            "jobId": job.job_id,
            "jobType": "sync",
            "status": job.status(self.time),
            "startTime": _text(job.created),
            "lastUpdatedAt": _text(job.updated(self.time)),
        }

    def set_schedule(self, connection_id, schedule):
        if connection_id in self.refusals:
            raise AirbyteRefusedError(self.refusals[connection_id])
        self._call(lambda: self._set(connection_id, schedule))

    def _set(self, connection_id, schedule):
        each = self.connections[connection_id]
        self.changes.append((connection_id, schedule["scheduleType"]))
        for job in each.jobs:
            if job.status(self.time) == "pending":
                job.cancelled = self.time
        each.is_manual = schedule["scheduleType"] == "manual"
        self._plan_next(each)

    def _call(self, deed):
        self._maybe_kill()
        self.advance(self.rng.choice((0, 0, 1)))
        is_lost = self.rng.random() < self.trouble
        if is_lost and self.rng.random() < 0.5:
            self.advance(self.rng.choice((2, 6)))
            raise AirbyteUnansweredError
        deed()
        self._maybe_kill()
        if is_lost:
            self.advance(self.rng.choice((2, 6)))
            raise AirbyteUnansweredError

    def _maybe_kill(self):
        if self.rng.random() < self.kill:
            raise KilledError

    # The clock.

    def now(self):
        return moment(self.time + self.skew + self.rng.random())

    def sleep(self, seconds):
        self._maybe_kill()
        self.advance(int(seconds) + 1)


def moment(seconds):
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(seconds, UTC)


def _text(seconds):
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
