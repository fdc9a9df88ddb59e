"""Where an Airbyte is and how to authenticate, from environment variables, read as Airflow reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dag_factory.airbyte.api.access import TOKEN_URL, Access
from dag_factory.airbyte.http.client import proxies_by_scheme

URL, CLIENT_ID, CLIENT_SECRET = "AIRBYTE_URL", "AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"
# As for tasks: see operators/airflow_connection.py.
TIMEOUT = 60.0


class CredentialsError(Exception):
    """The variables are missing or cannot be used; the message says what to set, and shows no value."""


def access_from(variables: Mapping[str, str], airbyte_conn_id: str) -> Access:
    """Read AIRFLOW_CONN_<ID>, or where that is not set AIRBYTE_URL and the client's id and secret.

    Raises CredentialsError.
    """
    name = f"AIRFLOW_CONN_{airbyte_conn_id.upper()}"
    text = variables.get(name, "").strip()
    if text:
        return _of_connection(name, text, airbyte_conn_id)
    if variables.get(URL, "").strip():
        return _of_variables(variables, airbyte_conn_id)
    message = f"set {name} as for Airflow, or {URL}, {CLIENT_ID} and {CLIENT_SECRET}"
    raise CredentialsError(message)


def _of_variables(variables: Mapping[str, str], airbyte_conn_id: str) -> Access:
    client_id, client_secret = variables.get(CLIENT_ID), variables.get(CLIENT_SECRET)
    if bool(client_id) != bool(client_secret):
        missing = CLIENT_SECRET if client_id else CLIENT_ID
        message = f"{missing} is not set, but the other half of the credentials is"
        raise CredentialsError(message)
    return Access(
        conn_id=airbyte_conn_id,
        host=variables[URL].strip(),
        client_id=client_id,
        client_secret=client_secret,
        variables=URL,
    )


def _of_connection(name: str, text: str, airbyte_conn_id: str) -> Access:
    connection = _json(name, text) if text.startswith("{") else _uri(name, text)
    host, extra = str(connection.get("host") or "").strip(), _extra(name, connection.get("extra"))
    if not host:
        message = f"{name} has no host: write the API's URL, ending in /v1"
        raise CredentialsError(message)
    return Access(
        conn_id=airbyte_conn_id,
        host=host,
        client_id=_text(connection.get("login")),
        client_secret=_text(connection.get("password")),
        token_url=_text(connection.get("schema")) or TOKEN_URL,
        timeout=_timeout(name, extra.get("timeout")),
        proxies=_proxies(name, extra.get("proxies")),
        holder=name,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _json(name: str, text: str) -> Mapping[str, Any]:
    try:
        connection = json.loads(text)
    except (ValueError, RecursionError):
        connection = None
    if not isinstance(connection, dict):
        message = f"{name} begins with a brace but is not JSON"
        raise CredentialsError(message)
    return connection


def _uri(name: str, text: str) -> Mapping[str, Any]:
    """Read a URI as Airflow does (`Connection._parse_from_uri`); a host may have a scheme of its own."""
    between = text.split("://")[1:-1]
    if len(between) > 1 or any(set(each) & set("@:/?") for each in between):
        message = (
            f"{name} is not a URI that Airflow reads: after airbyte:// comes the scheme of the host, then "
        )
        message += "LOGIN:PASSWORD@HOST with special characters as %; or write JSON"
        raise CredentialsError(message)
    try:
        has_scheme = text.count("://") == 2
        rest = text.replace(f"{urlsplit(text).scheme}://", "" if has_scheme else "//", 1)
        parts = urlsplit(rest)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        host, port = _host(parts), parts.port
    except ValueError:
        message = f"{name} is neither JSON nor a URI: encode special characters with %, or write JSON"
        raise CredentialsError(message) from None
    if "://" not in text:
        message = f"{name} is neither JSON nor a URI that begins with airbyte://"
        raise CredentialsError(message)
    return {
        "host": f"{parts.scheme}://{host}" if has_scheme and host else host,
        "port": port,
        "login": unquote(parts.username) if parts.username else parts.username,
        "password": unquote(parts.password) if parts.password else parts.password,
        "schema": unquote(parts.path[1:]),
        "extra": query.get("__extra__", query),
    }


def _host(parts: SplitResult) -> str:
    """Return the decoded host; one that holds a whole URL, encoded, in its own upper and lower case."""
    host = unquote(parts.hostname or "")
    if "/" not in host:
        return host
    bare = parts.netloc.rpartition("@")[2]
    return unquote(bare.partition(":")[0])


def _extra(name: str, extra: object) -> Mapping[str, Any]:
    try:
        value = json.loads(extra) if isinstance(extra, str) and extra.strip() else extra or {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, Mapping):
        message = f"the extra of {name} is not a JSON object"
        raise CredentialsError(message)
    return value


def _timeout(name: str, value: object) -> float:
    if value is None:
        return TIMEOUT
    try:
        seconds = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
        )
    except (ValueError, OverflowError):
        seconds = 0.0
    if math.isfinite(seconds) and seconds > 0:
        return seconds
    message = f"the 'timeout' in the extra of {name} must be a number of seconds: write {{\"timeout\": 60}}"
    raise CredentialsError(message)


def _proxies(name: str, value: object) -> tuple[tuple[str, str], ...]:
    try:
        return proxies_by_scheme(value)
    except ValueError:
        message = f"the 'proxies' in the extra of {name} must be the URL of a proxy, or one for each scheme"
        raise CredentialsError(message) from None
