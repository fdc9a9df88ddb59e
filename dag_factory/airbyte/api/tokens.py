"""The access token of one Airbyte, shared by all that ask it from one process."""

from __future__ import annotations

import math
from collections.abc import Callable

# A token is renewed this long before it ends, in seconds.
_MARGIN = 60.0
# How long a token is used whose answer does not say so, in seconds: older servers gave 180 and less.
_DEFAULT_LIFETIME = 120.0
_LONGEST_LIFETIME = 24 * 3600.0
_LONGEST_TOKEN = 16 * 1024


class TokenCache:
    """Keeps a token until it is about to end. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._token: str | None = None
        self._ends_at = 0.0

    @property
    def token(self) -> str | None:
        """The token, None where a new one is due."""
        return self._token if self._clock() < self._ends_at else None

    @property
    def latest(self) -> str | None:
        """The last token that was kept, ended or not; no text may repeat it."""
        return self._token

    def put(self, token: str, lifetime: float) -> None:
        """Keep a token for `lifetime` seconds, less a margin."""
        self._token = token
        self._ends_at = self._clock() + max(lifetime - _MARGIN, lifetime / 2)

    def drop(self, token: str | None) -> None:
        """Forget a token that was refused, unless a newer one has already taken its place."""
        if self._token == token:
            self._token = None
            self._ends_at = 0.0


def usable_token(value: object) -> str:
    """Read an access token; raises ValueError where it cannot stand in a header (RFC 6750, 2.1)."""
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TOKEN:
        message = "not a token"
        raise ValueError(message)
    if not all("!" <= character <= "~" for character in value):
        message = "a token with characters that no header can hold"
        raise ValueError(message)
    return value


def lifetime_of(value: object) -> float:
    """Read `expires_in`, in seconds, in any form that a server may give it."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return _DEFAULT_LIFETIME
    if isinstance(value, bool) or not math.isfinite(seconds) or seconds <= 0:
        return _DEFAULT_LIFETIME
    return min(seconds, _LONGEST_LIFETIME)
