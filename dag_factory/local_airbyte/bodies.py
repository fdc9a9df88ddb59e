"""Reads the JSON that callers send: the one place that decides what is acceptable before anybody uses it."""

from __future__ import annotations

import json
from typing import Annotated, NoReturn

from fastapi import Depends, Request

from dag_factory.local_airbyte import problems
from dag_factory.local_airbyte.model import Json
from dag_factory.local_airbyte.problems import ProblemError

MAX_DEPTH = 50  # levels; far more than any document needs, far less than breaks a recursive encoder


def parse_json(content: bytes) -> object:
    """Parse JSON that can be written as JSON again; raise ValueError for any other.

    Python's own parser also accepts NaN, numbers that become infinite, and lone surrogates.
    """
    try:
        value: object = json.loads(content)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError as error:
        msg = "the JSON is nested too deep"
        raise ValueError(msg) from error
    if _depth(value) > MAX_DEPTH:
        msg = f"the JSON is nested deeper than {MAX_DEPTH} levels"
        raise ValueError(msg)
    return value


async def read_body(request: Request) -> Json:
    """Return the body as a JSON object; raise ProblemError (400) if it is not one."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        _refuse("the content type must be application/json")
    return _object(await request.body())


async def read_optional_body(request: Request) -> Json:
    """Do the same, but take an empty body for an empty object."""
    return await read_body(request) if await request.body() else {}


JsonBody = Annotated[Json, Depends(read_body)]
OptionalJsonBody = Annotated[Json, Depends(read_optional_body)]


def _object(content: bytes) -> Json:
    try:
        body = parse_json(content)
    except ValueError as error:
        _refuse(f"the body is not acceptable JSON: {error}")
    if not isinstance(body, dict):
        _refuse("the body must be a JSON object")
    return body


def _depth(value: object) -> int:
    level, depth = [value], 0
    while level := [child for parent in level for child in _children(parent)]:
        depth += 1
    return depth


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(message: str) -> NoReturn:
    raise ProblemError(problems.bad_request(message))
