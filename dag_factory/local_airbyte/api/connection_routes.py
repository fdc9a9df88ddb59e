"""The routes of connections in the public API."""

from __future__ import annotations

import uuid

from fastapi import Request, Response

from dag_factory.local_airbyte.api.authentication import PlatformOf
from dag_factory.local_airbyte.api.request_bodies import JsonBody
from dag_factory.local_airbyte.api.request_parameters import is_true, read_choice, read_page, read_text
from dag_factory.local_airbyte.api.responses import page_response
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.connection import CONNECTION, CONNECTION_STATUSES
from dag_factory.local_airbyte.model.identifiers import ConnectionId
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.schedules.quartz_cron import cron_error
from dag_factory.local_airbyte.schedules.schedule import MANUAL
from dag_factory.local_airbyte.storage.timers import put_timer

DEPRECATED = "deprecated"
CHANGEABLE = (
    "name",
    "status",
    "schedule",
    "configurations",
    "namespaceDefinition",
    "namespaceFormat",
    "prefix",
    "nonBreakingSchemaUpdatesBehavior",
    "tags",
)


def list_connections(request: Request, platform: PlatformOf) -> Json:
    """List connections; deleted ones only with `includeDeleted`."""
    params = request.query_params
    limit, offset = read_page(params)
    workspaces, tags = params.getlist("workspaceIds"), set(params.getlist("tagIds"))
    found = [
        document
        for document in platform.store.documents(CONNECTION)
        if (document["status"] != DEPRECATED or is_true(params, "includeDeleted"))
        and (not workspaces or document["workspaceId"] in workspaces)
        and (not tags or tags & _tag_ids(document))
    ]
    kept = {key: params.getlist(key) for key in ("workspaceIds", "tagIds", "includeDeleted")}
    url = f"{platform.url}/connections"
    return page_response(found[offset : offset + limit], url=url, limit=limit, offset=offset, kept=kept)


def read_connection(connection_id: ConnectionId, platform: PlatformOf) -> Json:
    """Return one connection."""
    return platform.connection(connection_id)


def create_connection(body: JsonBody, platform: PlatformOf) -> Json:
    """Create a connection between an existing source and an existing destination."""
    source = _actor(platform, "source", read_text(body, "sourceId"))
    destination = _actor(platform, "destination", read_text(body, "destinationId"))
    connection_id = str(uuid.uuid4())
    document: Json = {
        "connectionId": connection_id,
        "name": f"{source['name']} → {destination['name']}",
        "sourceId": source["sourceId"],
        "destinationId": destination["destinationId"],
        "workspaceId": source["workspaceId"],
        "status": "active",
        "schedule": MANUAL,
        "configurations": {"streams": []},
        "namespaceDefinition": "destination",
        "nonBreakingSchemaUpdatesBehavior": "ignore",
        "prefix": "",
        "createdAt": int(platform.clock.now()),
        "tags": [],
        **_changes(body),
    }
    platform.store.put_document(CONNECTION, connection_id, document)
    put_timer(platform.store, connection_id, platform.clock.now())
    return document


def change_connection(connection_id: ConnectionId, body: JsonBody, platform: PlatformOf) -> Json:
    """Change a connection, unless Airbyte has locked it."""
    if platform.connection(connection_id)["status"] == "locked":
        raise ProblemError(problems.locked(connection_id))
    changed = platform.change_connection(connection_id, _changes(body))
    platform.tell_active_job(connection_id)
    return changed


def delete_connection(connection_id: ConnectionId, platform: PlatformOf) -> Response:
    """Mark the connection as deleted and cancel its active job."""
    platform.connection(connection_id)
    platform.change_connection(connection_id, {"status": DEPRECATED})
    platform.end_active_job(connection_id)
    return Response(status_code=204)


def _changes(body: Json) -> Json:
    changes = {key: body[key] for key in CHANGEABLE if body.get(key) is not None}
    if "status" in changes:
        read_choice(changes, "status", CONNECTION_STATUSES)
    if "schedule" in changes:
        changes["schedule"] = _schedule(changes["schedule"])
    return changes


def _schedule(schedule: object) -> Json:
    fields = schedule if isinstance(schedule, dict) else {}
    if read_choice(fields, "scheduleType", ("manual", "cron")) == "manual":
        return MANUAL
    expression = read_text(fields, "cronExpression")
    if (error := cron_error(expression)) is not None:
        raise ProblemError(problems.bad_request(error))
    # Airbyte's answer has the time zone after the expression.
    return {"scheduleType": "cron", "cronExpression": f"{expression.removesuffix('UTC').strip()} UTC"}


def _tag_ids(document: Json) -> set[str]:
    tags = document["tags"]
    return {str(tag["tagId"]) for tag in tags if isinstance(tag, dict)} if isinstance(tags, list) else set()


def _actor(platform: Platform, kind: str, actor_id: str) -> Json:
    document = platform.store.document(kind, actor_id)
    if document is None:
        raise ProblemError(problems.not_found(kind, actor_id))
    return document
