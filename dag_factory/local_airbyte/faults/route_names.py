"""One name for each route of the public API, whatever its prefix and its ids."""

from __future__ import annotations

PREFIXES = ("/api/public/v1", "/v1")
IDS = {
    "jobs": "{jobId}",
    "connections": "{connectionId}",
    "sources": "{sourceId}",
    "destinations": "{destinationId}",
    "workspaces": "{workspaceId}",
    "tags": "{tagId}",
}


def route_of(method: str, path: str) -> str | None:
    """Return `POST /jobs` for `POST /v1/jobs` and `POST /api/public/v1/jobs`; None outside the API."""
    for prefix in PREFIXES:
        if path.startswith(prefix + "/"):
            parts = path.removeprefix(prefix + "/").split("/")
            if len(parts) == 2 and parts[0] in IDS:
                parts[1] = IDS[parts[0]]
            return f"{method} /{'/'.join(parts)}"
    return None
