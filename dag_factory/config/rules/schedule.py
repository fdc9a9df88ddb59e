"""Rules about when a DAG runs: cron, time zones, dates. Listed in `config.rules`."""

from __future__ import annotations

import calendar
import functools
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from dag_factory.config.diagnostics import Diagnostic, Related, Severity
from dag_factory.config.model.dag import DEFAULT_START_DATE, moment
from dag_factory.config.model.layers import ResolvedDag, Setting
from dag_factory.config.rules.settings import dag_setting, narrowed, own_setting, seconds
from dag_factory.config.text import cron, durations
from dag_factory.config.text.templates import unrendered_help
from dag_factory.config.yaml.document import Place

# A start further away than this is more likely a slip than a plan.
FAR = timedelta(days=366)


def check_schedule(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A schedule may come from another layer, but from one."""
    if "schedule" not in dag.settings and not dag.is_faulty("schedule"):
        mend = "write a schedule here or in a defaults.yaml; 'schedule: null' runs the DAG only by hand"
        top = Place(document=dag.document)
        yield top.diagnostic("missing-key", "the key 'schedule' is missing", mend)


def check_cron(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A cron expression is one that Airflow takes and that some date fits."""
    for setting in _cron_texts(dag):
        fault = cron.cron_fault(setting.value, dag.dag_id.value)
        if fault is not None:
            diagnostic = setting.place.diagnostic("bad-cron", fault.message, fault.help)
            yield narrowed(diagnostic, setting.value, fault.part)


def check_special_preset(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """@once and @continuous go with nothing else, and @continuous with one run at a time."""
    for setting in _cron_texts(dag):
        if setting.value not in cron.SPECIAL_PRESETS:
            continue
        if "assets" in schedule_form(dag):
            message = f"'{setting.value}' cannot stand beside 'assets'"
            yield setting.place.diagnostic("bad-cron", message, "write five cron fields, or only the assets")
        runs = dag_setting(dag, "max_active_runs")
        if setting.value == "@continuous" and runs is not None and runs.value > 1:
            message = "'@continuous' needs 'max_active_runs: 1'"
            related = (setting.place.related("the schedule is here"),)
            yield runs.place.diagnostic("bad-cron", message, "write 1, or another schedule", related=related)


def check_timezone(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """A time zone is one of the IANA database."""
    for setting in _timezones(dag):
        if not _is_timezone(setting.value):
            message = f"unknown time zone '{setting.value}'"
            yield setting.place.diagnostic("unknown-timezone", message, _timezone_help(setting))


def check_dates(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Dates exist, and the end does not come before the start."""
    moments = {}
    for key in ("start_date", "end_date"):
        setting = dag.settings.get(key)
        if setting is None:
            continue
        try:
            moments[key] = moment(setting.value, _zone(dag))
        except ValueError:
            message = f"'{setting.value}' is no date that exists"
            yield setting.place.diagnostic("bad-date", message, _date_help(setting.value))
    if len(moments) == 2 and moments["end_date"] < moments["start_date"]:
        end, start = dag.settings["end_date"], dag.settings["start_date"]
        message = f"'end_date' {end.value} comes before 'start_date' {start.value}"
        related = (start.place.related("the start is here"),)
        yield end.place.diagnostic(
            "end-before-start", message, "write a later date, or swap the two", related=related
        )


def check_far_start_date(dag: ResolvedDag, today: date) -> Iterator[Diagnostic]:
    """A DAG that starts more than a year from now makes no run until then, and nobody sees why."""
    setting = dag_setting(dag, "start_date")
    if setting is None:
        return
    try:
        start = moment(setting.value, _zone(dag)).date()
    except ValueError:  # told by check_dates
        return
    if start - today > FAR:
        message = f"'start_date' {setting.value} is more than a year away: no run is scheduled until then"
        mend = "correct the year, or write 'enabled: false' for as long"
        yield setting.place.diagnostic("far-start-date", message, mend, severity=Severity.WARNING)


def check_past_end_date(dag: ResolvedDag, today: date) -> Iterator[Diagnostic]:
    """A DAG whose end has passed makes no run by its schedule, and nobody sees why."""
    setting = dag_setting(dag, "end_date")
    if setting is None or not dag.value("enabled", True):
        return
    try:
        start, end = (
            moment(text, _zone(dag)).date()
            for text in (dag.value("start_date", setting.value), setting.value)
        )
    except ValueError:  # told by check_dates
        return
    if start <= end < today:  # else told by check_dates too
        message = f"'end_date' {setting.value} has passed: no run is scheduled any more"
        mend = "write a later date, or 'enabled: false' if the DAG is done"
        yield setting.place.diagnostic("past-end-date", message, mend, severity=Severity.WARNING)


def check_each_minute(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Where somebody has chosen the hour, the DAG is not to run in each of its minutes."""
    for setting in _cron_texts(dag):
        fields = setting.value.split()
        if len(fields) != len(cron.FIELDS) or fields[0] not in _EACH or fields[1] in _EACH:
            continue
        hours = f"hour '{fields[1]}'"
        message = f"minute '{fields[0]}' with {hours} makes a run in each minute of the hour"
        once = " ".join(("0", *fields[1:]))
        mend = f"write '{once}' for one run in each of these hours, or H in the place of 0"
        diagnostic = setting.place.diagnostic("each-minute", message, mend, severity=Severity.WARNING)
        yield narrowed(diagnostic, setting.value, (0, len(fields[0])))


# How a field says that each of its values fits.
_EACH = frozenset(("*", "*/1"))


def check_catchup(dag: ResolvedDag, today: date) -> Iterator[Diagnostic]:
    """Runs for the past begin on a day that somebody has written."""
    catchup = dag_setting(dag, "catchup")
    if catchup is None or not catchup.value or "start_date" in dag.settings or dag.is_faulty("start_date"):
        return
    count = _slots(dag, today)
    if count is None or not dag.value("enabled", True):
        return
    since = f"{count} runs, one for each slot since {DEFAULT_START_DATE}"
    message = f"'catchup: true' without 'start_date' makes {since}"
    mend = (
        "write 'catchup: false': an Airbyte sync knows no interval, each run does the same; or a 'start_date'"
    )
    place: Place = catchup.place
    related: tuple[Related, ...] = ()
    if place.document is not dag.document:  # of many DAGs each has its own number
        place, related = dag.settings["schedule"].place, (place.related("catchup is set here"),)
    yield place.diagnostic("catchup-without-start", message, mend, severity=Severity.WARNING, related=related)


def _slots(dag: ResolvedDag, today: date) -> str | None:
    """Say how many slots the schedule has had since the default start; None if it has no times of its own."""
    apart = _distance(dag, timeout=FAR.days * 86_400)
    past = (_last_day(dag, today) - date.fromisoformat(DEFAULT_START_DATE)) // timedelta(seconds=1)
    text = next((setting.value for setting in _cron_texts(dag)), None)
    if apart is None or past <= 0:
        return None
    count = past // (apart if text is None else _mean_distance(text, dag.dag_id.value))
    # A round figure stays the same from day to day.
    digits = max(0, len(str(count)) - 2)
    return f"about {round(count, -digits):,}" if digits else str(count)


def _last_day(dag: ResolvedDag, today: date) -> date:
    try:
        return min(today, moment(dag.value("end_date", ""), _zone(dag)).date())
    except ValueError:  # there is none, or check_dates tells it
        return today


@functools.lru_cache(maxsize=1024)
def _mean_distance(text: str, dag_id: str) -> int:
    """Give the mean number of seconds between the first runs, for an expression that has some."""
    from croniter import croniter  # noqa: PLC0415 (only for a schedule that catches up)

    start = datetime(2024, 1, 1)
    times = croniter(cron.expression(text, dag_id), start, max_years_between_matches=8)
    last, count = start, 0
    while (
        count < _RUNS_OF_A_MEAN and last - start < 3 * FAR
    ):  # where runs are rare, each is searched for long
        last, count = times.get_next(datetime), count + 1
    return max(1, int((last - start).total_seconds()) // count)


# More than a week of a schedule that runs every hour of the working days.
_RUNS_OF_A_MEAN = 200


def check_short_schedule(dag: ResolvedDag) -> Iterator[Diagnostic]:
    """Runs do not come faster than a sync may take; only a timeout that somebody has set is judged."""
    schedule, longest = dag_setting(dag, "schedule"), _longest_timeout(dag)
    if schedule is None or longest is None or not dag.value("enabled", True):
        return
    timeout, distance = seconds(longest) or 0, _distance(dag, timeout=seconds(longest) or 0)
    if distance is None or timeout <= distance:
        return
    apart, allowed = durations.text(distance), durations.text(timeout)
    # What stands in the DAG's own file can be changed without changing other DAGs.
    if longest.place.document is dag.document:
        message = f"'timeout' lets a sync take {allowed}, but the DAG runs every {apart}"
        place, other = longest.place, schedule.place.related("the schedule is here", of_key=True)
        mend = f"write a timeout of at most {apart}, or a rarer schedule"
    else:
        message = f"the DAG runs every {apart}, but 'timeout' lets a sync take {allowed}"
        place, other = schedule.place, longest.place.related("the timeout is here")
        mend = f"write a rarer schedule, or a 'timeout' of at most {apart} for this DAG"
    yield place.diagnostic("short-schedule", message, mend, severity=Severity.WARNING, related=(other,))


def schedule_form(dag: ResolvedDag) -> dict[str, object]:
    """Give the schedule as a mapping; empty where it is text or null."""
    value = dag.value("schedule")
    return value if isinstance(value, dict) else {}


def _longest_timeout(dag: ResolvedDag) -> Setting | None:
    settings = [own_setting(dag, sync, "timeout") for sync in dag.syncs]
    return max(
        (each for each in settings if each is not None), key=lambda each: seconds(each) or 0, default=None
    )


def _distance(dag: ResolvedDag, *, timeout: int) -> int | None:
    """Give the seconds between two runs, where they can be less than a timeout."""
    form = schedule_form(dag)
    if isinstance(form.get("every"), int | str):
        return durations.seconds(form["every"])  # type: ignore[arg-type]
    text = next((setting.value for setting in _cron_texts(dag)), None)
    if text is None or text in cron.SPECIAL_PRESETS or cron.cron_fault(text, dag.dag_id.value) is not None:
        return None
    # Most expressions name one minute and one hour: then there is nothing to count.
    return None if timeout <= 86_400 and cron.is_daily_at_most(text) else _cron_distance(text)


@functools.lru_cache(maxsize=1024)
def _cron_distance(text: str) -> int | None:
    """Give the least number of seconds between two of the next runs, summer time left out."""
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (only where a timeout is long)

    times = croniter(cron.expression(text, ""), datetime(2024, 1, 1), max_years_between_matches=8)
    try:
        runs = [times.get_next(datetime)]
        # Where runs are rare each of them is searched for long, and the first few tell enough.
        while len(runs) < _RUNS and runs[-1] - runs[0] < FAR:
            runs.append(times.get_next(datetime))
    except CroniterBadDateError:  # such as the 29th of February on a Monday
        return None
    return int(min((later - earlier).total_seconds() for earlier, later in pairwise(runs)))


# More than a day of a schedule that runs every hour.
_RUNS = 30


def _cron_texts(dag: ResolvedDag) -> Iterator[Setting]:
    setting = dag.settings.get("schedule")
    if setting is None:
        return
    if isinstance(setting.value, str):
        yield setting
    elif isinstance(setting.value, dict) and "cron" in setting.value:
        yield Setting(value=setting.value["cron"], place=setting.part("cron"))


def _timezones(dag: ResolvedDag) -> Iterator[Setting]:
    if "timezone" in dag.settings:
        yield dag.settings["timezone"]
    form = schedule_form(dag)
    if "timezone" in form:
        yield Setting(value=form["timezone"], place=dag.settings["schedule"].part("timezone"))


def _zone(dag: ResolvedDag) -> str:
    name = str(dag.value("timezone", "UTC"))
    return name if _is_timezone(name) else "UTC"


@functools.lru_cache(maxsize=1024)
def _is_timezone(name: str) -> bool:
    # Of a name the database makes a path, and imports the folders of its package one inside the other.
    if not _ZONE.fullmatch(name) or _OF_A_SYSTEM.match(name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the database, or another file in it
        return False
    return True


# What only the folders of some systems hold beside the database's own names.
_OF_A_SYSTEM = re.compile(r"(posix|right)/|(localtime|posixrules|Factory)$")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")


# What people write for a zone that the database names by a city.
_OTHER_ZONES = {
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "edt": "America/New_York",
    "mdt": "America/Denver",
    "bst": "Europe/London",
    "cest": "Europe/Berlin",
    "ist": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
}


_OFFSET = re.compile(r"\s*(UTC|GMT)?\s*[+-]\s*\d{1,2}(:?\d{2})?\s*", re.IGNORECASE)


def _timezone_help(setting: Setting) -> str:
    from dag_factory.config.text import suggestions  # noqa: PLC0415 (only for a name that is wrong)

    name, patience = str(setting.value), setting.place.document.file.patience
    unrendered = unrendered_help(name)
    if unrendered is not None:
        return unrendered
    if name.lower() in _OTHER_ZONES:
        return f"write an IANA name such as {_OTHER_ZONES[name.lower()]} or UTC"
    if _OFFSET.fullmatch(name):
        # Not Etc/GMT+2, which is two hours behind UTC.
        return "write a place such as Europe/Berlin: an offset knows no summer time"
    zones = _zones()
    cities = {zone.rsplit("/", 1)[-1].lower(): zone for zone in zones if "/" in zone}
    city = cities.get(name.strip().replace(" ", "_").lower())
    if city is not None:
        return f"write '{city}'"
    return (
        suggestions.did_you_mean(name, zones, patience) or "write an IANA name such as Europe/Berlin or UTC"
    )


@functools.cache
def _zones() -> list[str]:
    """List all time zones, once: they are searched for in the whole database."""
    from zoneinfo import available_timezones  # noqa: PLC0415 (only for a name that is wrong)

    return sorted(zone for zone in available_timezones() if not _OF_A_SYSTEM.match(zone))


def _date_help(text: str) -> str:
    year, month, day = (int(part) for part in text[:10].split("-"))
    if 1 <= month <= 12 and day > calendar.monthrange(year, month)[1]:
        return f"write another day: that month has {calendar.monthrange(year, month)[1]}"
    return "correct the day, the month or the time"
