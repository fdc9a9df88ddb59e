"""Access tokens: signed and self-contained, so that they stay valid across restarts of the server."""

from __future__ import annotations

import jwt

LIFETIME = 900  # seconds; Airbyte's default
ALGORITHM = "HS256"
AUDIENCE = "airbyte-server"


def issue_token(*, key: str, client_id: str, generation: int, now: float) -> str:
    """Return a token for `LIFETIME` seconds from `now` (seconds since the epoch)."""
    claims = {
        "iss": "local-airbyte",
        "aud": AUDIENCE,
        "sub": client_id,
        "exp": int(now) + LIFETIME,
        "gen": generation,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def is_valid(token: str, *, key: str, generation: int, now: float) -> bool:
    """Return whether the token is ours, has not expired at `now` and is not revoked by a later generation."""
    try:
        # The expiry is checked below: the library uses the machine's clock, not the server's.
        claims = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=AUDIENCE, options={"verify_exp": False}
        )
    except jwt.InvalidTokenError:
        return False
    return bool(claims.get("exp", 0) > now and claims.get("gen") == generation)
