"""The page of a connection at the path of Airbyte's web application, where links from Airflow lead."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dag_factory.local_airbyte.api.authentication import PlatformOf
from dag_factory.local_airbyte.api.responses import job_response
from dag_factory.local_airbyte.model.identifiers import ConnectionId
from dag_factory.local_airbyte.model.job_query import JobQuery
from dag_factory.local_airbyte.model.json_values import Json

COLUMNS = ("jobId", "jobType", "status", "startTime", "duration", "rowsSynced", "bytesSynced")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{name} - local Airbyte</title>
<style>
body {{ font-family: sans-serif; margin: 2rem; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #ccc; padding: 0.3rem 0.8rem; text-align: left; }}
</style>
</head>
<body>
<h1>{name}</h1>
<p>Connection {connection_id}, {status}. Its newest 100 jobs on the local Airbyte, a development server.</p>
<table>
{rows}
</table>
</body>
</html>
"""


def build_router() -> APIRouter:
    """Return the route of the page, outside the prefixes of the API."""
    router = APIRouter()
    router.add_api_route(
        "/workspaces/{workspace_id}/connections/{connection_id}/timeline", show_connection, methods=["GET"]
    )
    return router


def show_connection(connection_id: ConnectionId, platform: PlatformOf) -> HTMLResponse:
    """Show a table of the connection's jobs, the newest first."""
    connection = platform.connection(connection_id)
    query = JobQuery(connection_ids=(connection_id,), order_by="createdAt|DESC", limit=100)
    jobs = [job_response(job) for job in platform.store.jobs(query)]
    return HTMLResponse(connection_page(connection, jobs))


def connection_page(connection: Json, jobs: list[Json]) -> str:
    """Return the page as HTML."""
    head = _row("th", COLUMNS)
    rows = [_row("td", [job.get(column, "") for column in COLUMNS]) for job in jobs]
    return _PAGE.format(
        name=escape(str(connection["name"])),
        connection_id=escape(str(connection["connectionId"])),
        status=escape(str(connection["status"])),
        rows="\n".join([head, *rows]),
    )


def _row(tag: str, cells: tuple[str, ...] | list[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"
