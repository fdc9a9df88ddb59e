"""The Airflow connection of an Airbyte server, read as the provider reads it."""

from __future__ import annotations

import math
from typing import Any

from airflow.providers.common.compat.sdk import BaseHook
from asgiref.sync import sync_to_async

from dag_factory.airbyte.api.access import TOKEN_URL, Access
from dag_factory.airbyte.http import shared_clients
from dag_factory.airbyte.http.client import proxies_by_scheme
from dag_factory.airbyte.sync.errors import SyncError

# The HTTP client's default of 5 seconds is too short: Airbyte may need a minute to start a job.
TIMEOUT = 60.0
# How many seconds errors such as 401, 403 and 404 may be due to a proxy or a server that restarts.
GIVE_UP_AFTER = 600.0


def access(conn_id: str) -> Access:
    """Look up a connection; raises SyncError if it is unusable, or what Airflow raises if unreadable."""
    connection = BaseHook.get_connection(conn_id)
    extra = connection.extra_dejson
    host = (connection.host or "").strip()
    if not host:
        message = f"Airflow connection '{conn_id}' has no host: write the API's URL, ending in /v1"
        raise SyncError(message)
    return Access(
        conn_id=conn_id,
        host=host,
        client_id=connection.login,
        client_secret=connection.password,
        token_url=connection.schema or TOKEN_URL,
        timeout=_seconds(extra, "timeout", TIMEOUT, conn_id),
        give_up_after=_seconds(extra, "give_up_after", GIVE_UP_AFTER, conn_id),
        proxies=_proxies(extra, conn_id),
    )


async def access_in_loop(conn_id: str) -> Access:
    """Look up a connection from the event loop of a triggerer, without blocking it."""
    return await shared_clients.share_lookup(conn_id, lambda: sync_to_async(access)(conn_id))


def unreadable_text(conn_id: str, error: Exception) -> str:
    """Explain that a connection cannot be read just now.

    The text of an exception from a secrets backend may hold what the backend was asked with, so only its name
    is shown.
    """
    reason = str(error) if isinstance(error, SyncError) else type(error).__name__
    return f"Airflow connection '{conn_id}' cannot be read: {reason}"


def _proxies(extra: dict[str, Any], conn_id: str) -> tuple[tuple[str, str], ...]:
    try:
        return proxies_by_scheme(extra.get("proxies"))
    except ValueError:
        message = (
            f"Airflow connection '{conn_id}': 'proxies' in its extra must be the URL of a proxy, or one "
            'for each scheme: write {"proxies": {"https": "http://proxy:3128"}}'
        )
        raise SyncError(message) from None


def _seconds(extra: dict[str, Any], key: str, default: float, conn_id: str) -> float:
    value = extra.get(key)
    if value is None:
        return default
    try:
        seconds = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = 0.0
    if not (math.isfinite(seconds) and seconds > 0):
        message = (
            f"Airflow connection '{conn_id}': '{key}' in its extra must be a number of seconds above 0: "
            f'write {{"{key}": {default:g}}}'
        )
        raise SyncError(message)
    return seconds
