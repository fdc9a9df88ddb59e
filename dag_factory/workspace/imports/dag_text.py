"""The text of a configuration file for connections that Airbyte has scheduled so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dag_factory.config.text.secret_patterns import redacted
from dag_factory.workspace.imports.schedules import Translation
from dag_factory.workspace.imports.yaml_text import comment, quoted, scalar

_OFTEN = "# dag-factory: ignore[short-schedule] as in Airbyte, a sync that is due waits for the one before it"


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncText:
    """A sync of a connection, which it names by its name or by its id."""

    name: str
    connection_id: str
    connection: str
    by_name: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DagText:
    """What the file of a DAG says.

    Args:
        heading: A comment for editors.
        status: The status of the connections in Airbyte, which has to be active for a DAG that runs.
        comments: What to know about the schedule.
        stops_catchup: Whether the defaults turn catchup on, which is wrong for a schedule that goes on.
        is_conn_id_of_syncs: Whether the defaults give syncs an Airflow connection, which wins over a DAG's.
        runs_often: Whether the DAG runs more often than the defaults let a sync take.
    """

    heading: str | None
    description: str | None
    status: str
    schedule: Translation
    comments: tuple[str, ...]
    stops_catchup: bool
    tags: tuple[str, ...]
    airbyte_conn_id: str | None
    is_conn_id_of_syncs: bool
    syncs: tuple[SyncText, ...]
    runs_often: bool = False


def dag_text(dag: DagText) -> str:
    """Write the file of a DAG, one key a line."""
    return "".join(f"{line}\n" for part in (_head(dag), _schedule(dag), _keys(dag)) for line in part)


def _head(dag: DagText) -> Iterator[str]:
    if dag.heading is not None:
        yield dag.heading
    if dag.runs_often:
        yield _OFTEN
    if dag.status != "active":
        yield f"enabled: false {comment(f'{dag.status} in Airbyte')}"
    if dag.description is not None:
        yield f"description: {quoted(dag.description)}"


def _schedule(dag: DagText) -> Iterator[str]:
    yield from map(comment, dag.comments)
    schedule = dag.schedule
    if schedule.is_manual:
        yield "schedule: null" if schedule.problem else "schedule: null # manual in Airbyte too"
        return
    yield "schedule:"
    if schedule.every is not None:
        yield f"  every: {schedule.every}"
    if schedule.cron is not None:
        yield f"  cron: {scalar(schedule.cron)}"
    if schedule.timezone is not None:
        yield f"  timezone: {scalar(schedule.timezone)}"


def _keys(dag: DagText) -> Iterator[str]:
    if dag.stops_catchup:
        yield "catchup: false"
    if dag.tags:
        yield f"tags: [{', '.join(map(scalar, dag.tags))}]"
    if dag.airbyte_conn_id is not None:
        line = f"airbyte_conn_id: {scalar(dag.airbyte_conn_id)}"
        yield from ("defaults:", f"  {line}") if dag.is_conn_id_of_syncs else (line,)
    yield "syncs:"
    for sync in dag.syncs:
        yield f"  {scalar(sync.name)}:"
        yield f"    {_connection(sync)}"


def _connection(sync: SyncText) -> str:
    if sync.by_name:
        return f"connection: {quoted(sync.connection)}"
    # In quotes, since a comment may be addressed to dag-factory.
    remark = "" if sync.connection == sync.name else f" {comment(quoted(redacted(sync.connection)))}"
    return f"connection_id: {sync.connection_id}{remark}"
