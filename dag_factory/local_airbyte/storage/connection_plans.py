"""What the admin path says of one connection: its scripts, its source and how many rows that has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from dag_factory.local_airbyte.model.built_in_rows import RowCounts
from dag_factory.local_airbyte.model.identifiers import canonical_id
from dag_factory.local_airbyte.model.job import Script
from dag_factory.local_airbyte.model.job_scripts import read_script, render_script
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.storage.data_folder import SAFE_NAME
from dag_factory.local_airbyte.storage.store import Store

BUILT_IN, FAKER = "built-in", "source-faker"
SOURCES = (None, BUILT_IN, FAKER)
PLAN, FOLDER = "plan", "folder"
RESERVED_NAMES = {"url", "connector"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptedJobs:
    """A script and how many jobs follow it; None is all jobs to come."""

    script: Script
    times: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How the jobs of a connection go. Scripts are used up in order; without any there is the default one."""

    scripts: tuple[ScriptedJobs, ...] = ()
    rows: RowCounts = field(default_factory=RowCounts)
    source: str | None = None
    config: Json | None = None


def read_plan(store: Store, connection_id: str) -> Plan:
    """The connection's plan; the default one if nobody changed it."""
    return plan_from(store.document(PLAN, connection_id) or {})


def put_plan(store: Store, connection_id: str, plan: Plan) -> None:
    """Keep the plan."""
    store.put_document(PLAN, connection_id, render_plan(plan))


def plan_from(document: Mapping[str, object]) -> Plan:
    """A plan from JSON; raises ValueError or TypeError if it is none."""
    scripts, rows = document.get("scripts") or [], document.get("rows") or {}
    source, config = document.get("source"), document.get("config")
    if not isinstance(scripts, list) or not isinstance(rows, dict) or not isinstance(config, dict | None):
        msg = "scripts is a list, rows and config are objects"
        raise ValueError(msg)
    if source not in SOURCES:
        msg = f"source is one of {', '.join(SOURCES[1:])} or null, not {source!r}"
        raise ValueError(msg)
    return Plan(
        scripts=tuple(_scripted_jobs(entry) for entry in scripts),
        rows=RowCounts(**rows),
        source=source,
        config=config,
    )


def render_plan(plan: Plan) -> Json:
    """The inverse of `plan_from`."""
    scripts = [{**render_script(entry.script), "times": entry.times} for entry in plan.scripts]
    return {"scripts": scripts, "rows": asdict(plan.rows), "source": plan.source, "config": plan.config}


def take_script(store: Store, connection_id: str, default: Script) -> Script:
    """The script of the connection's next job; counts it as used."""
    plan = read_plan(store, connection_id)
    if not plan.scripts:
        return default
    first, *rest = plan.scripts
    if first.times is not None:
        remaining = [replace(first, times=first.times - 1)] if first.times > 1 else []
        put_plan(store, connection_id, replace(plan, scripts=(*remaining, *rest)))
    return first.script


def folder_name(store: Store, connection_id: str) -> str:
    """The folder of a connection's rows: its name where that is a plain word and free, else its id.

    A name that is an id is never taken: it may be another connection's.
    """
    known = store.document(FOLDER, connection_id)
    if known is None:
        with store.transaction():
            known = {"name": _free_name(store, connection_id)}
            store.put_document(FOLDER, connection_id, known)
    return str(known["name"])


def _free_name(store: Store, connection_id: str) -> str:
    name = str((store.document("connection", connection_id) or {}).get("name", ""))
    # Some file systems take `Orders` and `orders` for the same.
    taken = RESERVED_NAMES | {str(folder["name"]).lower() for folder in store.documents(FOLDER)}
    is_free = name.lower() not in taken and canonical_id(name) is None
    return name if SAFE_NAME.fullmatch(name) and is_free else connection_id


def _scripted_jobs(entry: object) -> ScriptedJobs:
    if not isinstance(entry, dict):
        msg = f"a script is an object, not {entry!r}"
        raise ValueError(msg)
    times = entry.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        msg = f"times is a number from 1 or null, not {times!r}"
        raise ValueError(msg)
    return ScriptedJobs(script=read_script(entry), times=times)
