"""Access tokens: signed, self-describing, so that a restarted server knows those it gave out before. Pure."""

from __future__ import annotations

import jwt

LIFETIME = 900  # seconds, as Airbyte's default of 15 minutes
ALGORITHM = "HS256"
AUDIENCE = "airbyte-server"


def issue_token(*, key: str, client_id: str, generation: int, now: float) -> str:
    """A token for `LIFETIME` seconds from `now` (seconds since the epoch)."""
    claims = {
        "iss": "local-airbyte",
        "aud": AUDIENCE,
        "sub": client_id,
        "exp": int(now) + LIFETIME,
        "gen": generation,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def is_valid(token: str, *, key: str, generation: int, now: float) -> bool:
    """Whether the token is ours, not expired at `now` and not revoked by a later generation."""
    try:
        # The expiry is compared below: the library would ask the machine's clock, not the server's.
        claims = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=AUDIENCE, options={"verify_exp": False}
        )
    except jwt.InvalidTokenError:
        return False
    return bool(claims.get("exp", 0) > now and claims.get("gen") == generation)
