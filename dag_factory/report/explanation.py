"""What a DAG becomes: its values and where each is set, its tasks and its next runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from dag_factory.config.model.dag import Dag
from dag_factory.config.model.draft import DraftDag, DraftSync
from dag_factory.config.model.layers import Setting, Settings
from dag_factory.config.schema.keys import keys_of
from dag_factory.config.secrets import redacted_value
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.config.text.secret_patterns import redacted
from dag_factory.config.yaml.document import Location
from dag_factory.report import task_graph, upcoming

NEXT_RUNS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a value is set: a file, a line counted from 1, and the environment if it belongs to one."""

    file: str
    line: int
    environment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedValue:
    """A key and its value; without an origin it is a default, and `note` says which."""

    key: str
    value: Any
    origin: Origin | None = None
    note: str = "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedSync:
    """A sync's name, where it is defined, and its values."""

    name: str
    origin: Origin
    values: tuple[ExplainedValue, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything that `show` shows of a DAG; the runs are in the schedule's time zone."""

    dag_id: str
    environment: str | None
    origin: Origin
    defaults_files: tuple[str, ...]
    values: tuple[ExplainedValue, ...]
    syncs: tuple[ExplainedSync, ...]
    steps: tuple[task_graph.Step, ...]
    schedule: str
    next_runs: tuple[datetime, ...]
    remarks: tuple[str, ...]


def explain(resolved: DraftDag, dag: Dag, now: datetime) -> Explanation:
    """Explain what a DAG becomes; `now` must be aware."""
    assets = {sync.name: list(sync.assets) for sync in dag.syncs}
    return Explanation(
        dag_id=dag.dag_id,
        environment=resolved.environment,
        origin=_origin(Location(document=resolved.document)),
        defaults_files=resolved.defaults_files,
        values=tuple(_explained_dag_values(resolved, keys_of("dag"))),
        syncs=tuple(_explained_sync(sync, keys_of("sync"), assets[sync.name]) for sync in resolved.syncs),
        steps=task_graph.steps_of(dag),
        schedule=upcoming.describe(dag),
        next_runs=tuple(upcoming.next_runs(dag, now, NEXT_RUNS)),
        remarks=tuple(upcoming.remarks(dag, now)),
    )


def as_json(explanation: Explanation) -> Any:  # noqa: ANN401 (what JSON can hold)
    """Convert an explanation to values that JSON can hold."""
    tasks = task_graph.upstream_of(explanation.steps)
    return _redacted(
        {
            "dag_id": explanation.dag_id,
            "environment": explanation.environment,
            **_location_json(explanation.origin),
            "defaults_files": list(explanation.defaults_files),
            "values": [_value_json(value) for value in explanation.values],
            "syncs": [
                {
                    "name": sync.name,
                    **_location_json(sync.origin),
                    "values": [_value_json(v) for v in sync.values],
                }
                for sync in explanation.syncs
            ],
            "tasks": [{"task_id": task, "upstream": list(before)} for task, before in tasks.items()],
            "schedule": explanation.schedule,
            "next_runs": [
                {"local": run.isoformat(), "utc": run.astimezone(UTC).isoformat()}
                for run in explanation.next_runs
            ],
            "remarks": list(explanation.remarks),
        }
    )


def _redacted(part: Any) -> Any:  # noqa: ANN401 (what JSON can hold)
    """Redact every text: names and assets may look like secrets too."""
    if isinstance(part, dict):
        return {key: _redacted(inner) for key, inner in part.items()}
    if isinstance(part, list):
        return [_redacted(inner) for inner in part]
    return redacted(part) if isinstance(part, str) else part


def _location_json(origin: Origin) -> dict[str, Any]:
    return {"file": origin.file, "line": origin.line}


def _value_json(value: ExplainedValue) -> dict[str, Any]:
    if value.origin is None:
        return {"key": value.key, "value": value.value, "default": True}
    location = {**_location_json(value.origin), "environment": value.origin.environment}
    return {"key": value.key, "value": value.value, "default": False, **location}


def _explained_dag_values(resolved: DraftDag, schemas: Mapping[str, Any]) -> Iterator[ExplainedValue]:
    dag_id = resolved.dag_id
    is_named = dag_id.is_set
    yield ExplainedValue(
        key="dag_id",
        value=dag_id.value,
        origin=_origin(dag_id.location) if is_named else None,
        note="default" if is_named else "the file's name",
    )
    # Each sync shows the Airflow connection that it inherits from the DAG.
    settings = {key: value for key, value in resolved.settings.items() if key != "airbyte_conn_id"}
    yield from _values(settings, {key: schemas[key] for key in schemas if key != "airbyte_conn_id"})
    for event, setting in resolved.notify.items():
        yield _value(f"notify.{event}", setting)


def _explained_sync(sync: DraftSync, schemas: Mapping[str, Any], assets: list[str]) -> ExplainedSync:
    values = [_of_snapshot(value, sync) for value in _values(sync.settings, schemas)]
    if "outlets" not in sync.settings:
        values.append(ExplainedValue(key="outlets", value=assets))
    return ExplainedSync(name=sync.name, origin=_origin(sync.location), values=tuple(values))


def _of_snapshot(value: ExplainedValue, sync: DraftSync) -> ExplainedValue:
    """Show the connection that a sync names, and that its id comes from the snapshot's line.

    What the snapshot has is no secret, though the sync's name may make its line look like one.
    """
    lookup = sync.lookup
    if lookup is None or lookup.connection is None or not isinstance(lookup.snapshot, Snapshot):
        return value
    if value.key == "connection":
        return replace(value, value=redacted(lookup.name))
    if value.key != "connection_id":
        return value
    connection_id = lookup.connection.connection_id
    line = lookup.snapshot.line_of(connection_id)
    return replace(value, value=connection_id, origin=Origin(file=lookup.snapshot.file, line=line))


def _values(settings: Settings, schemas: Mapping[str, Any]) -> Iterator[ExplainedValue]:
    for key, schema in schemas.items():
        if key in settings:
            yield _value(key, settings[key])
        elif "default" in schema:
            yield ExplainedValue(key=key, value=schema["default"])


def _value(key: str, setting: Setting) -> ExplainedValue:
    return ExplainedValue(
        key=key, value=redacted_value(setting.value, key, setting.location), origin=_origin(setting.location)
    )


def _origin(location: Location) -> Origin:
    environment = str(location.path[1]) if location.path[:1] == ("environments",) else None
    return Origin(file=location.document.file.name, line=location.span().line, environment=environment)
