"""Reads the JSON bodies of requests."""

from __future__ import annotations

from typing import Annotated, NoReturn

from fastapi import Depends, Request

from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.json_values import Json, parse_json
from dag_factory.local_airbyte.model.problems import ProblemError


async def read_body(request: Request) -> Json:
    """Return the body as a JSON object; raise ProblemError (400) if it is not one."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        _refuse("the content type must be application/json")
    return _object(await request.body())


async def read_optional_body(request: Request) -> Json:
    """Do the same, but accept an empty body as an empty object."""
    return await read_body(request) if await request.body() else {}


JsonBody = Annotated[Json, Depends(read_body)]
OptionalJsonBody = Annotated[Json, Depends(read_optional_body)]


def _object(content: bytes) -> Json:
    try:
        body = parse_json(content)
    except ValueError as error:
        _refuse(f"the body is not valid JSON: {error}")
    if not isinstance(body, dict):
        _refuse("the body must be a JSON object")
    return body


def _refuse(message: str) -> NoReturn:
    raise ProblemError(problems.bad_request(message))
