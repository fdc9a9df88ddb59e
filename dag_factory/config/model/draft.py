"""A DAG between its layers and its model: typed values, each with its location and its origin.

Rules, `show` and the model read the same draft. A value is converted when it is read; where no file sets a
key, its default comes from the schema.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from dag_factory.config.model.layers import MergedDefaults, Setting, Settings, merged_layers
from dag_factory.config.model.located import Key, Located, Origin, located_texts
from dag_factory.config.model.names import Lookup, look_up, with_connection_id
from dag_factory.config.model.policies import Mode, OnKill, OnRunning, OnTimeout
from dag_factory.config.schema.keys import Section
from dag_factory.config.snapshot.snapshots import Snapshots
from dag_factory.config.text import durations
from dag_factory.config.text.asset_uris import default_asset
from dag_factory.config.text.dates import moment
from dag_factory.config.text.timezones import is_timezone
from dag_factory.config.yaml.document import Document, Location
from dag_factory.config.yaml.values import KeyPath, Value


@dataclass(frozen=True, kw_only=True, eq=False)
class DraftSync:
    """A sync after all layers: its settings by key, and the keys whose values the schema refused.

    Where it names its connection, `lookup` is what was found, and `connection_id` the id of a connection that
    was found.
    """

    section: ClassVar[Section | None] = "sync"

    name: str
    location: Location
    settings: Settings
    invalid: frozenset[str] = frozenset()
    lookup: Lookup | None = None

    connection_id = Key[str | None]()
    connection = Key[str | None]()
    airbyte_conn_id = Key[str]()
    mode = Key[Mode]()
    deferrable = Key[bool | None]()
    wait_seconds = Key[int](durations.seconds)
    timeout = Key[int](durations.seconds)
    on_running = Key[OnRunning]()
    on_timeout = Key[OnTimeout]()
    on_kill = Key[OnKill]()
    min_rows = Key[int | None]()
    retries = Key[int | None]()
    retry_delay = Key[int | None](durations.seconds)
    retry_exponential_backoff = Key[bool]()
    max_retry_delay = Key[int | None](durations.seconds)
    pool = Key[str | None]()
    pool_slots = Key[int | None]()
    priority_weight = Key[int | None]()
    queue = Key[str | None]()
    executor = Key[str | None]()
    trigger_rule = Key[str]()
    depends_on = Key[tuple[str, ...]](tuple, ())
    outlets = Key[tuple[str, ...] | None](tuple)
    description = Key[str | None]()
    doc_md = Key[str | None]()

    def located_outlets(self) -> Iterator[tuple[str, Location]]:
        """Yield each asset that the sync's own `outlets` name."""
        outlets = self.outlets
        for index, asset in enumerate(outlets.value or ()):
            yield asset, outlets.location.part(index)

    def updates(self) -> Iterator[tuple[str, Location]]:
        """Yield each asset that the sync updates: its `outlets`, or one named after its connection."""
        if "outlets" in self.settings:
            yield from self.located_outlets()
            return
        connection_id = self.connection_id
        if connection_id.value is not None and "outlets" not in self.invalid:
            asset = default_asset(self.airbyte_conn_id.value, connection_id.value)
            if asset is not None:
                yield asset, connection_id.location


@dataclass(frozen=True, kw_only=True, eq=False)
class DraftTrigger:
    """An entry of `trigger_dags`; a plain DAG id is one with that key alone."""

    section: ClassVar[Section | None] = "trigger"

    location: Location
    settings: Settings
    invalid: frozenset[str] = frozenset()

    dag_id = Key[str](absent="")
    after = Key[tuple[str, ...]](tuple, ())
    conf = Key[Mapping[str, Any] | None]()
    wait_for_completion = Key[bool]()
    trigger_rule = Key[str]()


@dataclass(frozen=True, kw_only=True, eq=False)
class DraftSchedule:
    """The schedule as a mapping, however it is written; without any key the DAG runs only manually.

    `is_set` is false where no file sets it, or where the schema refused a part of it.
    """

    section: ClassVar[Section | None] = None  # none of its keys has a default

    location: Location
    settings: Settings
    is_set: bool
    invalid: frozenset[str] = frozenset()

    cron = Key[str | None]()
    timezone = Key[str | None]()
    every = Key[int | None](durations.seconds)
    assets = Key[Value]()

    @property
    def starts_runs(self) -> bool:
        """Whether Airflow starts runs by itself: at times, at an interval or after assets."""
        return any(part.value is not None for key, part in self.settings.items() if key != "timezone")

    def located_assets(self) -> Iterator[tuple[str, Location]]:
        """Yield each asset that the schedule names."""
        if self.is_set and "assets" in self.settings:
            assets = self.assets
            yield from located_texts(assets.value, assets.location)


