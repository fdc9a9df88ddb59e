"""Where people see a connection in Airbyte; the operators import this."""

from __future__ import annotations

from urllib.parse import urlsplit

from dag_factory.airbyte.errors import ApiError
from dag_factory.airbyte.exchange import Protocol, Say
from dag_factory.airbyte.terms import Means

_CLOUD_API, _CLOUD = "https://api.airbyte.com", "https://cloud.airbyte.com"
_API_PATHS = ("/api/public/v1", "/v1")


def find_page(means: Means, host: str, connection_id: str) -> Protocol[str | None]:
    """Ask for the connection's workspace, which its page's address holds; None if that fails."""
    try:
        workspace = yield from means.api.workspace(connection_id)
    except ApiError as error:
        yield Say(f"no link to the connection's page: {error}")
        return None
    return f"{web_address(host)}/workspaces/{workspace}/connections/{connection_id}/timeline"


def web_address(host: str) -> str:
    """Give the address of the web pages that belong to an API's address."""
    address = host.rstrip("/")
    if address.startswith(_CLOUD_API):
        return _CLOUD
    for path in _API_PATHS:
        if address.endswith(path):
            return address.removesuffix(path)
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
