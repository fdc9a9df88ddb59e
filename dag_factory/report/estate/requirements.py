"""What has to exist in Airflow for a folder to work, and who needs it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeAlias

from dag_factory.config.model.dag import Dag
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.model.located import Located, located_texts
from dag_factory.config.project import Resolution
from dag_factory.config.text.notifier_paths import provider_of
from dag_factory.config.text.templates import is_template, may_hold_template
from dag_factory.config.yaml.document import Location
from dag_factory.config.yaml.values import KeyPath
from dag_factory.report.estate.airflow_names import airflow_names
from dag_factory.report.estate.rows import Environment, safe

Kind: TypeAlias = Literal["connection", "variable", "pool", "queue", "executor", "dag", "provider", "module"]
KINDS: tuple[Kind, ...] = (
    "connection",
    "variable",
    "pool",
    "queue",
    "executor",
    "dag",
    "provider",
    "module",
)

_AIRBYTE = "apache-airflow-providers-airbyte"
# Airflow creates it.
_DEFAULT_POOL = "default_pool"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a file sets the value; without a file it is a default. Lines count from 1."""

    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A DAG that needs something, and where that is set."""

    dag_id: str
    place: Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """Something that has to exist in Airflow.

    Args:
        users: Who needs it, in order.
        environments: Those in which somebody does; None if that is in all of them.
        slots: Of a pool: the most that one task takes.
    """

    kind: Kind
    name: str
    users: tuple[User, ...]
    environments: tuple[Environment, ...] | None
    slots: int | None = None

    @property
    def by_place(self) -> dict[Place, list[str]]:
        """The DAGs that need it, by where it is set for them."""
        found: dict[Place, list[str]] = {}
        for user in self.users:
            found.setdefault(user.place, []).append(user.dag_id)
        return {place: list(dict.fromkeys(dag_ids)) for place, dag_ids in found.items()}


class Need(NamedTuple):
    """What one DAG needs; `location` is where a file sets it, and `slots` are those of a pool."""

    kind: Kind
    name: str
    location: Location | None = None
    slots: int | None = None


@dataclass(kw_only=True, slots=True)
class _Found:
    """What is known so far; dicts are ordered sets."""

    users: dict[User, None] = field(default_factory=dict)
    environments: dict[Environment, None] = field(default_factory=dict)
    slots: int | None = None


def requirements(
    resolutions: Iterable[tuple[Environment, Resolution]],
    wanted: Container[tuple[Environment, str | None]],
) -> list[Requirement]:
    """Return what DAGs need, by kind and name; `wanted` are the ids of these DAGs in each environment."""
    found: dict[tuple[Kind, str], _Found] = {}
    whole: list[Environment] = []
    places = _Places()
    for environment, resolution in resolutions:
        whole.append(environment)
        for dag_id, need in needs_of(resolution):
            if (environment, safe(dag_id)) not in wanted:
                continue
            each = found.setdefault((need.kind, safe(need.name)), _Found())
            each.users[User(dag_id=safe(dag_id), place=places.of(need.location))] = None
            each.environments[environment] = None
            if need.slots is not None:
                each.slots = max(need.slots, each.slots or 0)
    return [
        Requirement(
            kind=kind,
            name=name,
            users=tuple(each.users),
            environments=None if list(each.environments) == whole else tuple(each.environments),
            slots=each.slots,
        )
        for (kind, name), each in sorted(
            found.items(), key=lambda item: (KINDS.index(item[0][0]), item[0][1])
        )
    ]


class _Places:
    """The lines of locations. Each file is searched once for each value, however many DAGs share it."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, KeyPath], Place] = {}

    def of(self, location: Location | None) -> Place:
        """Return where a location is."""
        if location is None:
            return Place()
        key = (id(location.document), location.path)
        if key not in self._known:
            file = safe(location.document.file.name)
            self._known[key] = Place(file=file, line=location.span().line)
        return self._known[key]


def needs_of(resolution: Resolution) -> Iterator[tuple[str, Need]]:
    """Yield what each DAG that Airflow gets needs, with the DAG's id."""
    drafts = {id(draft.document): draft for draft in resolution.drafts}
    known = {draft.dag_id.value for draft in resolution.drafts}
    for dag in resolution.project.dags:
        if dag.enabled:
            draft = drafts[id(dag.location.document)]
            needs = (_of_syncs(draft), _of_triggers(draft, known), _of_notifiers(dag), _of_templates(draft))
            yield from ((dag.dag_id, need) for need in chain(*needs))


def _of_syncs(draft: DraftDag) -> Iterator[Need]:
    for sync in draft.syncs:
        yield Need("provider", _AIRBYTE)
        conn_id, pool = sync.airbyte_conn_id, sync.pool
        if not is_template(conn_id.value):
            yield Need("connection", conn_id.value, _place(conn_id))
        if pool.value is not None and pool.value != _DEFAULT_POOL:
            yield Need("pool", pool.value, _place(pool), sync.pool_slots.value or 1)
        if sync.queue.value is not None:
            yield Need("queue", sync.queue.value, _place(sync.queue))
        if sync.executor.value is not None:
            yield Need("executor", sync.executor.value, _place(sync.executor))


def _of_triggers(draft: DraftDag, known: Container[str]) -> Iterator[Need]:
    for trigger in draft.trigger_dags:
        dag_id = trigger.dag_id
        if dag_id.value not in known and not is_template(dag_id.value):
            yield Need("dag", dag_id.value, dag_id.location)


def _of_notifiers(dag: Dag) -> Iterator[Need]:
    notify = dag.notify
    for each in (*notify.on_failure, *notify.on_success, *notify.on_retry):
        provider = provider_of(each.notifier)
        if provider is not None:
            yield Need("provider", provider, each.location)
        else:
            yield Need("module", each.notifier.rpartition(".")[0], each.location)


def _of_templates(draft: DraftDag) -> Iterator[Need]:
    if any(may_hold_template(document.file.text) for document in (draft.document, *draft.defaults)):
        for text, location in _texts(draft):
            for kind, name in airflow_names(text):
                yield Need(kind, name, location)


def _texts(draft: DraftDag) -> Iterator[tuple[str, Location]]:
    """Yield each text that Airflow renders; of a notifier, all that it may render."""
    for sync in draft.syncs:
        for key in (sync.connection_id, sync.airbyte_conn_id):
            yield from located_texts(key.written, key.location)
    for trigger in draft.trigger_dags:
        for part in (trigger.dag_id, trigger.conf):
            yield from located_texts(part.written, part.location)
    for setting in draft.notify.values():
        yield from located_texts(setting.value, setting.location)


def _place(value: Located[Any]) -> Location | None:
    return value.location if value.is_set else None
