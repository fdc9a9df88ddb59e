"""How to reach an Airbyte server: its URL and credentials."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from dag_factory.airbyte.api.errors import ErrorContext

TOKEN_URL = "v1/applications/token"  # noqa: S105 (a URL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """The URL of an Airbyte server and the credentials for it.

    `conn_id` names the Airflow connection that they come from, `variables` the environment variables if they
    come from these instead, and `holder` the one that holds the Airflow connection, where that is known.
    `timeout` limits one whole call, in seconds.
    A wait ends when the API has returned permanent errors (401, 403, 404, ...) for `give_up_after` seconds in
    a row. `proxies` are pairs of a scheme and a URL.
    """

    conn_id: str
    host: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_url: str = TOKEN_URL
    timeout: float = 60.0
    give_up_after: float = 600.0
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    variables: str = ""
    holder: str = ""

    @property
    def shown_host(self) -> str:
        """The host without the user and password that it may contain."""
        bare = without_user(self.host).partition("?")[0].partition("#")[0]
        return "".join(character for character in bare if character.isprintable())[:200]

    @property
    def context(self) -> ErrorContext:
        """What error messages name."""
        return ErrorContext(
            conn_id=self.conn_id, host=self.shown_host, variables=self.variables, holder=self.holder
        )

    @property
    def needs_token(self) -> bool:
        """Whether calls carry a token: they do if there are credentials."""
        return bool(self.client_id and self.client_secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not appear in any text."""
        basic = basic_authorization(self.host)
        urls = (self.host, *(url for _, url in self.proxies))
        passwords = [password for url in urls for password in _passwords_in(url)]
        parts = (self.client_secret, basic and basic.removeprefix("Basic "), *passwords)
        return tuple(part for part in parts if part and len(part) >= 4)


def _passwords_in(url: str) -> tuple[str, ...]:
    """Return the password in a URL, as written there and as sent."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return ()
    return (password, unquote(password))


def without_user(url: str) -> str:
    """Return a URL without its user and password, or an empty string if it cannot be parsed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def basic_authorization(url: str) -> str | None:
    """Return the `Authorization` header for the user and password in a URL (RFC 7617), if it has any."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not parts.username:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
