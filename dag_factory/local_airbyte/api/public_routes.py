"""The routes of the public API, apart from those of connections."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse

from dag_factory.local_airbyte.api.authentication import PlatformOf, check_token, create_token
from dag_factory.local_airbyte.api.connection_routes import (
    change_connection,
    create_connection,
    delete_connection,
    list_connections,
    read_connection,
)
from dag_factory.local_airbyte.api.request_bodies import JsonBody
from dag_factory.local_airbyte.api.request_parameters import (
    is_true,
    read_choice,
    read_job_query,
    read_page,
    read_text,
)
from dag_factory.local_airbyte.api.responses import job_response, page_response
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.built_in_rows import stream_properties
from dag_factory.local_airbyte.model.connection import CONNECTION
from dag_factory.local_airbyte.model.identifiers import existing_connection_id
from dag_factory.local_airbyte.model.job_life_cycle import TYPE_OF_SUBMITTED
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.storage.workspace_contents import DELETED

COLLECTIONS = {"workspaces": "workspace", "sources": "source", "destinations": "destination", "tags": "tag"}


def build_router() -> APIRouter:
    """Return every route of the public API, without its prefix."""
    router = APIRouter()
    router.add_api_route("/health", read_health, methods=["GET"])
    router.add_api_route("/applications/token", create_token, methods=["POST"])
    for method, path, endpoint in (
        ("POST", "/jobs", create_job),
        ("GET", "/jobs", list_jobs),
        ("GET", "/jobs/{job_id}", read_job),
        ("DELETE", "/jobs/{job_id}", cancel_job),
        ("POST", "/connections", create_connection),
        ("GET", "/connections", list_connections),
        ("GET", "/connections/{connection_id}", read_connection),
        ("PATCH", "/connections/{connection_id}", change_connection),
        ("DELETE", "/connections/{connection_id}", delete_connection),
        ("GET", "/streams", list_streams),
        ("GET", "/{collection}", list_documents),
        ("GET", "/{collection}/{document_id}", read_document),
    ):
        router.add_api_route(path, endpoint, methods=[method], dependencies=[Depends(check_token)])
    return router


def read_health() -> PlainTextResponse:
    """Say that the server is alive; no token is needed."""
    return PlainTextResponse("Successful operation")


def create_job(body: JsonBody, platform: PlatformOf) -> Json:
    """Start a sync or a reset."""
    connection_id = existing_connection_id(read_text(body, "connectionId"))
    return job_response(platform.submit(connection_id, read_choice(body, "jobType", TYPE_OF_SUBMITTED)))


def read_job(job_id: int, platform: PlatformOf) -> Json:
    """Return one job. Airbyte answers 409, not 404, if it does not exist."""
    job = platform.store.find_job(job_id)
    if job is None:
        raise ProblemError(problems.state_conflict("Job is not currently running"))
    return job_response(job)


def cancel_job(job_id: int, platform: PlatformOf) -> Json:
    """Cancel what the job's connection runs, and wait until it has stopped."""
    return job_response(platform.cancel(job_id))


def list_jobs(request: Request, platform: PlatformOf) -> Json:
    """List jobs, the oldest first unless `orderBy` says otherwise."""
    params = request.query_params
    query = read_job_query(params, _connections_of(platform, params.getlist("workspaceIds")))
    jobs = [job_response(job) for job in platform.listed_jobs(query)]
    # Airbyte's `next` drops status, order and dates: a client that follows it gets other jobs.
    kept = {key: params.getlist(key) for key in ("connectionId", "jobType", "workspaceIds")}
    return page_response(jobs, url=f"{platform.url}/jobs", limit=query.limit, offset=query.offset, kept=kept)


def list_streams() -> list[Json]:
    """List the built-in source's streams, whichever source is requested."""
    return stream_properties()


def list_documents(collection: str, request: Request, platform: PlatformOf) -> Json:
    """List workspaces, sources or destinations by pages, and tags all at once."""
    kind, workspaces = _kind(collection, request), request.query_params.getlist("workspaceIds")
    is_deleted_shown = is_true(request.query_params, "includeDeleted")
    hidden = set() if is_deleted_shown else {each["id"] for each in platform.store.documents(DELETED)}
    found = [
        document
        for document in platform.store.documents(kind)
        if (not workspaces or document["workspaceId"] in workspaces) and document[f"{kind}Id"] not in hidden
    ]
    if collection == "tags":
        return {"data": found}
    limit, offset = read_page(request.query_params)
    kept = {key: request.query_params.getlist(key) for key in ("workspaceIds", "includeDeleted")}
    url = f"{platform.url}/{collection}"
    return page_response(found[offset : offset + limit], url=url, limit=limit, offset=offset, kept=kept)


def read_document(collection: str, document_id: str, request: Request, platform: PlatformOf) -> Json:
    """Return one workspace, source, destination or tag."""
    kind = _kind(collection, request)
    document = platform.store.document(kind, document_id)
    if document is None:
        raise ProblemError(problems.not_found(kind, document_id))
    return document


def _kind(collection: str, request: Request) -> str:
    if collection not in COLLECTIONS:
        raise ProblemError(problems.no_such_route(request.url.path))
    return COLLECTIONS[collection]


def _connections_of(platform: Platform, workspace_ids: Sequence[str]) -> list[str] | None:
    if not workspace_ids:
        return None
    documents = platform.store.documents(CONNECTION)
    return [
        str(document["connectionId"]) for document in documents if document["workspaceId"] in workspace_ids
    ]
