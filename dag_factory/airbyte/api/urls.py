"""The URLs of Airbyte's web pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from dag_factory.airbyte.api.access import without_user
from dag_factory.airbyte.api.model import Connection

_CLOUD_API, _CLOUD = "https://api.airbyte.com", "https://cloud.airbyte.com"
_API_PATHS = ("/api/public/v1", "/v1")


def page_of(host: str, connection: Connection) -> str | None:
    """Return the URL of a connection's page, None if its workspace is unknown."""
    if connection.workspace_id is None:
        return None
    root = web_url(host)
    return f"{root}/workspaces/{connection.workspace_id}/connections/{connection.connection_id}/timeline"


def web_url(host: str) -> str:
    """Return the URL of the web pages that belong to the URL of an API, without credentials."""
    url = without_user(host).rstrip("/")
    if url.startswith(_CLOUD_API):
        return _CLOUD
    for path in _API_PATHS:
        if url.endswith(path):
            return url.removesuffix(path)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
