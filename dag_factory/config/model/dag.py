"""The typed model of a DAG and its syncs, made from a draft that the rules have passed.

Fields have the names of the schema's keys, and the schema gives their defaults. None means that Airflow's own
default applies. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from dag_factory.config.model.draft import DraftDag, DraftSchedule, DraftSync, DraftTrigger
from dag_factory.config.model.layers import Setting
from dag_factory.config.model.located import values_of
from dag_factory.config.model.policies import Mode, OnKill, OnRunning, OnTimeout
from dag_factory.config.text import cron
from dag_factory.config.text.asset_uris import default_asset
from dag_factory.config.text.dates import moment
from dag_factory.config.yaml.document import Location


@dataclass(frozen=True, kw_only=True, slots=True)
class AssetGroup:
    """Assets that are waited for together: all of them, or any."""

    kind: Literal["all", "any"]
    parts: tuple[AssetCondition, ...]


AssetCondition: TypeAlias = "str | AssetGroup"


def assets_of(condition: AssetCondition | None) -> Iterator[str]:
    """Yield the assets of a condition in order, each as often as it is named; none without a condition."""
    if isinstance(condition, AssetGroup):
        for part in condition.parts:
            yield from assets_of(part)
    elif condition is not None:
        yield condition


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """When a DAG runs; manually only if all fields are None.

    `cron` holds five fields without `H`, or a preset that is not an expression (@once, @continuous).
    `every` is in seconds.
    """

    cron: str | None = None
    timezone: str = "UTC"
    every: int | None = None
    assets: AssetCondition | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sync:
    """One sync of one Airbyte connection."""

    name: str
    connection_id: str
    connection: str | None
    airbyte_conn_id: str
    mode: Mode
    deferrable: bool | None
    wait_seconds: int
    timeout: int
    on_running: OnRunning
    on_timeout: OnTimeout
    on_kill: OnKill
    min_rows: int | None
    retries: int | None
    retry_delay: int | None
    retry_exponential_backoff: bool
    max_retry_delay: int | None
    pool: str | None
    pool_slots: int | None
    priority_weight: int | None
    queue: str | None
    executor: str | None
    trigger_rule: str
    depends_on: tuple[str, ...]
    outlets: tuple[str, ...] | None
    description: str | None
    doc_md: str | None

    @property
    def is_deferred(self) -> bool:
        """Whether a triggerer waits, unless Airflow's `[operators] default_deferrable` says otherwise."""
        return self.mode == "async" if self.deferrable is None else self.deferrable

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets that the sync updates; by default one named after its two connections."""
        if self.outlets is not None:
            return self.outlets
        asset = default_asset(self.airbyte_conn_id, self.connection_id)
        return () if asset is None else (asset,)


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggeredDag:
    """A DAG that is triggered when syncs are done; no `after` means all of them."""

    dag_id: str
    after: tuple[str, ...]
    conf: Mapping[str, Any] | None
    wait_for_completion: bool
    trigger_rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifier:
    """The import path of a `BaseNotifier` and its arguments, and the location of the path."""

    notifier: str
    arguments: Mapping[str, Any]
    location: Location = field(compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """The notifiers of each event."""

    on_failure: tuple[Notifier, ...] = ()
    on_success: tuple[Notifier, ...] = ()
    on_retry: tuple[Notifier, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dag:
    """One DAG. Its location is that of the document that declares it."""

    dag_id: str
    location: Location = field(compare=False)
    defaults_files: tuple[str, ...]
    schedule: Schedule
    start_date: datetime
    end_date: datetime | None
    syncs: tuple[Sync, ...]
    enabled: bool
    description: str | None
    doc_md: str | None
    owner: str | None
    tags: tuple[str, ...]
    catchup: bool
    max_active_runs: int
    max_active_tasks: int | None
    dagrun_timeout: int | None
    is_paused_upon_creation: bool | None
    fail_fast: bool
    trigger_dags: tuple[TriggeredDag, ...]
    notify: Notify


def dag_from(draft: DraftDag) -> Dag:
    """Type a draft without errors: every value has passed the schema and the rules."""
    values = values_of(draft)
    zone = values.pop("timezone")
    end = values["end_date"]
    return Dag(
        **{
            **values,
            "dag_id": draft.dag_id.value,
            "location": draft.location,
            "defaults_files": draft.defaults_files,
            "schedule": schedule_from(draft.schedule, zone, draft.dag_id.value),
            "start_date": moment(values["start_date"], zone),
            "end_date": None if end is None else moment(end, zone),
            "syncs": tuple(_sync_from(sync) for sync in draft.syncs),
            "trigger_dags": tuple(_triggered_from(trigger) for trigger in draft.trigger_dags),
            "notify": Notify(
                **{event: tuple(_notifiers(setting)) for event, setting in draft.notify.items()}
            ),
        }
    )


def schedule_from(draft: DraftSchedule, timezone: str, dag_id: str) -> Schedule:
    """Type the schedule, with `H` replaced by the value that belongs to the DAG's id."""
    text, assets = draft.cron.value, draft.assets.value
    return Schedule(
        cron=None if text is None else cron.expression(text, dag_id),
        timezone=draft.timezone.value or timezone,
        every=draft.every.value,
        assets=None if assets is None else _condition(assets),
    )


def _sync_from(draft: DraftSync) -> Sync:
    return Sync(name=draft.name, **values_of(draft))


def _triggered_from(draft: DraftTrigger) -> TriggeredDag:
    return TriggeredDag(**values_of(draft))


def _condition(value: Any) -> AssetCondition:  # noqa: ANN401 (the schema has fixed its shape)
    if isinstance(value, str):
        return value
    kind, parts = ("all", value) if isinstance(value, list) else next(iter(value.items()))
    return AssetGroup(kind="any" if kind == "any" else "all", parts=tuple(_condition(part) for part in parts))


def _notifiers(setting: Setting) -> Iterator[Notifier]:
    for index, entry in enumerate(setting.value):
        yield Notifier(
            notifier=entry["notifier"],
            arguments={key: value for key, value in entry.items() if key != "notifier"},
            location=setting.location.part(index, "notifier"),
        )
