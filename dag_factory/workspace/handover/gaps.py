"""When a schedule can be taken from Airbyte, and from when on it is Airflow's.

A change of a connection's schedule must not meet the moment at which Airbyte starts a job, since it cancels
a job that is still queued. What Airbyte has served and what not is read from the list of its jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from dag_factory.workspace.handover.airbyte_slots import Cron, Interval, Slots

# How long around a slot nothing is changed: clocks differ, and Airbyte takes a moment to start a job.
BEFORE = timedelta(seconds=20)
AFTER = timedelta(seconds=30)
# What one call may take, so that all connections of a DAG fit into one gap.
ONE_CALL = timedelta(seconds=10)
_LONGEST_NEED = timedelta(minutes=10)
# How far ahead a gap is looked for; Airbyte's schedules are hourly at most.
_HORIZON = timedelta(hours=2)
# How late Airbyte may serve a slot: Airbyte Cloud spreads the starts over some minutes.
LATENESS = timedelta(minutes=30)
# By how much a job may seem to be created before its slot.
_SKEW = timedelta(seconds=5)

_QUEUED = ("pending", "queued")
_FINAL = ("succeeded", "failed", "cancelled")
# Job types that move a connection's data as a sync does.
_SYNC = "sync"

Window: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job of a connection: when it was created, and when it was last seen to change."""

    job_id: int
    status: str
    is_sync: bool
    created: datetime
    updated: datetime

    @property
    def is_queued(self) -> bool:
        """Whether it waits to be started; a change of the schedule would cancel it."""
        return self.status in _QUEUED

    def covers(self, slot: datetime) -> bool:
        """Whether Airbyte has nothing more to start at a slot, because of this job."""
        is_over = self.status in _FINAL and self.updated < slot
        return self.is_sync and (self.created >= slot - _SKEW or not is_over)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What is known of a connection: its old schedule, its jobs from the newest on, and since when.

    Slots before `known_since` were Airbyte's to serve, whatever it did. A job that was cancelled after
    `moving_since` was cancelled by the move itself. A connection that is not active is never started.
    """

    slots: Slots
    jobs: Sequence[Job]
    is_active: bool = True
    known_since: datetime | None = None
    moving_since: datetime | None = None

    @property
    def counting(self) -> Iterator[Job]:
        """The sync jobs that may have served a slot."""
        for job in self.jobs:
            is_lost = job.status == "cancelled" and self.moving_since and job.updated >= self.moving_since
            if job.is_sync and not is_lost:
                yield job


def job_from(values: Mapping[str, Any]) -> Job:
    """Read a job of the public API."""
    created = _moment(values.get("startTime"))
    return Job(
        job_id=int(values["jobId"]),
        status=str(values.get("status", "")).lower(),
        is_sync=str(values.get("jobType", _SYNC)).lower() == _SYNC,
        created=created,
        updated=max(created, _moment(values.get("lastUpdatedAt") or values.get("startTime"))),
    )


def windows(history: History, now: datetime, before: timedelta = BEFORE) -> list[Window]:
    """Return the times around the next slots in which the schedule must not be changed."""
    slots = history.slots
    if slots is None or not history.is_active:
        return []
    if isinstance(slots, Interval):
        newest = next(history.counting, None)
        due = [newest.created + slots.length] if newest is not None else []
    else:
        due = list(slots.between(now - AFTER, now + _HORIZON))
    # Airflow's slot is at the beginning of the minute.
    return [(_minute(slot) - before, slot + AFTER) for slot in due]


def late_windows(histories: Sequence[History], now: datetime) -> list[Window]:
    """Return until when a slot may still be served that Airbyte has served for another connection.

    Else one connection would have its sync from Airbyte and the other from Airflow.
    """
    last = [(each, slot) for each in histories if (slot := _last_slot(each, now)) is not None]
    served = {slot for each, slot in last if _is_served(each, slot)}
    late = [(each, slot) for each, slot in last if slot in served and not _is_served(each, slot)]
    return [(slot, slot + LATENESS) for _, slot in late if now - LATENESS < slot]


def free_moment(closed: Iterable[Window], now: datetime, need: timedelta) -> datetime:
    """Return the first moment from which on nothing is closed for so long, else that of the longest gap."""
    ordered = sorted(window for window in closed if window[1] > now)
    gaps = list(_gaps(ordered, now))
    fitting = (start for start, end in gaps if end - start >= need)
    longest = max(gaps, key=lambda gap: gap[1] - gap[0])
    return next(fitting, longest[0])


def need_of(count: int) -> timedelta:
    """Return how long a gap has to be for so many connections."""
    return min(count * ONE_CALL, _LONGEST_NEED)


def next_start(history: History, now: datetime) -> datetime | None:
    """Return the first moment that Airbyte has not served: in the past if it fell into the gap.

    None if Airbyte would never have started a sync.
    """
    slots = history.slots
    if slots is None or not history.is_active:
        return None
    if isinstance(slots, Interval):
        newest = next(history.counting, None)
        return now if newest is None else newest.created + slots.length
    last = slots.at_or_before(now)
    is_known = last is not None and (history.known_since is None or last >= history.known_since)
    if last is not None and is_known and not _is_served(history, last):
        return last
    return slots.at_or_after(now + timedelta(microseconds=1))


def start_of(histories: Iterable[History], now: datetime, *, is_interval: bool) -> datetime:
    """Return the `start_date` of a DAG whose connections have been moved.

    A DAG that runs at an interval runs first exactly then. All others start with this minute's end, or
    before it at a slot that Airbyte has not served.

    Args:
        histories: The connections of the DAG.
        now: When the last of them was seen to be manual.
        is_interval: Whether the DAG runs at an interval.
    """
    due = [moment for each in histories if (moment := next_start(each, now)) is not None]
    if is_interval and due:
        return _second_after(min(due))
    missed = [_minute(moment) for moment in due if _minute(moment) <= now]
    return min([minute_after(now), *missed])


def served_again(history: History, start: datetime, now: datetime) -> bool:
    """Whether Airbyte has served a slot that is Airflow's too, with such a `start_date`."""
    last = _last_slot(history, now)
    return last is not None and _minute(last) >= start and _is_served(history, last)


def minute_after(moment: datetime) -> datetime:
    """Round up to the whole minute."""
    return _up(moment, timedelta(minutes=1))


def _last_slot(history: History, now: datetime) -> datetime | None:
    if not isinstance(history.slots, Cron) or not history.is_active:
        return None
    return history.slots.at_or_before(now)


def _is_served(history: History, slot: datetime) -> bool:
    return any(job.covers(slot) for job in history.counting)


def _second_after(moment: datetime) -> datetime:
    return _up(moment, timedelta(seconds=1))


def _up(moment: datetime, unit: timedelta) -> datetime:
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch - (epoch - moment) // unit * unit


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _gaps(ordered: Sequence[Window], now: datetime) -> Iterator[Window]:
    start = now
    for opens, closes in ordered:
        if opens > start:
            yield start, opens
        start = max(start, closes)
    yield start, max(start, now + _HORIZON)


def _moment(text: object) -> datetime:
    """Read a time of the API: with `Z` or an offset, or seconds since 1970; without one, long ago."""
    if text is None:
        return datetime.fromtimestamp(0, UTC)
    if isinstance(text, int | float):
        return datetime.fromtimestamp(text, UTC)
    read = datetime.fromisoformat(str(text))
    return read if read.tzinfo else read.replace(tzinfo=UTC)
