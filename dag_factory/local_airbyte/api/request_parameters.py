"""Reads query parameters and keys of bodies; raises ProblemError (400) for invalid ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from starlette.datastructures import QueryParams

from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.identifiers import canonical_id
from dag_factory.local_airbyte.model.job import JOB_STATUSES, JOB_TYPES
from dag_factory.local_airbyte.model.job_query import MAX_LIMIT, JobQuery, QueryError, order_clause
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import ProblemError

MAX_OFFSET = 2**31 - 1  # Java's `int`


def read_page(params: QueryParams) -> tuple[int, int]:
    """Return limit and offset of a list."""
    limit, offset = _integer(params, "limit", 20), _integer(params, "offset", 0)
    if not 1 <= limit <= MAX_LIMIT or not 0 <= offset <= MAX_OFFSET:
        _refuse(f"limit must be from 1 to {MAX_LIMIT} and offset from 0 to {MAX_OFFSET}")
    return limit, offset


def read_job_query(params: QueryParams, connection_ids: Sequence[str] | None) -> JobQuery:
    """Return the query of `GET /jobs`; `connection_ids` are those of the workspaces in the query."""
    limit, offset = read_page(params)
    if (connection_id := params.get("connectionId")) is not None:
        connection_ids = [canonical_id(connection_id) or connection_id]
    order_by = params.get("orderBy") or "createdAt|ASC"
    try:
        order_clause(order_by)
    except QueryError as error:
        _refuse(str(error))
    return JobQuery(
        connection_ids=None if connection_ids is None else tuple(connection_ids),
        status=_one_of(params, "status", JOB_STATUSES),
        job_type=_one_of(params, "jobType", JOB_TYPES),
        created_from=_moment(params, "createdAtStart"),
        created_to=_moment(params, "createdAtEnd"),
        updated_from=_moment(params, "updatedAtStart"),
        updated_to=_moment(params, "updatedAtEnd"),
        order_by=order_by,
        limit=limit,
        offset=offset,
    )


def read_text(body: Json, key: str) -> str:
    """Return a string that is required."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        _refuse(f"{key} must be a string")
    return value


def read_choice(body: Json, key: str, choices: Collection[str]) -> str:
    """Return a string that must be one of the choices."""
    value = read_text(body, key)
    if value not in choices:
        _refuse(f"{key} must be one of {', '.join(choices)}, not {value!r}")
    return value


def is_true(params: QueryParams, key: str) -> bool:
    """Return a flag; the default is false."""
    return params.get(key, "false").lower() == "true"


def _integer(params: QueryParams, key: str, default: int) -> int:
    text = params.get(key)
    try:
        return default if text is None else int(text)
    except ValueError:
        _refuse(f"{key} must be an integer, not {text!r}")


def _one_of(params: QueryParams, key: str, choices: Collection[str]) -> str | None:
    value = params.get(key)
    if value is not None and value not in choices:
        _refuse(f"{key} must be one of {', '.join(choices)}, not {value!r}")
    return value


def _moment(params: QueryParams, key: str) -> float | None:
    text = params.get(key)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"{key} must be a time such as 2026-01-31T12:00:00Z, not {text!r}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _refuse(message: str) -> NoReturn:
    raise ProblemError(problems.bad_request(message))
