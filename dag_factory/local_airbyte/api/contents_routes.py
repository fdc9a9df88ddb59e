"""The part of the admin path for what workspaces contain, and for the schedules of connections."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from dag_factory.local_airbyte.api.authentication import PlatformOf
from dag_factory.local_airbyte.api.request_bodies import JsonBody
from dag_factory.local_airbyte.api.responses import job_response
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.connection import CONNECTION
from dag_factory.local_airbyte.model.job import SUCCEEDED, SYNC
from dag_factory.local_airbyte.model.job_life_cycle import SCHEDULE
from dag_factory.local_airbyte.model.job_scripts import default_script
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.scheduler import Scheduler
from dag_factory.local_airbyte.storage.timers import put_timer
from dag_factory.local_airbyte.storage.workspace_contents import (
    DELETED,
    KINDS,
    Contents,
    Made,
    connection_changes,
    read_contents,
)


def scheduler_of(request: Request) -> Scheduler:
    """Return the scheduler of the application."""
    scheduler: Scheduler = request.app.state.scheduler
    return scheduler


SchedulerOf = Annotated[Scheduler, Depends(scheduler_of)]


def build_router() -> APIRouter:
    """Return these routes, without the prefix of the admin path."""
    router = APIRouter()
    router.add_api_route("/contents", add_contents, methods=["POST"])
    router.add_api_route("/schedules", list_schedules, methods=["GET"])
    router.add_api_route("/schedules/check", check_schedules, methods=["POST"])
    return router


def add_contents(body: JsonBody, platform: PlatformOf) -> Json:
    """Make workspaces, sources, destinations, tags and connections: all that the body holds, or nothing."""
    made: dict[str, list[Json]] = {key: [] for key in KINDS}
    keys = {kind: key for key, kind in KINDS.items()}
    with platform.store.transaction():
        try:
            for each in read_contents(body, _present(platform)):
                _store(each, platform)
                made[keys[each.kind]].append(each.document)
        except ValueError as error:
            raise ProblemError(problems.bad_request(str(error))) from error
    return {**made}


def read_changes(connection_id: str, body: Json, platform: Platform) -> Json:
    """Return the changed keys of a connection's document; raise ProblemError (400)."""
    workspace_id = str(platform.connection(connection_id)["workspaceId"])
    try:
        return connection_changes(body, Contents(_present(platform)), workspace_id)
    except ValueError as error:
        raise ProblemError(problems.bad_request(str(error))) from error


def list_schedules(scheduler: SchedulerOf) -> Json:
    """List the active connections with a schedule, and when the next sync of each is due."""
    waits = scheduler.waits()
    return {"schedules": [{"connectionId": wait.connection_id, "dueAt": wait.due} for wait in waits]}


def check_schedules(scheduler: SchedulerOf) -> Json:
    """Start the syncs that are due now, whether the schedules run or not; return the new jobs."""
    return {"jobs": [job_response(job) for job in scheduler.check()]}


def _present(platform: Platform) -> dict[str, list[Json]]:
    return {kind: platform.store.documents(kind) for kind in KINDS.values()}


def _store(made: Made, platform: Platform) -> None:
    platform.store.put_document(made.kind, made.document_id, made.document)
    if made.is_deleted:
        platform.store.put_document(DELETED, made.document_id, {"id": made.document_id})
    if made.kind == CONNECTION:
        put_timer(platform.store, made.document_id, platform.clock.now())
    if made.last_sync is not None:
        job = platform.store.create_job(
            connection_id=made.document_id,
            job_type=SYNC,
            script=default_script(platform.job_seconds),
            started_by=SCHEDULE,
            now=made.last_sync,
        )
        platform.store.update_job(job.job_id, now=made.last_sync, status=SUCCEEDED, rows=0, bytes=0)
