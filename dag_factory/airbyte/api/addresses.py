"""The address of the public API, for that of another page or API of the same Airbyte."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

PUBLIC_PATH, CLOUD_URL = "/api/public/v1", "https://api.airbyte.com/v1"
_CLOUD_HOSTS = ("api.airbyte.com", "cloud.airbyte.com")
# Where the path of one of Airbyte's APIs or web pages begins, below the path of the server.
_OWN_PATHS = r"/(?:api|v1|workspaces|connections|organizations|auth|login|setup)(?:/|$)"


def suggested_url(url: str) -> str:
    """Return the URL of the public API for that of another page or API; empty if nothing can be suggested."""
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        return ""
    if not name:
        return ""
    if name in _CLOUD_HOSTS:
        return CLOUD_URL
    above = re.split(_OWN_PATHS, parts.path, maxsplit=1)[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{above}{PUBLIC_PATH}"


def has_public_path(url: str) -> bool:
    """Whether a URL may be that of the public API; the internal one ends in /api/v1."""
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:
        return False
    return path.endswith("/v1") and not path.endswith("/api/v1")
