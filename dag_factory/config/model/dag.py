"""The typed model of a DAG and its syncs, made from what the rules have passed.
Fields have the names and the defaults of the schema's keys; a test holds the two together. None means that
Airflow's own default applies. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from dag_factory.config.model.layers import ResolvedDag, ResolvedSync, Setting, Settings
from dag_factory.config.text import cron, durations
from dag_factory.config.yaml.document import Place

DEFAULT_START_DATE = "2024-01-01"


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetGroup:
    """Assets that are waited for together: all of them, or any."""

    kind: Literal["all", "any"]
    parts: tuple[AssetCondition, ...]


AssetCondition: TypeAlias = "str | AssetGroup"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """When a DAG runs; all fields None: only by hand. `cron` holds five fields without `H`, or a preset
    that is no expression (@once, @continuous)."""

    cron: str | None = None
    timezone: str = "UTC"
    every: int | None = None
    assets: AssetCondition | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sync:
    """One sync of one Airbyte connection."""

    name: str
    connection_id: str
    airbyte_conn_id: str = "airbyte_default"
    mode: Literal["sync", "async"] = "async"
    deferrable: bool | None = None
    wait_seconds: int = 30
    timeout: int = 86_400
    on_running: Literal["adopt", "fail", "skip"] = "adopt"
    on_timeout: Literal["cancel", "leave"] = "cancel"
    on_kill: Literal["cancel", "leave"] = "cancel"
    min_rows: int | None = None
    retries: int | None = None
    retry_delay: int | None = None
    retry_exponential_backoff: bool = False
    max_retry_delay: int | None = None
    pool: str | None = None
    pool_slots: int | None = None
    priority_weight: int | None = None
    queue: str | None = None
    executor: str | None = None
    trigger_rule: str = "all_success"
    depends_on: tuple[str, ...] = ()
    outlets: tuple[str, ...] | None = None
    description: str | None = None
    doc_md: str | None = None

    @property
    def is_deferred(self) -> bool:
        """Whether a triggerer waits, unless Airflow's `[operators] default_deferrable` says otherwise."""
        return self.mode == "async" if self.deferrable is None else self.deferrable

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets that the sync updates; by default one named after its two connections.

        Airflow does not render templates in assets, so a templated connection has no default one.
        """
        if self.outlets is not None:
            return self.outlets
        uri = f"airbyte://{self.airbyte_conn_id}/{self.connection_id}"
        return () if "{{" in uri else (uri,)


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggeredDag:
    """A DAG that is triggered when syncs are done; no `after` means all of them."""

    dag_id: str
    after: tuple[str, ...] = ()
    conf: Mapping[str, Any] | None = None
    wait_for_completion: bool = False
    trigger_rule: str = "all_success"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifier:
    """The import path of a `BaseNotifier` and its arguments, and the place of the path."""

    notifier: str
    arguments: Mapping[str, Any]
    place: Place = field(compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """Who is told of what."""

    on_failure: tuple[Notifier, ...] = ()
    on_success: tuple[Notifier, ...] = ()
    on_retry: tuple[Notifier, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dag:
    """One DAG. Its place is where it is declared, for those who have something to tell about it."""

    dag_id: str
    place: Place = field(compare=False)
    defaults_files: tuple[str, ...]
    schedule: Schedule
    start_date: datetime
    syncs: tuple[Sync, ...]
    end_date: datetime | None = None
    enabled: bool = True
    description: str | None = None
    doc_md: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    catchup: bool = False
    max_active_runs: int = 1
    max_active_tasks: int | None = None
    dagrun_timeout: int | None = None
    is_paused_upon_creation: bool | None = None
    fail_fast: bool = False
    trigger_dags: tuple[TriggeredDag, ...] = ()
    notify: Notify = Notify()


_DURATIONS = frozenset(
    ("wait_seconds", "timeout", "retry_delay", "max_retry_delay", "dagrun_timeout", "every")
)
_SYNC_FIELDS = frozenset(each.name for each in fields(Sync))
_DAG_FIELDS = frozenset(each.name for each in fields(Dag))


def dag_from(resolved: ResolvedDag) -> Dag:
    """Type a resolved DAG; every value has passed the schema and the rules."""
    timezone = resolved.value("timezone", "UTC")
    end = resolved.value("end_date")
    plain = {
        key: _plain(key, setting.value) for key, setting in resolved.settings.items() if key in _DAG_FIELDS
    }
    return Dag(
        **{
            **plain,
            "dag_id": resolved.dag_id.value,
            "place": Place(document=resolved.document),
            "defaults_files": resolved.defaults_files,
            "schedule": schedule_from(resolved),
            "start_date": moment(resolved.value("start_date", DEFAULT_START_DATE), timezone),
            "end_date": None if end is None else moment(end, timezone),
            "syncs": tuple(_sync_from(sync) for sync in resolved.syncs),
            "trigger_dags": tuple(_triggered(entry) for entry in resolved.value("trigger_dags", [])),
            "notify": Notify(**{event: _notifiers(setting) for event, setting in resolved.notify.items()}),
        }
    )


def schedule_from(resolved: ResolvedDag) -> Schedule:
    """Type the schedule, with `H` replaced by the value that belongs to the DAG's id."""
    value = resolved.value("schedule")
    timezone = resolved.value("timezone", "UTC")
    form = value if isinstance(value, dict) else {"cron": value}
    text = form.get("cron")
    return Schedule(
        cron=None if text is None else cron.expression(text, resolved.dag_id.value),
        timezone=form.get("timezone", timezone),
        every=durations.seconds(form["every"]) if "every" in form else None,
        assets=_assets(form["assets"]) if "assets" in form else None,
    )


def moment(text: str, timezone: str) -> datetime:
    """Read a date or a date and time; one without an offset belongs to the time zone.

    Raises ValueError for a day or a time that does not exist, in UTC neither: Airflow stores it so.
    """
    read = datetime.fromisoformat(text)
    aware = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(timezone))
    try:
        aware.astimezone(UTC)
    except OverflowError as error:  # the last hours of the year 9999
        raise ValueError(text) from error
    return aware


def sync_values(settings: Settings) -> dict[str, Any]:
    """Give a sync's settings as the fields of `Sync`."""
    return {key: _plain(key, setting.value) for key, setting in settings.items() if key in _SYNC_FIELDS}


def _sync_from(sync: ResolvedSync) -> Sync:
    return Sync(name=sync.name, **sync_values(sync.settings))


def _plain(key: str, value: object) -> object:
    if key in _DURATIONS:
        return durations.seconds(cast("int | str", value))
    return tuple(value) if isinstance(value, list) else value


def _assets(value: str | list[Any] | dict[str, Any]) -> AssetCondition:
    if isinstance(value, str):
        return value
    kind, parts = ("all", value) if isinstance(value, list) else next(iter(value.items()))
    return AssetGroup(kind=cast("Any", kind), parts=tuple(_assets(part) for part in parts))


def _triggered(entry: str | dict[str, Any]) -> TriggeredDag:
    if isinstance(entry, str):
        return TriggeredDag(dag_id=entry)
    return TriggeredDag(**{**entry, "after": tuple(entry.get("after", ()))})


def _notifiers(setting: Setting) -> tuple[Notifier, ...]:
    return tuple(
        Notifier(
            notifier=entry["notifier"],
            arguments={key: value for key, value in entry.items() if key != "notifier"},
            place=setting.part(index, "notifier"),
        )
        for index, entry in enumerate(setting.value)
    )
