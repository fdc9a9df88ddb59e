"""The sentences of a calendar, which its text and its page share; names in them are not escaped yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.report.calendar.busy import Busy, BusyDag, HashEffect
from dag_factory.report.calendar.following import REASONS, Follower
from dag_factory.report.calendar.load import Load
from dag_factory.report.calendar.summary import Calendar, counted, named
from dag_factory.report.calendar.week import DAYS, Week, day_name

_FEW = 8


def title(calendar: Calendar) -> str:
    """Name the week, the zone and the environment."""
    days = calendar.week.days
    environment = f", environment {calendar.environment}" if calendar.environment else ""
    return f"{day_name(days[0])} to {day_name(days[-1])}, times in {calendar.week.timezone}{environment}"


def sum_of(calendar: Calendar) -> str:
    """Say how many syncs start, and when most do."""
    if not calendar.dags:
        return "no DAG starts at a known time in this week"
    starts = (
        f"{counted(calendar.total.total, 'sync')} of {counted(calendar.dags, 'DAG')} start at known times"
    )
    return f"{starts}; busiest hour: {busiest_hour(calendar.total, calendar.week)}"


def busiest_hour(load: Load, week: Week) -> str:
    """Name the hour with the most starts, and how many there are."""
    cell = load.busiest
    if cell is None:
        return "none"
    return f"{day_name(week.days[cell.day])} {cell.hour:02}:00 ({load.starts[cell]:,})"


def busy_of(busy: Busy, week: Week) -> str:
    """Say when most syncs start together, and how many do at this time of other days, or at other times."""
    moment, others = week.local(busy.minute), [syncs for _, syncs in busy.others]
    syncs = f"{counted(busy.syncs, 'sync')} of {counted(len(busy.dags), 'DAG')}"
    clocks = {f"{week.local(minute):%H:%M}" for minute, _ in busy.others}
    is_one_time = clocks <= {f"{moment:%H:%M}"}
    if is_one_time and len(others) >= DAYS - 1 and set(others) == {busy.syncs}:
        return f"{moment:%H:%M} every day: {syncs}"
    when = f"{moment:%H:%M} on {day_name(moment.date())}: {syncs}"
    if not others:
        return when
    numbers = " to ".join(f"{each:,}" for each in sorted({min(others), max(others)}))
    at = (
        f"at this time of {counted(len(others), 'other day')}"
        if is_one_time and len(others) < DAYS  # an hour may come twice
        else f"{counted(len(others), 'more time')}"
    )
    return f"{when} (and {at}: {numbers})"


def dag_names(dags: Sequence[BusyDag]) -> str:
    """List the DAGs of a busy minute, those with the most syncs first."""
    ordered = sorted(dags, key=lambda each: (-each.syncs, each.dag_id))
    return named(
        [f"{each.dag_id} ({each.syncs})" if each.syncs > 1 else each.dag_id for each in ordered], _FEW
    )


def spread_of(busy: Busy) -> str | None:
    """Say what `H` would make of a busy minute."""
    example = next((each for each in busy.dags if each.hashed is not None), None)
    if busy.spread is None or example is None:
        return None
    most = f"at most {busy.spread:,} of them in one minute" if busy.spread < busy.syncs else "just as many"
    return f"with H for the minute, such as '{example.hashed}' for {example.dag_id}: {most}"


def effect_of(effect: HashEffect) -> str | None:
    """Say what `H` would make of the week."""
    if not effect.dags or effect.now < 2:
        return None
    have, dags = ("has", "1 DAG") if effect.dags == 1 else ("have", counted(effect.dags, "DAG"))
    if effect.then >= effect.now:
        return f"{dags} {have} a fixed minute; H instead would not make the busiest minute less busy"
    return (
        f"{dags} {have} a fixed minute; with H instead, the busiest minute of the week would have "
        f"{counted(effect.then, 'sync')}, not {effect.now:,}"
    )


def follows(follower: Follower, calendar: Calendar) -> str:
    """Say after which DAGs a DAG starts, and how often these start in the week."""
    known = [
        f"{dag_id} {counted(calendar.starts[dag_id], 'time')}"
        for dag_id in follower.after
        if dag_id in calendar.starts
    ]
    often = f" (in this week: {named(known)})" if known else ""
    also = "; at known times too" if follower.is_timed else ""
    return f"{redacted(follower.condition)}{often}{also}"


def unknown_of(calendar: Calendar) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield each reason why nobody knows when DAGs start, how many syncs they have, and their ids."""
    for reason, same in groupby(calendar.unknown, key=lambda each: each.reason):
        dags = list(same)
        yield REASONS[reason], sum(each.syncs for each in dags), tuple(each.dag_id for each in dags)
