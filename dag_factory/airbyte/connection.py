"""The Airflow connection, read as the provider reads it; the operators and the trigger import this."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseHook
from asgiref.sync import sync_to_async

from dag_factory.airbyte.api import TOKEN_URL, Access
from dag_factory.airbyte.errors import SyncError

# The HTTP client's own 5 seconds are too few: starting a job may take Airbyte a minute.
TIMEOUT = 60.0


def access(conn_id: str) -> Access:
    """Look up a connection. Raises SyncError where it cannot be used, else what Airflow raises."""
    connection = BaseHook.get_connection(conn_id)
    extra = connection.extra_dejson
    if not connection.host:
        message = f"Airflow connection '{conn_id}' has no host: write the API's address, ending in /v1"
        raise SyncError(message)
    return Access(
        conn_id=conn_id,
        host=connection.host,
        client_id=connection.login,
        client_secret=connection.password,
        token_url=connection.schema or TOKEN_URL,
        timeout=_timeout(extra.get("timeout"), conn_id),
        proxies=extra.get("proxies"),
    )


async def access_in_loop(conn_id: str) -> Access:
    """Look up a connection from a triggerer's event loop, which the call to Airflow would block."""
    return await sync_to_async(access)(conn_id)


def _timeout(value: Any, conn_id: str) -> float:  # noqa: ANN401 (whatever stands in the extra)
    if value is None:
        return TIMEOUT
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if seconds <= 0:
        message = (
            f"Airflow connection '{conn_id}': 'timeout' in its extra is no positive number of seconds: "
            'write {"timeout": 120}'
        )
        raise SyncError(message)
    return seconds
