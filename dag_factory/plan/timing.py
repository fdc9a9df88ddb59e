"""Consequences of a DAG's times: runs at once, runs of backfill, and what changes from then on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from dag_factory.config.model.dag import Dag, Schedule
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.runs import MOST_RUNS, RunsAtOnce, is_stuck, last_run, next_run, runs_at_once
from dag_factory.plan.sides import Member
from dag_factory.plan.starting import has_times
from dag_factory.report.upcoming import describe

_KEYS = ("schedule", "start_date", "end_date", "catchup")
_AS_BEFORE, _NEVER = "if it has kept its schedule", "if it has never run on a schedule"
_WHEN_UNPAUSED = "when it is unpaused"


def of_times(old: Member, new: Member, now: datetime) -> Iterator[Consequence]:
    """Yield what happens since the times of a DAG have changed, which is enabled in both revisions."""
    before, after = old.dag, new.dag
    changed = [key for key in _KEYS if getattr(before, key) != getattr(after, key)]
    if not changed:
        return
    place = new.place_of(changed[0])
    last = last_run(before, now)
    runs = runs_at_once(after, last, now)
    then, instead = next_run(before, last, now), next_run(after, last, now)
    yield from _of_runs(new, runs, _NEVER if last is None else _AS_BEFORE)
    if (_comes(before, then) and not _comes(after, instead)) or is_stuck(before, after, last):
        text = f"no longer runs by itself: {_no_more(after)}"
        yield Consequence(kind="stops", dag_id=after.dag_id, text=text, place=place)
        return
    yield from _of_end(old, new)
    if after.catchup and not before.catchup and has_times(after) and runs.count <= 1:
        text = "makes up from now on for the runs that it misses"
        yield Consequence(kind="catchup", dag_id=after.dag_id, text=text, place=new.place_of("catchup"))
    if before.catchup and not after.catchup and has_times(after):
        text = "catchup: true → false, so it no longer makes up for the runs that it misses"
        yield Consequence(kind="settings", dag_id=after.dag_id, text=text, place=new.place_of("catchup"))
    if before.schedule != after.schedule or then != instead or _has_a_later_end(before, after):
        yield from of_schedule(old, new, _moved(then, instead))


def of_schedule(old: Member, new: Member, details: Iterable[str] = ()) -> Iterator[Consequence]:
    """Yield that a DAG has other times, if that can be seen: a zone alone changes no interval."""
    parts = list(_changes(old, new))
    if parts:
        yield Consequence(
            kind="schedule",
            dag_id=new.dag.dag_id,
            text="; ".join(parts),
            details=tuple(details),
            place=new.place_of("schedule"),
        )


def _changes(old: Member, new: Member) -> Iterator[str]:
    words = [_in_words(each) for each in (old, new)]
    if words[0] != words[1]:
        yield " → ".join(words)
        return
    for key in ("start_date", "end_date"):
        moments = [getattr(each.dag, key) for each in (old, new)]
        if has_times(new.dag) and moments[0] != moments[1]:
            yield f"{key}: {' → '.join('none' if each is None else in_utc(each) for each in moments)}"


def _has_a_later_end(before: Dag, after: Dag) -> bool:
    end = after.end_date
    return before.end_date is not None and has_times(after) and (end is None or end > before.end_date)


def _of_end(old: Member, new: Member) -> Iterator[Consequence]:
    """Yield that a DAG gets an end, or an earlier one."""
    before, end = old.dag.end_date, new.dag.end_date
    is_single = new.dag.schedule.cron == "@once"
    if end is not None and has_times(new.dag) and not is_single and (before is None or end < before):
        text = f"no longer runs by itself after {in_utc(end)}, its end_date"
        yield Consequence(kind="ends", dag_id=new.dag.dag_id, text=text, place=new.place_of("end_date"))


def of_first_times(member: Member, now: datetime, condition: str = "") -> Iterator[Consequence]:
    """Yield the runs that Airflow makes at once of a DAG that it has not had.

    Args:
        member: The DAG.
        now: The moment.
        condition: What else has to be true, from a comma on.
    """
    is_running = member.dag.is_paused_upon_creation is False
    when = "as soon as it appears" if is_running else _WHEN_UNPAUSED
    yield from _of_runs(member, runs_at_once(member.dag, None, now), f"{when}{condition}")


def _of_runs(member: Member, runs: RunsAtOnce, when: str) -> Iterator[Consequence]:
    dag = member.dag
    if runs.count == 0 or runs.first is None:
        return
    if runs.count == 1:
        text = f"makes 1 run at once, {when}"
        if dag.schedule.cron == "@continuous":
            text = f"runs at once, and again after each run, {when}"
        yield Consequence(
            kind="runs-now",
            dag_id=dag.dag_id,
            text=text,
            details=(f"for {in_utc(runs.first)}",),
            place=member.place_of("schedule"),
            runs=1,
        )
        return
    count = f"over {MOST_RUNS:,}" if runs.count >= MOST_RUNS else f"{runs.count:,}"
    jobs = f" ({runs.count * len(dag.syncs):,} syncs)" if len(dag.syncs) > 1 else ""
    together = f"{dag.max_active_runs} at a time"
    text = f"makes {count} runs{jobs} for the time since {in_utc(runs.first)}, {together}, {when}"
    yield Consequence(
        kind="backfill", dag_id=dag.dag_id, text=text, place=member.place_of("catchup"), runs=runs.count
    )


def of_moved_minute(old: Member, new: Member) -> Iterator[Consequence]:
    """Yield that `H` in the schedule of a renamed DAG stands for another value."""
    text = new.draft.schedule.cron.value
    is_same = text == old.draft.schedule.cron.value
    if text is None or not is_same or old.dag.schedule.cron == new.dag.schedule.cron:
        return
    yield Consequence(
        kind="minute-moved",
        dag_id=new.dag.dag_id,
        text=f"'{text}' stands for '{new.dag.schedule.cron}' now, for '{old.dag.schedule.cron}' before",
        place=new.place_of("schedule"),
    )


def in_utc(moment: datetime) -> str:
    """Write a moment, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def is_started(dag: Dag) -> bool:
    """Whether Airflow starts a DAG by itself."""
    return dag.schedule != Schedule(timezone=dag.schedule.timezone)


def _comes(dag: Dag, following: datetime | None) -> bool:
    """Whether Airflow will start a DAG by itself, whose next run by its times is known."""
    is_started_otherwise = dag.schedule.assets is not None or dag.schedule.cron == "@continuous"
    return following is not None or is_started_otherwise


def _no_more(dag: Dag) -> str:
    if dag.schedule.cron == "@once":
        return "it has had the one run of '@once'"
    if dag.schedule.cron == "@continuous":
        return "Airflow does not begin '@continuous' after scheduled runs"
    return "no time comes before its end_date" if is_started(dag) else "it has no schedule"


def _in_words(member: Member) -> str:
    """Describe a schedule as it is written, with `H`, which has another value in each DAG."""
    text, resolved = member.draft.schedule.cron.value, member.dag.schedule.cron
    words = describe(member.dag)
    return words if text is None else words.replace(f"'{resolved}'", f"'{text}'")


def _moved(then: datetime | None, instead: datetime | None) -> Iterator[str]:
    if instead is None:
        return
    yield f"next {in_utc(instead)}"
    if then is not None and then != instead:
        yield f"was {in_utc(then)}"
