"""How to reach an Airbyte: the fields of an Airflow connection, as plain values."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from dag_factory.airbyte.api.errors import ErrorContext

TOKEN_URL = "v1/applications/token"  # noqa: S105 (an address)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """An Airbyte and the credentials for it.

    `timeout` is seconds for one whole call. `give_up_after` is for how many seconds in a row the API may
    answer what waiting does not change (401, 403, 404, ...) before a wait ends. `proxies` are pairs of a
    scheme and an address.
    """

    conn_id: str
    host: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_url: str = TOKEN_URL
    timeout: float = 60.0
    give_up_after: float = 600.0
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def shown_host(self) -> str:
        """The host without a user and password that may be part of it."""
        bare = without_user(self.host).partition("?")[0].partition("#")[0]
        return "".join(character for character in bare if character.isprintable())[:200]

    @property
    def context(self) -> ErrorContext:
        """What errors name."""
        return ErrorContext(conn_id=self.conn_id, host=self.shown_host)

    @property
    def needs_token(self) -> bool:
        """Whether the API is asked with a token; without credentials it is asked as it is."""
        return bool(self.client_id and self.client_secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may repeat."""
        basic = basic_authorization(self.host)
        addresses = (self.host, *(url for _, url in self.proxies))
        passwords = [password for address in addresses for password in _passwords_in(address)]
        parts = (self.client_secret, basic and basic.removeprefix("Basic "), *passwords)
        return tuple(part for part in parts if part and len(part) >= 4)


def _passwords_in(address: str) -> tuple[str, ...]:
    """Give the password in an address, as it is written there and as it is sent."""
    try:
        password = urlsplit(address).password or ""
    except ValueError:
        return ()
    return (password, unquote(password))


def without_user(address: str) -> str:
    """Give an address without its user and password; empty where it cannot be read."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def basic_authorization(address: str) -> str | None:
    """Give the header for the user and password in an address (RFC 7617), None where it has none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if not parts.username:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
