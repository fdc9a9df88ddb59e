"""Details of responses from Airbyte or from a gateway in front of it: errors, redirects, times."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

from dag_factory.airbyte.api.model import printable
from dag_factory.airbyte.effects import Response


def detail_of(content: bytes, clean: Callable[[str], str] = str) -> str:
    """Find the message in the body of an error, in any of the shapes that Airbyte uses.

    `clean` removes secrets. It is applied before the text is shortened, since a part of a secret is secret.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    data = answer.get("data")
    inner = data.get("message") if isinstance(data, dict) else None
    said = inner or answer.get("detail") or answer.get("message") or answer.get("title") or ""
    return printable(clean(str(said))[:2000], 300)


def redirect_target(response: Response, clean: Callable[[str], str] = str) -> str:
    """Return where a redirect leads, without query and credentials; empty if that is unknown.

    `clean` is as in `detail_of`.
    """
    try:
        parts = urlsplit(response.headers.get("location", ""))
        bare = parts.netloc.rpartition("@")[2]
        return printable(clean(urlunsplit((parts.scheme, bare, parts.path, "", ""))), 200)
    except ValueError:
        return ""


def retry_after(response: Response) -> float | None:
    """Read the `Retry-After` header, which may hold seconds or a date (RFC 9110, 10.2.3), as seconds."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    now, moment = _date(response.headers.get("date")), _date(value)
    return None if now is None or moment is None else max(0.0, (moment - now).total_seconds())


def server_time(response: Response) -> float | None:
    """Read the server's clock from the `Date` header, in seconds since 1970."""
    moment = _date(response.headers.get("date"))
    return None if moment is None else moment.timestamp()


def _date(text: str | None) -> datetime | None:
    """Read an HTTP date; one without a time zone is UTC."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
