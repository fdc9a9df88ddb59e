"""The admin path `/local-admin`: faults, scripts, settings and counters, without authentication."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from typing import TypeVar

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from dag_factory.local_airbyte.api.authentication import PlatformOf, revoke_tokens
from dag_factory.local_airbyte.api.contents_routes import read_changes
from dag_factory.local_airbyte.api.request_bodies import JsonBody, OptionalJsonBody
from dag_factory.local_airbyte.api.request_parameters import read_choice, read_text
from dag_factory.local_airbyte.api.responses import job_response
from dag_factory.local_airbyte.faults.active_faults import render_fault
from dag_factory.local_airbyte.faults.fault import Fault
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.connection import CONNECTION
from dag_factory.local_airbyte.model.identifiers import ConnectionId, NewConnectionId
from dag_factory.local_airbyte.model.job import CANCELLED, FAILED, JOB_TYPES, SUCCEEDED, SYNC, Job, Script
from dag_factory.local_airbyte.model.job_life_cycle import PERSON, may_follow
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.job_scripts import read_script, render_script
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.model.settings import Settings
from dag_factory.local_airbyte.storage.connection_plans import (
    Plan,
    plan_from,
    put_plan,
    read_plan,
    render_plan,
)
from dag_factory.local_airbyte.storage.seeds import connection_document
from dag_factory.local_airbyte.storage.timers import restart_timers
from dag_factory.local_airbyte.storage.workspace_contents import CONNECTION_KEYS

PREFIX = "/local-admin"
ALL_JOBS = JobQuery(limit=1_000_000)
Value = TypeVar("Value", Fault, Settings)


def build_router() -> APIRouter:
    """Return every route of the admin path."""
    router = APIRouter(prefix=PREFIX)
    for method, path, endpoint in (
        ("GET", "/faults", list_faults),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", clear_faults),
        ("DELETE", "/faults/{fault_id}", clear_fault),
        ("GET", "/settings", read_settings),
        ("PATCH", "/settings", change_settings),
        ("POST", "/tokens/revoke", revoke),
        ("GET", "/counters", read_counters),
        ("DELETE", "/counters", reset_counters),
        ("GET", "/jobs", list_jobs),
        ("POST", "/jobs/{job_id}/end", end_job),
        ("GET", "/connections/{connection_id}", read_connection),
        ("PUT", "/connections/{connection_id}", put_connection),
        ("PATCH", "/connections/{connection_id}", change_connection),
        ("DELETE", "/connections/{connection_id}", remove_connection),
        ("POST", "/connections/{connection_id}/jobs", start_job),
    ):
        router.add_api_route(path, endpoint, methods=[method])
    return router


def list_faults(platform: PlatformOf) -> Json:
    """List the active faults."""
    return {"faults": [render_fault(fault) for fault in platform.faults.faults()]}


def add_fault(body: JsonBody, platform: PlatformOf) -> Json:
    """Inject a fault from now on."""
    return render_fault(platform.faults.add(_read_value(Fault, body)))


def clear_faults(platform: PlatformOf) -> Response:
    """Clear all faults."""
    platform.faults.clear()
    return Response(status_code=204)


def clear_fault(fault_id: int, platform: PlatformOf) -> Response:
    """Clear one fault."""
    platform.faults.clear(fault_id)
    return Response(status_code=204)


def read_settings(platform: PlatformOf) -> Json:
    """Return the server's settings."""
    return asdict(platform.store.settings())


def change_settings(body: JsonBody, platform: PlatformOf) -> Json:
    """Change some settings; a clock shift takes effect at once."""
    settings = _read_value(Settings, {**asdict(platform.store.settings()), **body})
    is_on = settings.run_schedules and not platform.store.settings().run_schedules
    platform.store.put_settings(settings)
    platform.clock.shift = settings.clock_shift
    if is_on:  # what was due while it was off is not made up for
        restart_timers(platform.store, platform.clock.now())
    return asdict(settings)


def revoke(platform: PlatformOf) -> Response:
    """Revoke every token: calls with one get a 401."""
    revoke_tokens(platform)
    return Response(status_code=204)


def read_counters(platform: PlatformOf) -> Json:
    """Return the calls by route and status since the start, and all jobs ever by connection."""
    return {"requests": platform.request_counts.counts(), "jobs": platform.store.job_counts()}


