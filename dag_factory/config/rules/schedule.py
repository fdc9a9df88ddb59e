"""Rules about when a DAG runs: cron, time zones, dates."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

from dag_factory.config.diagnostics import Diagnostic, Related
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.model.located import Located
from dag_factory.config.text import cron, durations
from dag_factory.config.text.dates import date_hint
from dag_factory.config.text.timezones import is_timezone, timezone_hint

# A later start is more likely a typo than a plan.
FAR = timedelta(days=366)


def check_schedule(dag: DraftDag) -> Iterator[Diagnostic]:
    """A DAG has a schedule, of its own or from its defaults."""
    if "schedule" not in dag.settings and "schedule" not in dag.invalid:
        hint = "write a schedule here or in a defaults.yaml; with 'schedule: null' the DAG only runs manually"
        yield dag.location.diagnostic("missing-key", "the key 'schedule' is missing", hint)


def check_cron(dag: DraftDag) -> Iterator[Diagnostic]:
    """Airflow accepts the cron expression, and some date matches it."""
    text = dag.schedule.cron
    error = None if text.value is None else cron.cron_error(text.value, dag.dag_id.value)
    if error is not None:
        yield text.location.diagnostic("bad-cron", error.message, error.hint, part=error.part)


def check_special_preset(dag: DraftDag) -> Iterator[Diagnostic]:
    """@once and @continuous are not combined with assets, and @continuous has one run at a time."""
    text = dag.schedule.cron
    if text.value not in cron.SPECIAL_PRESETS:
        return
    if "assets" in dag.schedule.settings:
        message = f"'{text.value}' cannot be combined with 'assets'"
        yield text.location.diagnostic("bad-cron", message, "write five cron fields, or only the assets")
    runs = dag.max_active_runs
    if text.value == "@continuous" and runs.is_set and runs.value > 1:
        message = "'@continuous' requires 'max_active_runs: 1'"
        related = (text.location.related("the schedule is here"),)
        yield runs.location.diagnostic("bad-cron", message, "write 1, or another schedule", related=related)


def check_timezone(dag: DraftDag) -> Iterator[Diagnostic]:
    """A time zone is in the IANA database."""
    for zone in (dag.timezone, dag.schedule.timezone):
        if zone.written is not None and zone.value is not None and not is_timezone(zone.value):
            hint = timezone_hint(zone.value, zone.location.document.file.search_limit)
            yield zone.location.diagnostic("unknown-timezone", f"unknown time zone '{zone.value}'", hint)


def check_dates(dag: DraftDag) -> Iterator[Diagnostic]:
    """Dates exist, and the end is not before the start."""
    if dag.settings.keys().isdisjoint(("start_date", "end_date")):
        return
    for written, moment in ((dag.start_date, dag.start), (dag.end_date, dag.end)):
        if written.value is not None and moment is None:
            message = f"the date '{written.value}' does not exist"
            yield written.location.diagnostic("bad-date", message, date_hint(written.value))
    if dag.start and dag.end and dag.start_date.written and dag.end < dag.start:
        message = f"'end_date' {dag.end_date.value} is before 'start_date' {dag.start_date.value}"
        related = (dag.start_date.location.related("the start is here"),)
        yield dag.end_date.location.diagnostic(
            "end-before-start", message, "write a later date, or swap the two", related=related
        )


def check_far_start_date(dag: DraftDag, today: date) -> Iterator[Diagnostic]:
    """A DAG starts within a year: it has no run before its start, and Airflow does not say why."""
    written = dag.start_date
    start = dag.start if written.is_set else None
    if start is not None and start.date() - today > FAR:
        message = f"'start_date' {written.value} is more than a year away: no run is scheduled until then"
        hint = "correct the year, or write 'enabled: false' until then"
        yield written.location.diagnostic("far-start-date", message, hint)


def check_past_end_date(dag: DraftDag, today: date) -> Iterator[Diagnostic]:
    """The end of a DAG has not passed: no run is scheduled after it, and Airflow does not say why."""
    written = dag.end_date
    if not written.is_set or not dag.enabled.value:
        return
    start, end = dag.start, dag.end
    if start is None or end is None:
        return
    is_before_its_start = dag.start_date.written is not None and end < start  # check_dates reports it
    if end.date() < today and not is_before_its_start:
        message = f"'end_date' {written.value} has passed: no run is scheduled any more"
        hint = "write a later date, or 'enabled: false' if the DAG is no longer needed"
        yield written.location.diagnostic("past-end-date", message, hint)


def check_each_minute(dag: DraftDag) -> Iterator[Diagnostic]:
    """A schedule with a chosen hour does not run in every minute of it."""
    text = dag.schedule.cron
    fields = (text.value or "").split()
    if len(fields) != len(cron.FIELDS) or fields[0] not in _EACH or fields[1] in _EACH:
        return
    message = f"minute '{fields[0]}' with hour '{fields[1]}' means a run in every minute of the hour"
    once = " ".join(("0", *fields[1:]))
    hint = f"write '{once}' for one run in each of these hours, or H instead of 0"
    yield text.location.diagnostic("each-minute", message, hint, part=(0, len(fields[0])))


# A field that every value matches.
_EACH = frozenset(("*", "*/1"))


def check_catchup(dag: DraftDag, today: date) -> Iterator[Diagnostic]:
    """Runs for the past begin on a date that is written in a file."""
    catchup = dag.catchup
    if not catchup.is_set or not catchup.value or dag.start_date.written or dag.start_date.is_invalid:
        return
    count = _slots(dag, today)
    if count is None or not dag.enabled.value:
        return
    since = f"{count} runs, one for each slot since {dag.start_date.value}"
    message = f"'catchup: true' without 'start_date' creates {since}"
    hint = (
        "write 'catchup: false', since an Airbyte sync has no data interval and all these runs do the same;"
        " or add 'start_date'"
    )
    location, related = catchup.location, tuple[Related, ...]()
    if location.document is not dag.document:  # each DAG has its own number of runs
        location, related = dag.schedule.location, (location.related("catchup is set here"),)
    yield location.diagnostic("catchup-without-start", message, hint, related=related)


def _slots(dag: DraftDag, today: date) -> str | None:
    """Write the number of slots since the default start; None if the schedule has no times of its own."""
    apart = _distance(dag, timeout=FAR.days * 86_400)
    past = (_last_day(dag, today) - date.fromisoformat(dag.start_date.value)) // timedelta(seconds=1)
    text = dag.schedule.cron.value
    if apart is None or past <= 0:
        return None
    count = past // (apart if text is None else _mean_distance(text, dag.dag_id.value))
    # A rounded number does not change from day to day.
    digits = max(0, len(str(count)) - 2)
    return f"about {round(count, -digits):,}" if digits else str(count)


def _last_day(dag: DraftDag, today: date) -> date:
    return today if dag.end is None else min(today, dag.end.date())


@functools.lru_cache(maxsize=1024)
def _mean_distance(text: str, dag_id: str) -> int:
    """Return the mean number of seconds between the first runs, for an expression that has some."""
    from croniter import croniter  # noqa: PLC0415 (only for a schedule that catches up)

    start = datetime(2024, 1, 1)
    times = croniter(cron.expression(text, dag_id), start, max_years_between_matches=8)
    last, count = start, 0
    while count < _RUNS_OF_A_MEAN and last - start < 3 * FAR:  # it takes long to find rare runs
        last, count = times.get_next(datetime), count + 1
    return max(1, int((last - start).total_seconds()) // count)


# More than a week of a schedule that runs hourly on working days.
_RUNS_OF_A_MEAN = 200


def check_short_schedule(dag: DraftDag) -> Iterator[Diagnostic]:
    """Runs are not more frequent than a sync may take, by a timeout that is written in a file."""
    schedule, longest = dag.schedule, _longest_timeout(dag.syncs)
    if not schedule.is_set or longest is None or not dag.enabled.value:
        return
    distance = _distance(dag, timeout=longest.value)
    if distance is None or longest.value <= distance:
        return
    apart, allowed = durations.text(distance), durations.text(longest.value)
    # Report the value in the DAG's own file: it can be changed without changing other DAGs.
    if longest.location.document is dag.document:
        message = f"'timeout' lets a sync take {allowed}, but the DAG runs every {apart}"
        location, other = longest.location, schedule.location.related("the schedule is here", of_key=True)
        hint = f"write a timeout of at most {apart}, or a less frequent schedule"
    else:
        message = f"the DAG runs every {apart}, but 'timeout' lets a sync take {allowed}"
        location, other = schedule.location, longest.location.related("the timeout is here")
        hint = f"write a less frequent schedule, or a 'timeout' of at most {apart} for this DAG"
    yield location.diagnostic("short-schedule", message, hint, related=(other,))


def _longest_timeout(syncs: tuple[DraftSync, ...]) -> Located[int] | None:
    timeouts = (sync.timeout for sync in syncs)
    return max((each for each in timeouts if each.is_set), key=lambda each: each.value, default=None)


def _distance(dag: DraftDag, *, timeout: int) -> int | None:
    """Return the seconds between two runs, if they can be fewer than the timeout."""
    every, text = dag.schedule.every.value, dag.schedule.cron.value
    if every is not None:
        return every
    if text is None or text in cron.SPECIAL_PRESETS or cron.cron_error(text, dag.dag_id.value) is not None:
        return None
    # Most expressions name one minute and one hour: their runs are a day apart.
    return None if timeout <= 86_400 and cron.is_daily_at_most(text) else _cron_distance(text)


@functools.lru_cache(maxsize=1024)
def _cron_distance(text: str) -> int | None:
    """Return the least number of seconds between two of the next runs, without daylight saving time."""
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (only where a timeout is long)

    times = croniter(cron.expression(text, ""), datetime(2024, 1, 1), max_years_between_matches=8)
    try:
        runs = [times.get_next(datetime)]
        # It takes long to find rare runs, and the first few are enough.
        while len(runs) < _RUNS and runs[-1] - runs[0] < FAR:
            runs.append(times.get_next(datetime))
    except CroniterBadDateError:  # such as the 29th of February on a Monday
        return None
    return int(min((later - earlier).total_seconds() for earlier, later in pairwise(runs)))


# More than a day of a schedule that runs every hour.
_RUNS = 30
