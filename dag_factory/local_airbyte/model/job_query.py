"""The filters, order and page of `GET /jobs`, and the SQL for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

ORDER = re.compile(r"([a-zA-Z0-9]+)\|(ASC|DESC)")
MAX_LIMIT = 100  # items of a page
COLUMN_OF = {"createdAt": "created_at", "updatedAt": "updated_at"}


class QueryError(ValueError):
    """A filter is invalid; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobQuery:
    """Filters (None: no filter), order and page. Times are seconds since the epoch."""

    connection_ids: tuple[str, ...] | None = None
    status: str | None = None
    job_type: str | None = None
    created_from: float | None = None
    created_to: float | None = None
    updated_from: float | None = None
    updated_to: float | None = None
    order_by: str = "createdAt|ASC"
    limit: int = 20
    offset: int = 0


def where_clause(query: JobQuery) -> tuple[str, list[object]]:
    """Return the rest of a SELECT statement with placeholders, and their values."""
    conditions: list[tuple[str, object]] = [
        ("status = ?", query.status),
        ("job_type = ?", query.job_type),
        ("created_at >= ?", query.created_from),
        ("created_at <= ?", query.created_to),
        ("updated_at >= ?", query.updated_from),
        ("updated_at <= ?", query.updated_to),
    ]
    used = [(text, value) for text, value in conditions if value is not None]
    texts, values = [text for text, _ in used], [value for _, value in used]
    if query.connection_ids is not None:
        texts.append(f"connection_id IN ({', '.join('?' * len(query.connection_ids))})")
        values.extend(query.connection_ids)
    where = f"WHERE {' AND '.join(texts)} " if texts else ""
    return f"{where}ORDER BY {order_clause(query.order_by)} LIMIT ? OFFSET ?", [
        *values,
        query.limit,
        query.offset,
    ]


def order_clause(order_by: str) -> str:
    """Return an order such as `createdAt|DESC` as SQL; the id decides between jobs of the same time."""
    match = ORDER.fullmatch(order_by)
    if match is None or match[1] not in COLUMN_OF:
        message = f"Invalid order by clause provided: {order_by}"
        raise QueryError(message)
    return f"{COLUMN_OF[match[1]]} {match[2]}, job_id {match[2]}"
