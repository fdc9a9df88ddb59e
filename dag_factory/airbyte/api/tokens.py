"""The access token of one Airbyte server, cached within a process."""

from __future__ import annotations

import math
from collections.abc import Callable

# A token is renewed this many seconds before it expires.
_MARGIN = 60.0
# The lifetime of a token without `expires_in`, in seconds: tokens of older servers lived 180 and less.
_DEFAULT_LIFETIME = 120.0
_MAX_LIFETIME = 24 * 3600.0
_MAX_TOKEN_LENGTH = 16 * 1024


class TokenCache:
    """Keeps a token until it is about to expire. `clock` returns seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._token: str | None = None
        self._ends_at = 0.0

    @property
    def token(self) -> str | None:
        """The token, None if a new one is needed."""
        return self._token if self._clock() < self._ends_at else None

    @property
    def latest(self) -> str | None:
        """The last token, expired or not. It must not appear in any text."""
        return self._token

    def put(self, token: str, lifetime: float) -> None:
        """Keep a token for `lifetime` seconds, minus a margin."""
        self._token = token
        self._ends_at = self._clock() + max(lifetime - _MARGIN, lifetime / 2)

    def drop(self, token: str | None) -> None:
        """Drop a token that was refused, unless a newer one has replaced it."""
        if self._token == token:
            self._token = None
            self._ends_at = 0.0


def usable_token(value: object) -> str:
    """Read an access token; raises ValueError if it does not fit into a header (RFC 6750, 2.1)."""
    if not isinstance(value, str) or not value or len(value) > _MAX_TOKEN_LENGTH:
        message = "not a token"
        raise ValueError(message)
    if not all("!" <= character <= "~" for character in value):
        message = "a token with characters that do not fit into a header"
        raise ValueError(message)
    return value


def lifetime_of(value: object) -> float:
    """Read `expires_in` as seconds, in any form that a server may send."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return _DEFAULT_LIFETIME
    if isinstance(value, bool) or not math.isfinite(seconds) or seconds <= 0:
        return _DEFAULT_LIFETIME
    return min(seconds, _MAX_LIFETIME)