@dataclass(frozen=True, kw_only=True, eq=False)
class DraftDag:
    """A document after defaults and environment. Rules judge it; `model.dag` makes a `Dag` of a valid one."""

    section: ClassVar[Section | None] = "dag"

    document: Document
    location: Location
    defaults: tuple[Document, ...]
    environment: str | None
    dag_id: Located[str]
    settings: Settings
    notify: Settings
    syncs: tuple[DraftSync, ...]
    schedule: DraftSchedule
    trigger_dags: tuple[DraftTrigger, ...]
    invalid: frozenset[str] = frozenset()

    enabled = Key[bool]()
    description = Key[str | None]()
    doc_md = Key[str | None]()
    owner = Key[str | None]()
    tags = Key[tuple[str, ...]](tuple, ())
    timezone = Key[str]()
    start_date = Key[str]()
    end_date = Key[str | None]()
    catchup = Key[bool]()
    max_active_runs = Key[int]()
    max_active_tasks = Key[int | None]()
    dagrun_timeout = Key[int | None](durations.seconds)
    is_paused_upon_creation = Key[bool | None]()
    fail_fast = Key[bool]()

    @property
    def defaults_files(self) -> tuple[str, ...]:
        """The files whose defaults apply, that of the top folder first."""
        return tuple(layer.file.name for layer in self.defaults)

    @property
    def is_valid(self) -> bool:
        """Whether the document had no error before the rules."""
        return self.document.is_valid

    @functools.cached_property
    def zone(self) -> str:
        """The name of the time zone; UTC where the one that is set is unknown."""
        name = self.timezone.value
        return name if is_timezone(name) else "UTC"

    @functools.cached_property
    def start(self) -> datetime | None:
        """The moment of `start_date`; None if there is no such date."""
        return _moment(self.start_date.value, self.zone)

    @functools.cached_property
    def end(self) -> datetime | None:
        """The moment of `end_date`; None without one, and if there is no such date."""
        return _moment(self.end_date.value, self.zone)

    def awaited_assets(self) -> Iterator[tuple[str, Location]]:
        """Yield each asset that the DAG waits for; a disabled DAG waits for none."""
        if self.enabled.value:
            yield from self.schedule.located_assets()

    def is_invalid(self, *path: str) -> bool:
        """Whether the schema refused the value at a path, in the document or in its environment."""
        return path in self.document.invalid_paths_in(self.environment)


def draft_from(
    document: Document,
    layers: Sequence[Document],
    environment: str | None,
    file_stem: str,
    shared: MergedDefaults,
    snapshots: Snapshots,
) -> DraftDag:
    """Lay all layers over each other, and look up the connections that syncs name.

    `layers` are the defaults, the top folder's first, without errors.
    """
    merged = merged_layers(document, tuple(layers), environment, shared)
    invalid_paths = document.invalid_paths_in(environment)
    invalid = frozenset(str(path[0]) for path in invalid_paths if path)
    settings, location = merged.settings, Location(document=document)
    return DraftDag(
        document=document,
        location=location,
        defaults=tuple(layers),
        environment=environment,
        dag_id=_dag_id(settings.pop("dag_id", None), location, file_stem),
        settings=settings,
        notify=merged.notify,
        syncs=tuple(
            _sync(
                name,
                location_of_sync,
                settings_of_sync,
                _invalid_sync_keys(invalid_paths, name),
                look_up(settings_of_sync, snapshots, environment),
            )
            for name, (location_of_sync, settings_of_sync) in merged.syncs.items()
        ),
        schedule=_schedule(settings.get("schedule"), location, is_invalid="schedule" in invalid),
        trigger_dags=tuple(_triggers(settings.get("trigger_dags"))),
        invalid=invalid,
    )


def _sync(
    name: str, location: Location, settings: Settings, invalid: frozenset[str], lookup: Lookup | None
) -> DraftSync:
    return DraftSync(
        name=name,
        location=location,
        settings=with_connection_id(settings, lookup),
        invalid=invalid,
        lookup=lookup,
    )


def _dag_id(setting: Setting | None, document: Location, file_stem: str) -> Located[str]:
    """Return the id; without the key it is the file's name."""
    if setting is None:
        return Located(file_stem, document, Origin.DEFAULT)
    return Located(str(setting.value), setting.location, Origin.SET, setting.value)


def _schedule(setting: Setting | None, document: Location, *, is_invalid: bool) -> DraftSchedule:
    location = document if setting is None else setting.location
    value = None if setting is None else setting.value
    parts: Settings = {}
    if isinstance(value, dict):
        parts = {key: Setting(value=part, location=location.part(key)) for key, part in value.items()}
    elif value is not None:
        parts = {"cron": Setting(value=value, location=location)}
    return DraftSchedule(location=location, settings=parts, is_set=setting is not None and not is_invalid)


def _triggers(setting: Setting | None) -> Iterator[DraftTrigger]:
    for index, entry in enumerate(() if setting is None else setting.value):
        assert setting is not None  # noqa: S101 (it has entries)
        location = setting.location.part(index)
        settings = {"dag_id": Setting(value=entry, location=location)}
        if isinstance(entry, dict):
            settings = {key: Setting(value=part, location=location.part(key)) for key, part in entry.items()}
        yield DraftTrigger(location=location, settings=settings)


def _invalid_sync_keys(paths: frozenset[KeyPath], name: str) -> frozenset[str]:
    """Name the keys of a sync that the schema refused, on it or among the document's defaults."""
    own = {str(path[2]) for path in paths if path[:2] == ("syncs", name) and len(path) == 3}
    return frozenset(own | {str(path[1]) for path in paths if path[:1] == ("defaults",) and len(path) == 2})


def _moment(text: str | None, zone: str) -> datetime | None:
    try:
        return None if text is None else moment(text, zone)
    except ValueError:
        return None