def reset_counters(platform: PlatformOf) -> Response:
    """Set the counts of calls to zero; jobs stay."""
    platform.request_counts.reset()
    return Response(status_code=204)


def list_jobs(platform: PlatformOf) -> Json:
    """List all jobs, with the fields that the public API hides."""
    return {"jobs": [_job(job) for job in platform.store.jobs(ALL_JOBS)]}


def end_job(job_id: int, body: JsonBody, platform: PlatformOf) -> Json:
    """End a job as a person would: cancel it, or make a hanging job succeed or fail."""
    status = read_choice(body, "status", (SUCCEEDED, FAILED, CANCELLED))
    job = platform.store.find_job(job_id)
    if job is None:
        raise ProblemError(problems.not_found("job", str(job_id)))
    if not may_follow(job.status, status):
        raise ProblemError(problems.bad_request(f"a {job.status} job cannot become {status}"))
    platform.runner.end(job_id, status)
    platform.runner.wait(job_id)
    return _job(platform.store.job(job_id))


def read_connection(connection_id: ConnectionId, platform: PlatformOf) -> Json:
    """Return a connection and its plan."""
    connection = platform.connection(connection_id)
    return {"connection": connection, **render_plan(read_plan(platform.store, connection_id))}


def put_connection(connection_id: NewConnectionId, body: JsonBody, platform: PlatformOf) -> Json:
    """Create a connection with this id."""
    document = connection_document(connection_id, read_text(body, "name"), "analytics")
    platform.store.put_document(CONNECTION, connection_id, document)
    return read_connection(connection_id, platform)


def change_connection(connection_id: ConnectionId, body: JsonBody, platform: PlatformOf) -> Json:
    """Set what a person sets in Airbyte, and scripts, rows, source or the connector's config.

    No active job is affected.
    """
    settable = {key: value for key, value in body.items() if key in CONNECTION_KEYS}
    with platform.store.transaction():
        platform.connection(connection_id)
        if settable:
            platform.change_connection(connection_id, read_changes(connection_id, settable, platform))
        present = render_plan(read_plan(platform.store, connection_id))
        planned = {key: value for key, value in body.items() if key not in CONNECTION_KEYS}
        put_plan(platform.store, connection_id, _plan({**present, **planned}))
    return read_connection(connection_id, platform)


def remove_connection(connection_id: ConnectionId, platform: PlatformOf) -> Response:
    """Delete a connection for good: it answers 404 from now on, and its active job is cancelled."""
    platform.connection(connection_id)
    platform.store.remove_document(CONNECTION, connection_id)
    platform.end_active_job(connection_id)
    return Response(status_code=204)


def start_job(connection_id: ConnectionId, body: OptionalJsonBody, platform: PlatformOf) -> Json:
    """Start a job of any type as another person would, with the script in the body if there is one."""
    _check_known(body, {"jobType", "script"})
    job_type = read_choice({"jobType": SYNC, **body}, "jobType", JOB_TYPES)
    script = _script(body["script"]) if "script" in body else None
    return _job(platform.submit(connection_id, job_type, started_by=PERSON, script=script))


def _job(job: Job) -> Json:
    hidden = {"startedBy": job.started_by, "attempt": job.attempt, "failure": job.failure}
    return {**job_response(job), **hidden, "script": render_script(job.script)}


def _read_value(kind: type[Value], values: Json) -> Value:
    """Return the value that the JSON describes; an unknown key or a wrong type is a bad request."""
    _check_keys(values, kind)
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValueError as error:
        raise ProblemError(problems.bad_request(str(error))) from error


def _plan(values: Json) -> Plan:
    _check_keys(values, Plan)
    try:
        return plan_from(values)
    except (TypeError, ValueError) as error:
        raise ProblemError(problems.bad_request(str(error))) from error


def _script(value: object) -> Script:
    if not isinstance(value, dict):
        raise ProblemError(problems.bad_request("script must be an object"))
    try:
        return read_script(value)
    except (TypeError, ValueError) as error:
        raise ProblemError(problems.bad_request(str(error))) from error


def _check_keys(values: Json, kind: type[Fault | Settings | Plan]) -> None:
    _check_known(values, {field.name for field in fields(kind)})


def _check_known(values: Json, known: Collection[str]) -> None:
    if unknown := sorted(set(values) - set(known)):
        raise ProblemError(problems.bad_request(f"unknown keys: {', '.join(unknown)}"))
