"""The calendar of a week: everything that its pictures show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dag_factory.config.model.dag import Dag
from dag_factory.report.calendar.busy import Busy, HashEffect, busy_minutes, hash_effect
from dag_factory.report.calendar.following import Follower, Unknown, followers, unknown
from dag_factory.report.calendar.load import Load, Timed, airbyte_of, loads, pool_of, timed_dags
from dag_factory.report.calendar.week import Week, clock_changes

_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """How many syncs start when in a week.

    `dags` are those that start at known times, and `broken` how many files have errors, so that their DAGs
    are missing here. `notes` say what is assumed and what is left out.
    """

    environment: str | None
    week: Week
    dags: int
    total: Load
    airbytes: tuple[Load, ...]
    pools: tuple[Load, ...]
    busy: tuple[Busy, ...]
    effect: HashEffect
    followers: tuple[Follower, ...]
    unknown: tuple[Unknown, ...]
    starts: dict[str, int]
    broken: int
    notes: tuple[str, ...]


def calendar_of(
    dags: Sequence[Dag],
    week: Week,
    now: datetime,
    *,
    environment: str | None = None,
    hashed: frozenset[str] = frozenset(),
    broken: int = 0,
) -> Calendar:
    """Count the starts of a week.

    Args:
        now: What a start_date is compared with to say whether it has passed.
        hashed: The ids of the DAGs whose cron expressions have `H`.
        broken: How many files have errors that keep a DAG from being made.
    """
    groups = timed_dags(dags, week)
    runs = {dag.dag_id: group.runs for group in groups for dag in group.dags}
    timed = frozenset(runs)
    following = followers(dags, timed)
    total = loads(groups, week, lambda _: "all syncs")
    return Calendar(
        environment=environment,
        week=week,
        dags=len(timed),
        total=total[0] if total else Load(name="all syncs", starts={}, later=0),
        airbytes=loads(groups, week, airbyte_of),
        pools=loads(groups, week, pool_of),
        busy=busy_minutes(groups, week, hashed),
        effect=hash_effect(dags, groups, week, hashed),
        followers=following,
        unknown=unknown(dags, timed, following),
        starts=runs,
        broken=broken,
        notes=tuple(_notes(groups, week, now, total[0].later if total else 0, broken)),
    )


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: 1 sync, 1,200 syncs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def named(names: Sequence[str], most: int = _NAMED) -> str:
    """List the first names, and say how many more there are."""
    rest = len(names) - most
    return f"{', '.join(names[:most])} and {rest:,} more" if rest > 0 else ", ".join(names)


def _notes(groups: Sequence[Timed], week: Week, now: datetime, later: int, broken: int) -> Iterator[str]:
    if broken:
        files = "1 file has" if broken == 1 else f"{broken:,} files have"
        yield f"{files} errors, and DAGs are missing here: run 'dag-factory validate'"
    yield from clock_changes(week)
    if later:
        yield (
            f"{counted(later, 'sync')} more start later in a run, after the syncs that they depend on; "
            "they are not in the picture"
        )
    every = sorted(
        dag.dag_id
        for group in groups
        for dag in group.dags
        if dag.schedule.every is not None and not dag.catchup and dag.start_date < now
    )
    if every:
        yield (
            "schedules with 'every' count from the first run, which only Airflow knows; here they count from "
            f"the start_date: {named(every)}"
        )
    yield "this is when runs are due; pauses, retries, runs started by hand and full pools move or add starts"
