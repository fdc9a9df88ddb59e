"""Errors of calls to Airbyte, and their messages: one line that says what to do."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.airbyte.api.addresses import has_public_path, suggested_url


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorContext:
    """What an error message names: the Airflow connection and its host, never its credentials.

    `variables` names environment variables that are used instead of an Airflow connection, `holder` the one
    that holds the Airflow connection.
    """

    conn_id: str
    host: str
    variables: str = ""
    holder: str = ""

    @property
    def host_is_api(self) -> bool:
        """Whether the host may be the API's URL."""
        return has_public_path(self.host)

    @property
    def where(self) -> str:
        """The end of an error message."""
        source = self.variables or self.holder or f"Airflow connection '{self.conn_id}'"
        return f"{source}, host {self.host}"

    @property
    def host_hint(self) -> str:
        """Which host to write."""
        url = suggested_url(self.host)
        if not url or url == self.host.rstrip("/"):
            return f"{_HOST_HINT}, such as https://.../api/public/v1"
        return f"{_HOST_HINT}, so write {url}{f' into {self.variables}' if self.variables else ''}"

    def adapted(self, hint: str) -> str:
        """Name the variables in a hint about the Airflow connection."""
        if not self.variables:
            return hint
        return hint.replace(_OF_CONNECTION, "check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET")


class ApiError(Exception):
    """A call to Airbyte failed.

    `status` is the HTTP status, None if there was no response or it could not be read. `may_have_acted`:
    the server may have done what it was asked to do. `retry_after` is in seconds, as the server wants it.
    `is_permanent`: waiting does not help. `is_about_token`: the call for a token failed, so `status` has
    nothing to do with a job or a connection.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        may_have_acted: bool = False,
        retry_after: float | None = None,
        detail: str = "",
        is_permanent: bool = False,
        is_about_token: bool = False,
    ) -> None:
        super().__init__(message)
        self.is_about_token = is_about_token
        self.status = status
        self.may_have_acted = may_have_acted
        self.retry_after = retry_after
        self.detail = detail
        self.is_permanent = is_permanent

    @property
    def is_retryable(self) -> bool:
        """Whether waiting may help: no response, too many calls, or an error of the server."""
        if self.is_permanent:
            return False
        return self.status is None or self.status in (408, 425, 429) or self.status >= 500

    @property
    def is_busy(self) -> bool:
        """Whether Airbyte refused a submission because the connection is running a job.

        Two different problems are 409 `try-again-later`; only their message tells them apart
        (airbyte-platform, `TemporalClient.kt`).
        """
        return self.status == 409 and "already running" in self.detail.lower() and not self.is_about_token

    @property
    def is_unknown_job(self) -> bool:
        """Whether the job may be unknown to Airbyte.

        Self-managed servers answer 409 `state-conflict` and not 404 (airbyte-platform, August 2026).
        """
        return self.status in (404, 409, 410) and not self.is_about_token

    @property
    def is_unknown_connection(self) -> bool:
        """Whether the connection is unknown to Airbyte."""
        return self.status in (404, 410) and not self.is_about_token


class UnreadableError(ApiError):
    """There was a response, but not one of Airbyte's API."""


def explain_status(status: int, detail: str, what: str, context: ErrorContext) -> str:
    """Explain what an HTTP status means for a sync and what to check."""
    answered = f"Airbyte answered {status} to {what}" + (f" ({detail})" if detail else "")
    is_host_wrong = status in (405, 415) or (status == 404 and not context.host_is_api)
    hint = context.host_hint if is_host_wrong else context.adapted(_STATUS_HINTS.get(status, ""))
    return f"{answered}: {hint}; {context.where}" if hint else f"{answered}; {context.where}"


