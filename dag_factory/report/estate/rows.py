"""The rows of the list: one for each DAG, or for each form that it has in some environments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TypeAlias

from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.config.model.dag import AssetCondition, Dag, Sync, assets_of
from dag_factory.config.project import Resolution
from dag_factory.config.text import durations
from dag_factory.config.text.connection_ids import is_uuid
from dag_factory.config.text.secret_patterns import redacted
from dag_factory.report.estate.runs import Window, first_run, may_run
from dag_factory.report.upcoming import SPECIAL, assets_text

# None is the configuration without an environment.
Environment: TypeAlias = "str | None"

# Gives the name of a connection for the environment, the Airflow connection and the id.
NameOf: TypeAlias = Callable[[Environment, str, str], "str | None"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedSync:
    """A sync and its Airbyte connection; `connection` is its name in Airbyte, where that is known."""

    name: str
    connection_id: str
    connection: str | None
    airbyte_conn_id: str
    pool: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the list shows of a DAG. Nothing in it looks like a secret.

    Args:
        dag_id: None if a file cannot be read far enough to know it.
        brief: The schedule without the names of assets, which may be long.
        timezone: The zone of a cron expression.
        next_run: The first run at the moment of the list or later, in the schedule's zone. None if there is
            none, or if only Airflow knows it.
        may_run: Whether a run begins, or perhaps begins, in the window of the list.
        errors: The codes of the errors for which it cannot be created; the other fields are then empty.
    """

    dag_id: str | None
    file: str
    enabled: bool = True
    owner: str | None = None
    tags: tuple[str, ...] = ()
    schedule: str = ""
    brief: str = ""
    timezone: str | None = None
    next_run: datetime | None = None
    may_run: bool = False
    syncs: tuple[ListedSync, ...] = ()
    notifiers: tuple[str, ...] = ()
    is_broken: bool = False
    errors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The DAG's id, or what it is without a `dag_id`: the file's name without its ending."""
        return PurePosixPath(self.file).stem if self.dag_id is None else self.dag_id

    @property
    def key(self) -> tuple[str | None, str]:
        """What the rows of a DAG have in common."""
        return self.dag_id, self.file

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools of all syncs, each once."""
        return tuple(dict.fromkeys(sync.pool for sync in self.syncs if sync.pool is not None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A row and the environments in which the DAG is so; None if that is in all of them."""

    row: Row
    environments: tuple[Environment, ...] | None


def listed(
    resolutions: Iterable[tuple[Environment, Resolution]], window: Window, name_of: NameOf
) -> list[Listed]:
    """List the DAGs of a folder by id; what is equal in all environments is one row."""
    found: dict[Row, list[Environment]] = {}
    known: dict[int, tuple[Dag, Row]] = {}
    environments: list[Environment] = []
    for environment, resolution in resolutions:
        environments.append(environment)
        for dag in resolution.project.dags:
            # An environment has the same object where it changes nothing; kept, so that no other has its id.
            _, row = known.get(id(dag)) or (dag, _row(dag, environment, window, name_of))
            known[id(dag)] = (dag, row)
            found.setdefault(row, []).append(environment)
        for broken in dict.fromkeys(_broken(resolution)):
            found.setdefault(broken, []).append(environment)
    rows = sorted(found, key=lambda row: (row.name, row.file))
    return [
        Listed(row=row, environments=None if found[row] == environments else tuple(found[row]))
        for row in rows
    ]


def _row(dag: Dag, environment: Environment, window: Window, name_of: NameOf) -> Row:
    notify = (*dag.notify.on_failure, *dag.notify.on_success, *dag.notify.on_retry)
    cron = dag.schedule.cron
    return Row(
        dag_id=safe(dag.dag_id),
        file=safe(dag.location.document.file.name),
        enabled=dag.enabled,
        owner=None if dag.owner is None else safe(dag.owner),
        tags=tuple(map(safe, dag.tags)),
        schedule=safe(_schedule(dag, _named_assets)),
        brief=safe(_schedule(dag, _counted_assets)),
        timezone=None if cron is None or cron in SPECIAL else dag.schedule.timezone,
        next_run=first_run(dag, window),
        may_run=may_run(dag, window),
        syncs=tuple(_sync(sync, environment, name_of) for sync in dag.syncs),
        notifiers=tuple(dict.fromkeys(safe(each.notifier) for each in notify)),
    )


def _sync(sync: Sync, environment: Environment, name_of: NameOf) -> ListedSync:
    name = sync.connection or name_of(environment, sync.airbyte_conn_id, sync.connection_id)
    return ListedSync(
        name=safe(sync.name),
        connection_id=safe(sync.connection_id),
        connection=None if name is None else safe(name),
        airbyte_conn_id=safe(sync.airbyte_conn_id),
        pool=None if sync.pool is None else safe(sync.pool),
    )


def _schedule(dag: Dag, assets: Callable[[AssetCondition], str]) -> str:
    """Write the schedule in a few words; the zone has its own field."""
    schedule = dag.schedule
    parts = []
    if schedule.assets is not None:
        parts.append(assets(schedule.assets))
    if schedule.every is not None:
        parts.append(f"every {durations.text(schedule.every)}")
    if schedule.cron is not None:
        parts.append(schedule.cron)
    return ", and ".join(parts) or "manual"


def _named_assets(condition: AssetCondition) -> str:
    return f"when updated: {assets_text(condition)}"


def _counted_assets(condition: AssetCondition) -> str:
    count = len(list(assets_of(condition)))
    return f"{count} asset{'' if count == 1 else 's'}"


def _broken(resolution: Resolution) -> Iterator[Row]:
    """Yield the DAGs that cannot be created, and the files of which nobody can say which DAGs they hold."""
    by_file: dict[str, list[Diagnostic]] = {}
    for each in resolution.project.diagnostics:
        if has_errors([each]):
            by_file.setdefault(each.file, []).append(each)
    made = {id(dag.location.document) for dag in resolution.project.dags}
    lost = [draft for draft in resolution.drafts if id(draft.document) not in made]
    for draft in lost:
        file = draft.document.file.name
        # In the place of an id that the schema refuses, the draft has the file's name.
        dag_id = None if "dag_id" in draft.invalid else draft.dag_id.value
        yield _broken_row(dag_id, file, by_file.get(file, ()))
    named = {draft.document.file.name for draft in lost}
    read = {draft.document.file.name for draft in resolution.drafts}
    # Defaults are no DAG. A secret alone, in the place of a warning that would show it, keeps none away.
    others = {each.name for each in resolution.files if each.is_defaults} | named
    others |= {file for file in read if all(each.code == "secret" for each in by_file.get(file, ()))}
    unread = (each.name for each in resolution.files if each.name not in read)
    for file in dict.fromkeys((*unread, *by_file)):
        if file not in others:
            yield _broken_row(None, file, by_file.get(file, ()))


def _broken_row(dag_id: str | None, file: str, errors: Sequence[Diagnostic]) -> Row:
    return Row(
        dag_id=None if dag_id is None else safe(dag_id),
        file=safe(file),
        is_broken=True,
        # Without one of its own, the error is in its defaults.
        errors=tuple(dict.fromkeys(each.code for each in errors)) or ("bad-defaults",),
    )


@lru_cache(maxsize=4096)
def safe(text: str) -> str:
    """Write `***` for what looks like a secret; DAGs share most of their texts, except ids."""
    return text if is_uuid(text) else redacted(text)
