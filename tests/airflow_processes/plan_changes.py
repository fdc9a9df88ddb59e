"""Changes of configurations on which `dag-factory plan` is compared with Airflow, in one folder.

Each change has DAGs of its own. Times are minutes from the moment of the test, a quarter of an hour or more
away from it, so that none comes while the test runs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import yaml

HOUR = 60
DAY = 24 * HOUR
# The last run of most DAGs before the change.
LAST = -(5 * HOUR + 20)
ENVIRONMENT = "prod"
# Without clock changes. Of one of them midnight is hours away, of one the full hour is minutes away.
ZONES = (
    "UTC", "Asia/Kolkata", "Asia/Tokyo", "Asia/Kabul", "Pacific/Marquesas", "Asia/Yangon", "Pacific/Honolulu",
    "Australia/Darwin", "America/Bogota", "Asia/Tehran",
)  # fmt: skip

# Keys of a DAG; None where there is no such DAG.
Keys = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change: the DAGs before and after it, by their ids without the name of the change.

    Args:
        title: What changes, in words.
        before: The DAGs that Airflow has.
        after: The DAGs that it gets; those with None are gone.
        history: Keys laid over `before` for the revision before that, which makes the last runs.
        is_running: Whether the tasks of the last run of each DAG are running at the change.
    """

    title: str
    before: Mapping[str, Keys] = field(default_factory=dict)
    after: Mapping[str, Keys | None] = field(default_factory=dict)
    history: Keys = field(default_factory=dict)
    is_running: bool = False

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "_", self.title.lower().replace("@", "preset ")).strip("_")

    @property
    def dag_ids(self) -> list[str]:
        return [self.dag_id(each) for each in {**self.before, **self.after}]

    def dag_id(self, key: str) -> str:
        return f"{self.name}.{key}" if key else self.name

    def files(self, revision: str) -> Iterator[tuple[str, str]]:
        """Yield the names and texts of the files in a revision: `history`, `before` or `after`."""
        dags = {**self.before, **self.after} if revision == "after" else self.before
        for key, keys in dags.items():
            if keys is not None:
                more = self.history if revision == "history" else {}
                yield f"{self.dag_id(key)}.yaml", self._text({**keys, **more})

    def _text(self, keys: Keys) -> str:
        document = {"syncs": {"load": "<load>"}, **keys}
        text = yaml.safe_dump(document, sort_keys=False)
        text = text.replace("<name>", self.name)
        return re.sub(
            r"<(\w+)>", lambda found: str(uuid.uuid5(uuid.NAMESPACE_URL, self.name + found[1])), text
        )


def changes(now: datetime) -> list[Change]:
    """Return all changes, for a moment."""
    return list(_changes(_Times(now)))


