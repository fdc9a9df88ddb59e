"""Plans of connections, set through the admin path: job scripts, source and number of rows."""

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
    """A script and the number of jobs that follow it; None means all later jobs."""

    script: Script
    times: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the jobs of a connection do. Scripts are used up in order; without any, the default one runs."""

    scripts: tuple[ScriptedJobs, ...] = ()
    rows: RowCounts = field(default_factory=RowCounts)
    source: str | None = None
    config: Json | None = None


def read_plan(store: Store, connection_id: str) -> Plan:
    """Return the connection's plan, or the default plan."""
    return plan_from(store.document(PLAN, connection_id) or {})


def put_plan(store: Store, connection_id: str, plan: Plan) -> None:
    """Store the connection's plan."""
    store.put_document(PLAN, connection_id, render_plan(plan))


def plan_from(document: Mapping[str, object]) -> Plan:
    """Read a plan from JSON; raise ValueError or TypeError if it is invalid."""
    scripts, rows = document.get("scripts") or [], document.get("rows") or {}
    source, config = document.get("source"), document.get("config")
    if not isinstance(scripts, list) or not isinstance(rows, dict) or not isinstance(config, dict | None):
        message = "scripts must be a list, rows and config must be objects"
        raise ValueError(message)
    if source not in SOURCES:
        message = f"source must be one of {', '.join(SOURCES[1:])} or null, not {source!r}"
        raise ValueError(message)
    return Plan(
        scripts=tuple(_scripted_jobs(entry) for entry in scripts),
        rows=RowCounts(**rows),
        source=source,
        config=config,
    )


def render_plan(plan: Plan) -> Json:
    """Return the JSON that `plan_from` reads."""
    scripts = [{**render_script(entry.script), "times": entry.times} for entry in plan.scripts]
    return {"scripts": scripts, "rows": asdict(plan.rows), "source": plan.source, "config": plan.config}


def take_script(store: Store, connection_id: str, default: Script) -> Script:
    """Return the script of the connection's next job, and count it as used."""
    plan = read_plan(store, connection_id)
    if not plan.scripts:
        return default
    first, *rest = plan.scripts
    if first.times is not None:
        remaining = [replace(first, times=first.times - 1)] if first.times > 1 else []
        put_plan(store, connection_id, replace(plan, scripts=(*remaining, *rest)))
    return first.script


def folder_name(store: Store, connection_id: str) -> str:
    """Return the folder of a connection's rows: its name if that is a plain, unused word, else its id.

    A name that looks like an id is not used: it may be the id of another connection.
    """
    known = store.document(FOLDER, connection_id)
    if known is None:
        with store.transaction():
            known = {"name": _free_name(store, connection_id)}
            store.put_document(FOLDER, connection_id, known)
    return str(known["name"])


def _free_name(store: Store, connection_id: str) -> str:
    name = str((store.document("connection", connection_id) or {}).get("name", ""))
    # `Orders` and `orders` are one folder on some file systems.
    taken = RESERVED_NAMES | {str(folder["name"]).lower() for folder in store.documents(FOLDER)}
    is_free = name.lower() not in taken and canonical_id(name) is None
    return name if SAFE_NAME.fullmatch(name) and is_free else connection_id


def _scripted_jobs(entry: object) -> ScriptedJobs:
    if not isinstance(entry, dict):
        message = f"a script must be an object, not {entry!r}"
        raise ValueError(message)
    times = entry.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        message = f"times must be an integer from 1 or null, not {times!r}"
        raise ValueError(message)
    return ScriptedJobs(script=read_script(entry), times=times)