def explain_token_status(status: int, detail: str, context: ErrorContext, token_url: str) -> str:
    """Explain a missing token. Self-managed Airbyte answers 400 to wrong credentials, Cloud 401."""
    answered = f"Airbyte answered {status} to the request for a token" + (f" ({detail})" if detail else "")
    if status in (400, 401, 403):
        hint = _STATUS_HINTS[401]
    elif status in (404, 405, 415):
        hint = f"token endpoint not found at '{token_url}': {context.host_hint}"
    else:
        hint = _STATUS_HINTS.get(status, "")
    hint = context.adapted(hint)
    return f"{answered}: {hint}; {context.where}" if hint else f"{answered}; {context.where}"


def explain_redirect(status: int, target: str, what: str, context: ErrorContext) -> str:
    """Explain that the server redirects; credentials are not sent to another URL."""
    to = f" redirects to {target}" if target else " redirects"
    return (
        f"Airbyte answered {status} to {what}: the host{to}; write the API's final URL as host, "
        f"since redirects are not followed; {context.where}"
    )


_HOST_HINT = "the host must be the API's URL and end in /v1"
_NOT_ALWAYS_HINT = "other responses from there are, so look at the server, or a proxy before it"
_OF_CONNECTION = "check login (client id) and password (client secret) of the Airflow connection"
_STATUS_HINTS = {
    401: _OF_CONNECTION,
    403: "the connection_id is unknown there, or the client id may not use its workspace",
    404: "Airbyte does not know it: check connection_id, and that the host is the Airbyte that has it",
    409: "Airbyte refuses it in the connection's present state",
    422: "Airbyte does not accept the request",
    429: "too many calls",
}

# Messages of the HTTP client or of the operating system, and what to do.
_NO_RESPONSE_HINTS = {
    "Name or service not known": "check the host's name",
    "nodename nor servname": "check the host's name",
    "Connection refused": "nothing listens there: check the host and its port",
    # What anyio says when no address of a host accepts a connection.
    "All connection attempts failed": "nothing listens there: check the host and its port",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: set SSL_CERT_FILE in workers and triggerer",
    "WRONG_VERSION_NUMBER": "it does not speak TLS: write http:// instead of https://",
    "unsupported protocol": "write the host as https://... or http://...",
    "missing an 'http://'": "write the host as https://... or http://...",
    "not a URL": "write the host as https://name/api/public/v1",
}
_PERMANENT = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")


def is_permanent_reason(reason: str) -> bool:
    """Whether waiting does not help after a call that failed for this reason, without a response."""
    return any(sign in reason for sign in _PERMANENT)


def explain_no_response(reason: str, what: str, context: ErrorContext, timeout: float) -> str:
    """Explain that a call ended without a response; `timeout` is in seconds."""
    hint = next((f"; {text}" for sign, text in _NO_RESPONSE_HINTS.items() if sign in reason), "")
    if context.variables:
        hint = hint.removesuffix(" in workers and triggerer")
    if "timed out" in reason and context.variables:
        hint = f"; it waited {timeout:g} seconds: an AIRFLOW_CONN_... variable can give a longer timeout"
    elif "timed out" in reason:
        hint = f'; it waited {timeout:g} seconds: write {{"timeout": 120}} into the connection\'s extra'
    return f"no response from Airbyte to {what}: {reason}{hint}; {context.where}"


def explain_unreadable(what: str, reason: str, context: ErrorContext, *, is_host_right: bool = False) -> str:
    """Explain that a response is not one of Airbyte's API; others from there may have been."""
    hint = _NOT_ALWAYS_HINT if is_host_right else context.host_hint
    return f"the response to {what} {reason}: {hint}; {context.where}"


def explain_unusable_token(context: ErrorContext, token_url: str) -> str:
    """Explain that a token does not fit into a header, without showing it."""
    if context.variables:
        hint = f"check that {context.variables} is the URL of Airbyte's API"
        return (
            f"the token endpoint at '{token_url}' returns no token that fits into a header: {hint}; "
            f"{context.where}"
        )
    return (
        f"the token endpoint at '{token_url}' returns no token that fits into a header: check that the "
        f"schema of the Airflow connection is the path of Airbyte's token endpoint; {context.where}"
    )
