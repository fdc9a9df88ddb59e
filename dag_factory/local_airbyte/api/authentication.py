"""The token endpoint, and the check of the bearer token on every other route."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request

from dag_factory.local_airbyte.api.access_tokens import LIFETIME, is_valid, issue_token
from dag_factory.local_airbyte.api.request_bodies import read_body
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.json_values import Json
from dag_factory.local_airbyte.model.problems import ProblemError
from dag_factory.local_airbyte.platform import Platform

GENERATION = "token-generation"


def platform_of(request: Request) -> Platform:
    """Return the platform of the application."""
    platform: Platform = request.app.state.platform
    return platform


PlatformOf = Annotated[Platform, Depends(platform_of)]


def check_token(request: Request, platform: PlatformOf) -> None:
    """Answer 401 if the token is missing, expired or revoked."""
    if not platform.store.settings().require_auth:
        return
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    generation = token_generation(platform)
    now = platform.clock.now()
    if scheme.lower() != "bearer" or not is_valid(
        token, key=platform.signing_key, generation=generation, now=now
    ):
        raise ProblemError(problems.unauthorized(request.url.path))


async def create_token(request: Request, platform: PlatformOf) -> Json:
    """Answer `POST /applications/token`; clients send JSON or a form."""
    fields = await _credentials(request)
    given = (str(fields.get("client_id", "")), str(fields.get("client_secret", "")))
    known = (platform.client_id, platform.client_secret)
    if not all(
        hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(given, known, strict=True)
    ):
        raise ProblemError(problems.wrong_credentials(request.url.path))
    token = issue_token(
        key=platform.signing_key,
        client_id=platform.client_id,
        generation=token_generation(platform),
        now=platform.clock.now(),
    )
    return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}


def token_generation(platform: Platform) -> int:
    """Return the current generation: tokens of earlier ones are revoked."""
    return int(platform.store.meta(GENERATION) or 0)


def revoke_tokens(platform: Platform) -> None:
    """Revoke every token: calls with one get a 401."""
    with platform.store.transaction():
        platform.store.put_meta(GENERATION, token_generation(platform) + 1)


async def _credentials(request: Request) -> Json:
    if request.headers.get("content-type", "").startswith("application/json"):
        return await read_body(request)
    async with request.form() as form:
        return dict(form)