class _Times:
    """Schedules and dates from minutes before or after a moment."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC).replace(second=0, microsecond=0)

    def daily(self, minutes: int = LAST, zone: str = "UTC") -> str:
        local = self._at(minutes).astimezone(ZoneInfo(zone))
        return f"{local.minute} {local.hour} * * *"

    def weekly(self, minutes: int) -> str:
        at = self._at(minutes)
        return f"{at.minute} {at.hour} * * {at.isoweekday() % 7}"

    def hourly(self, minutes: int = -20) -> str:
        return f"{self._at(minutes).minute} * * * *"

    def date(self, minutes: int) -> str:
        return f"{self._at(minutes):%Y-%m-%dT%H:%M}"

    def of_hour(self) -> tuple[str, datetime]:
        """Return a zone of which the full hour is minutes away, and the newest full hour."""
        zone = next(each for each in ZONES if 15 <= self.now.astimezone(ZoneInfo(each)).minute < 45)
        local = self.now.astimezone(ZoneInfo(zone))
        return zone, local.replace(minute=0).astimezone(UTC)

    def of_midnight(self) -> str:
        """Return a zone of which midnight is hours away."""
        locals_ = {each: self.now.astimezone(ZoneInfo(each)) for each in ZONES}
        return next(each for each, at in locals_.items() if 4 <= at.hour < 20 and 15 <= at.minute < 45)

    def _at(self, minutes: int) -> datetime:
        return self.now + timedelta(minutes=minutes)


def _one(title: str, before: Keys | None, after: Keys | None, **more: object) -> Change:
    """Make a change of one DAG."""
    return Change(
        title=title,
        before={} if before is None else {"": before},
        after={"": after},
        **more,  # type: ignore[arg-type]
    )


def _changes(at: _Times) -> Iterator[Change]:
    daily, hourly = at.daily(), at.hourly()
    yield from _of_cron(at, daily, hourly)
    yield from _of_intervals(at, daily)
    yield from _of_presets(at, daily)
    yield from _of_catchup(at, daily, hourly)
    yield from _of_dates(at, daily, hourly)
    yield from _of_environments(at, daily)
    yield from _of_coming_and_going(at, daily)
    yield from _of_tasks(daily)
    yield from _of_assets(at, daily)


def _of_cron(at: _Times, daily: str, hourly: str) -> Iterator[Change]:
    old = {"schedule": daily}
    yield _one("Daily, to a time that has passed today", old, {"schedule": at.daily(-2 * HOUR)})
    yield _one("Daily, to a time to come today", old, {"schedule": at.daily(3 * HOUR)})
    yield _one("Daily, to an earlier time than that of the last run", old, {"schedule": at.daily(-8 * HOUR)})
    yield _one("Daily to hourly", old, {"schedule": hourly})
    yield _one("Hourly to daily", {"schedule": hourly}, old)
    yield _one("Daily to weekly, two days ago", old, {"schedule": at.weekly(-2 * DAY)})
    yield _one("Weekly to daily", {"schedule": at.weekly(-2 * DAY)}, {"schedule": at.daily(-2 * HOUR)})
    yield _one("No schedule to daily", {"schedule": None}, old)
    yield _one("Daily to no schedule", old, {"schedule": None})
    yield _one("The same time in a zone in the west", old, {**old, "timezone": "America/Bogota"})
    yield _one("The same time in a zone in the east", old, {**old, "timezone": "Asia/Tokyo"})
    tokyo = {"cron": at.daily(LAST, "Asia/Tokyo"), "timezone": "Asia/Tokyo"}
    yield _one("The same moments, written in another zone", old, {"schedule": tokyo})
    yield _one(
        "A fixed minute to H",
        old,
        {"schedule": f"H {at.daily(-2 * HOUR).split()[1]} * * *"},
    )
    yield _one(
        "H in the hour of the last run to H two hours later",
        {"schedule": f"H {at.daily(-7 * HOUR).split()[1]} * * *"},
        {"schedule": f"H {at.daily(-4 * HOUR).split()[1]} * * *"},
    )
    yield _one("Other tags and another timeout", old, {**old, "tags": ["money"], "dagrun_timeout": "3h"})


def _of_intervals(at: _Times, daily: str) -> Iterator[Change]:
    start = {"start_date": at.date(LAST)}
    # The runs of an interval count from the first; with catchup that is at the start_date.
    kept = {"history": {"catchup": True}}
    day = {"schedule": {"every": "24h"}, **start}
    yield _one("Every 24 hours to every hour", day, {**day, "schedule": {"every": "1h"}}, **kept)
    yield _one("Every 24 hours to every 48", day, {**day, "schedule": {"every": "48h"}}, **kept)
    yield _one("Every 24 hours to a cron time since", day, {**day, "schedule": at.daily(-2 * HOUR)}, **kept)
    yield _one("Every 24 hours to a cron time before", day, {**day, "schedule": at.daily(-8 * HOUR)}, **kept)
    yield _one("Daily to every 2 hours", {"schedule": daily}, {"schedule": {"every": "2h"}})
    yield _one("Daily to every 12 hours", {"schedule": daily}, {"schedule": {"every": "12h"}})
    full = {**day, "catchup": True}
    yield _one("Every 24 hours to every hour, with catchup", full, {**full, "schedule": {"every": "1h"}})
    yield _one(
        "Every 24 hours to every hour, with catchup and an end_date that has passed",
        full,
        {**full, "schedule": {"every": "1h"}, "end_date": at.date(-2 * HOUR)},
    )
    yield _one(
        "Daily to every 2 hours, with catchup",
        {"schedule": daily, **start, "catchup": True},
        {"schedule": {"every": "2h"}, **start, "catchup": True},
    )


def _of_presets(at: _Times, daily: str) -> Iterator[Change]:
    midnight, (zone, hour) = at.of_midnight(), at.of_hour()
    old = {"schedule": daily}
    yield _one(
        "@daily to @hourly",
        {"schedule": "@daily", "timezone": midnight},
        {"schedule": "@hourly", "timezone": zone},
    )
    yield _one(
        "@hourly to @daily",
        {"schedule": "@hourly", "timezone": zone},
        {"schedule": "@daily", "timezone": midnight},
    )
    yield _one(
        "No schedule to @hourly with catchup, from four hours before the newest hour",
        {"schedule": None, "timezone": zone},
        {
            "schedule": "@hourly",
            "timezone": zone,
            "catchup": True,
            "start_date": f"{hour - timedelta(hours=4):%Y-%m-%dT%H:%M}Z",
        },
    )
    yield _one("No schedule to @once", {"schedule": None}, {"schedule": "@once"})
    yield _one(
        "No schedule to @once, with an end_date that has passed",
        {"schedule": None},
        {"schedule": "@once", "end_date": at.date(-2 * HOUR)},
    )
    yield _one("Daily to @once", old, {"schedule": "@once"})
    yield _one("@once to daily", {"schedule": "@once"}, old)
    yield _one(
        "@once to daily, with catchup",
        {"schedule": "@once", "start_date": at.date(LAST - 4 * DAY)},
        {**old, "catchup": True, "start_date": at.date(LAST - 4 * DAY)},
    )
    yield _one(
        "@once to another start_date",
        {"schedule": "@once"},
        {"schedule": "@once", "start_date": at.date(-2 * HOUR)},
    )
    yield _one("No schedule to @continuous", {"schedule": None}, {"schedule": "@continuous"})
    yield _one("Daily to @continuous", old, {"schedule": "@continuous"})
    yield _one("@continuous to daily", {"schedule": "@continuous"}, old)
    yield _one(
        "@continuous to daily, with catchup",
        {"schedule": "@continuous", "start_date": at.date(LAST - 4 * DAY)},
        {**old, "catchup": True, "start_date": at.date(LAST - 4 * DAY)},
    )
    yield _one("@continuous to no schedule", {"schedule": "@continuous"}, {"schedule": None})


def _of_catchup(at: _Times, daily: str, hourly: str) -> Iterator[Change]:
    start = {"start_date": at.date(LAST - 19 * DAY)}
    near = {"start_date": at.date(LAST - HOUR)}
    yield _one(
        "catchup for a DAG that has kept its schedule",
        {"schedule": daily, **start},
        {"schedule": daily, **start, "catchup": True},
    )
    yield _one(
        "catchup and daily to hourly",
        {"schedule": daily, **start},
        {"schedule": hourly, **start, "catchup": True},
    )
    yield _one(
        "Daily to hourly, with catchup",
        {"schedule": daily, **near, "catchup": True},
        {"schedule": hourly, **near, "catchup": True},
    )
    yield _one(
        "Daily to hourly, and no catchup any more",
        {"schedule": daily, **near, "catchup": True},
        {"schedule": hourly, **near},
    )
    yield _one(
        "No schedule to daily with catchup, since 20 days",
        {"schedule": None},
        {"schedule": daily, **start, "catchup": True},
    )
    yield _one(
        "No schedule to daily with catchup, since 20 days, 5 runs at a time",
        {"schedule": None},
        {"schedule": daily, **start, "catchup": True, "max_active_runs": 5},
    )
    yield _one(
        "Weekly to daily, with catchup",
        {"schedule": at.weekly(-2 * DAY), "start_date": at.date(-3 * DAY), "catchup": True},
        {"schedule": at.daily(-2 * HOUR), "start_date": at.date(-3 * DAY), "catchup": True},
    )


def _of_dates(at: _Times, daily: str, hourly: str) -> Iterator[Change]:
    old = {"schedule": daily}
    near = {"start_date": at.date(LAST - HOUR)}
    full = {**old, **near, "catchup": True}
    tomorrow = {"start_date": at.date(DAY)}
    yield _one("start_date to tomorrow", old, {**old, **tomorrow})
    yield _one("start_date to tomorrow, and hourly", old, {"schedule": hourly, **tomorrow})
    yield _one(
        "start_date from tomorrow to yesterday", {**old, **tomorrow}, {**old, "start_date": at.date(-DAY)}
    )
    yield _one(
        "start_date from tomorrow to four days ago, with catchup",
        {**old, **tomorrow, "catchup": True},
        {**old, "start_date": at.date(LAST - 4 * DAY), "catchup": True},
    )
    yield _one(
        "start_date to ten days earlier, with catchup", full, {**full, "start_date": at.date(LAST - 10 * DAY)}
    )
    yield _one("start_date to tomorrow, with catchup", full, {**full, **tomorrow})
    yield _one(
        "start_date to two hours ago and hourly, with catchup",
        full,
        {**full, "schedule": hourly, "start_date": at.date(-2 * HOUR)},
    )
    yield _one(
        "start_date to tomorrow and hourly, with catchup", full, {**full, "schedule": hourly, **tomorrow}
    )
    yield _one(
        "start_date to two hours ago and every hour, with catchup",
        full,
        {**full, "schedule": {"every": "1h"}, "start_date": at.date(-2 * HOUR)},
    )
    yield _one("An end_date that has passed", old, {**old, "end_date": at.date(-2 * HOUR)})
    yield _one("An end_date in two hours", old, {**old, "end_date": at.date(2 * HOUR)})
    yield _one("An end_date in two days", old, {**old, "end_date": at.date(2 * DAY)})
    yield _one(
        "No end_date any more, a day after it",
        {**old, "end_date": at.date(LAST - DAY + 30)},
        old,
        history={"catchup": True, "start_date": at.date(LAST - DAY - HOUR)},
    )
    yield _one(
        "Hourly and an end_date that has passed", old, {"schedule": hourly, "end_date": at.date(-2 * HOUR)}
    )
    yield _one(
        "Hourly and an end_date that has passed, with catchup",
        full,
        {**full, "schedule": hourly, "end_date": at.date(-150)},
    )


def _of_environments(at: _Times, daily: str) -> Iterator[Change]:
    passed = at.daily(-2 * HOUR)
    yield _one(
        "Another time in this environment only",
        {"schedule": daily},
        {"schedule": daily, "environments": {ENVIRONMENT: {"schedule": passed}}},
    )
    yield _one(
        "Another time in another environment only",
        {"schedule": daily},
        {"schedule": daily, "environments": {"dev": {"schedule": passed}}},
    )
    yield _one(
        "Another time that this environment hides",
        {"schedule": daily, "environments": {ENVIRONMENT: {"schedule": daily}}},
        {"schedule": passed, "environments": {ENVIRONMENT: {"schedule": daily}}},
    )
    yield _one(
        "Disabled in this environment",
        {"schedule": daily},
        {"schedule": daily, "environments": {ENVIRONMENT: {"enabled": False}}},
    )
    yield _one(
        "Disabled in another environment",
        {"schedule": daily},
        {"schedule": daily, "environments": {"dev": {"enabled": False}}},
    )


def _of_coming_and_going(at: _Times, daily: str) -> Iterator[Change]:
    old = {"schedule": daily}
    since = {"start_date": at.date(LAST - 6 * DAY), "catchup": True}
    unpaused = {"is_paused_upon_creation": False}
    yield _one("A new DAG", None, old)
    yield _one("A new DAG that is not paused", None, {**old, **unpaused})
    yield _one("A new DAG with catchup, since a week", None, {**old, **since})
    yield _one("A new DAG with catchup, since a week, that is not paused", None, {**old, **since, **unpaused})
    yield _one("A new DAG that starts tomorrow", None, {**old, "start_date": at.date(DAY)})
    yield _one("A new DAG without a schedule", None, {"schedule": None})
    yield _one("A new DAG with an interval", None, {"schedule": {"every": "6h"}})
    yield _one("A new DAG that runs once", None, {"schedule": "@once", **unpaused})
    yield _one("A new DAG that is disabled", None, {**old, "enabled": False})
    yield _one("Enabled, and Airflow has never had it", {**old, "enabled": False}, old)
    yield _one(
        "Enabled and not paused, and Airflow has never had it",
        {**old, **unpaused, "enabled": False},
        {**old, **unpaused},
    )
    yield _one(
        "Enabled with catchup, and Airflow has never had it",
        {**old, **since, "enabled": False},
        {**old, **since},
    )
    yield _one("Enabled again, after it has run", {**old, "enabled": False}, old, history={"enabled": True})
    yield _one(
        "Enabled again with catchup, after it has run",
        {**old, **since, "enabled": False},
        {**old, **since},
        history={"enabled": True, "catchup": False},
    )
    yield _one("Disabled", old, {**old, "enabled": False})
    yield _one("Disabled during a run", old, {**old, "enabled": False}, is_running=True)
    yield _one("Removed", old, None)
    yield _one("Removed during a run", old, None, is_running=True)
    yield _one("Removed, without a schedule", {"schedule": None}, None)
    yield Change(
        title="Renamed",
        before={"old": {"schedule": f"H {daily.split()[1]} * * *"}},
        after={"old": None, "new": {"schedule": f"H {daily.split()[1]} * * *"}},
    )
    yield Change(
        title="Renamed during a run, with catchup",
        before={"old": {**old, "start_date": at.date(LAST - 6 * DAY)}},
        after={"old": None, "new": {**old, **since}},
        is_running=True,
    )
    yield Change(
        title="Renamed and not paused", before={"old": old}, after={"old": None, "new": {**old, **unpaused}}
    )
    yield _one("An error in the file", old, {"schedule": "61 3 * * *"})
    yield _one(
        "Several at once: time, zone, a sync and tags",
        {**old, "syncs": {"load": "<load>", "rates": "<rates>"}},
        {"schedule": at.daily(-2 * HOUR, "America/Bogota"), "timezone": "America/Bogota", "tags": ["x"]},
        is_running=True,
    )


def _of_tasks(daily: str) -> Iterator[Change]:
    old = {"schedule": daily}
    two = {**old, "syncs": {"load": "<load>", "rates": "<rates>"}}
    yield _one("A sync more, during a run", old, two, is_running=True)
    yield _one("A sync less, during a run", two, old, is_running=True)
    yield _one("A sync less", two, old)
    yield _one(
        "A sync with another name, during a run", old, {**old, "syncs": {"orders": "<load>"}}, is_running=True
    )
    yield _one(
        "mode async to sync, during a run", two, {**two, "defaults": {"mode": "sync"}}, is_running=True
    )
    yield _one(
        "mode sync to async, during a run", {**two, "defaults": {"mode": "sync"}}, two, is_running=True
    )
    yield _one(
        "Another connection, during a run", old, {**old, "syncs": {"load": "<other>"}}, is_running=True
    )
    yield _one(
        "Another Airbyte, during a run", old, {**old, "airbyte_conn_id": "airbyte_two"}, is_running=True
    )
    yield Change(
        title="A trigger less, during a run",
        is_running=True,
        before={"a": {**old, "trigger_dags": ["<name>.b"]}, "b": {"schedule": None, "syncs": {"x": "<x>"}}},
        after={"a": old},
    )
    yield Change(
        title="A triggered DAG is removed",
        before={"a": {**old, "trigger_dags": ["<name>.b"]}, "b": {"schedule": None, "syncs": {"x": "<x>"}}},
        after={"b": None},
    )


def _of_assets(at: _Times, daily: str) -> Iterator[Change]:
    old = {"schedule": daily}
    asset = "airbyte://airbyte_default/<load>"
    waits = {"schedule": {"assets": [asset]}, "syncs": {"x": "<x>"}}
    also = {
        "schedule": {"assets": {"any": [asset, "airbyte://airbyte_default/<more>"]}},
        "syncs": {"x": "<x>"},
    }
    moved = {**old, "syncs": {"load": "<other>"}}
    yield _one("Assets to daily", {"schedule": {"assets": ["elsewhere"]}}, old)
    yield _one("Daily to assets", old, {"schedule": {"assets": ["elsewhere"]}})
    yield _one(
        "Daily to assets and another time",
        old,
        {"schedule": {"assets": ["elsewhere"], "cron": at.daily(-2 * HOUR)}},
    )
    yield _one(
        "Assets and a time, to an earlier time",
        {"schedule": {"assets": ["elsewhere"], "cron": daily}},
        {"schedule": {"assets": ["elsewhere"], "cron": at.daily(-8 * HOUR)}},
    )
    yield Change(
        title="An asset that a DAG waits for, with another connection",
        before={"a": old, "b": waits},
        after={"a": moved},
        is_running=True,
    )
    yield Change(
        title="An asset that a DAG waits for, of a DAG that is removed",
        before={"a": old, "b": waits},
        after={"a": None},
    )
    yield Change(
        title="One of two assets that a DAG waits for",
        before={"a": old, "b": also, "c": {**old, "syncs": {"load": "<more>"}}},
        after={"a": moved},
    )
    yield _one(
        "outlets that are gone, during a run",
        {**old, "syncs": {"load": {"connection_id": "<load>", "outlets": ["lost"]}}},
        old,
        is_running=True,
    )
    yield _one(
        "outlets that stay, with another connection, during a run",
        {**old, "syncs": {"load": {"connection_id": "<load>", "outlets": ["stays"]}}},
        {**old, "syncs": {"load": {"connection_id": "<other>", "outlets": ["stays"]}}},
        is_running=True,
    )
    yield Change(
        title="An asset that only a DAG that is removed waits for, with another connection, during a run",
        before={"a": old, "b": waits},
        after={"a": moved, "b": None},
        is_running=True,
    )
    yield Change(
        title="An asset that only a DAG that is removed updates too, during a run",
        before={
            "a": {**old, "syncs": {"load": {"connection_id": "<load>", "outlets": ["<name>"]}}},
            "b": {**old, "syncs": {"x": {"connection_id": "<x>", "outlets": ["<name>"]}}},
        },
        after={"a": old, "b": None},
        is_running=True,
    )
    yield Change(
        title="An asset that a DAG no longer waits for, with another connection, during a run",
        before={"a": old, "b": waits},
        after={"a": moved, "b": {**waits, "schedule": daily}},
        is_running=True,
    )
    yield Change(
        title="An asset that another DAG still updates, during a run",
        before={
            "a": {**old, "syncs": {"load": {"connection_id": "<load>", "outlets": ["both"]}}},
            "b": {**old, "syncs": {"x": {"connection_id": "<x>", "outlets": ["both"]}}},
        },
        after={"a": old},
        is_running=True,
    )
