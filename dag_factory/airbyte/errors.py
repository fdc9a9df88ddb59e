"""What can go wrong with a sync, in one line with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorContext:
    """What an error has to name: the Airflow connection and its host, never its credentials."""

    conn_id: str
    host: str

    @property
    def host_is_api(self) -> bool:
        """Whether the host looks like the API's address."""
        return self.host.rstrip("/").endswith("/v1")


class ApiError(Exception):
    """A call to Airbyte failed.

    `status` is the HTTP status, None where there was no answer or none that could be read. `was_done` says
    whether the server may have acted on the call. `retry_after` is what the server asked for, in seconds.
    `is_lasting` is a call that can never come to an answer.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        was_done: bool = False,
        retry_after: float | None = None,
        detail: str = "",
        is_lasting: bool = False,
    ) -> None:
        super().__init__(message)
        self.is_lasting = is_lasting
        self.status = status
        self.was_done = was_done
        self.retry_after = retry_after
        self.detail = detail

    @property
    def is_passing(self) -> bool:
        """Whether waiting may help: no answer, too many calls, or a fault of the server."""
        if self.is_lasting:
            return False
        return self.status is None or self.status in (408, 425, 429) or self.status >= 500


class SyncError(Exception):
    """The sync cannot be what was asked for; its text is for people."""


class SyncSkipped(Exception):  # noqa: N818 (it is no error)
    """The connection is syncing already, and the configuration says to leave it at that."""


class JobEndedError(SyncError):
    """The job has ended, and not well."""


class JobTimedOutError(SyncError):
    """The job took longer than the configuration allows."""


def explain(status: int, detail: str, what: str, context: ErrorContext) -> str:
    """Say what an HTTP status means for a sync and what to look at."""
    text = f"Airbyte answered {status} to {what}"
    mend = _HOST if status in (404, 405, 415) and not context.host_is_api else _MEND.get(status)
    told = f" ({detail})" if detail else ""
    named = f"; Airflow connection '{context.conn_id}', host {context.host}"
    return f"{text}{told}: {mend}{named}" if mend else f"{text}{told}{named}"


_HOST = "the host must be the API's address and end in /v1, such as https://.../api/public/v1"
_MEND = {
    401: "check login (client id) and password (client secret) of the Airflow connection",
    403: "the connection_id is unknown there, or the client id may not use its workspace",
    404: "there is no such connection: check connection_id, and that the host is the Airbyte that has it",
    405: _HOST,
    415: _HOST,
    409: "Airbyte refuses the job in its present state",
    422: "Airbyte does not accept the request",
    429: "too many calls",
}


# What stands in the text of the HTTP client or of the system below it.
_NO_ANSWER = {
    "Name or service not known": "check the host's name",
    "nodename nor servname": "check the host's name",
    "Connection refused": "nothing listens there: check the host and its port",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: set SSL_CERT_FILE in workers and triggerer",
    "WRONG_VERSION_NUMBER": "it does not speak TLS: write http:// instead of https://",
    "unsupported protocol": "write the host as https://... or http://...",
    "missing an 'http://'": "write the host as https://... or http://...",
}
# Those of them that no waiting changes.
_LASTING = (
    "CERTIFICATE_VERIFY_FAILED",
    "WRONG_VERSION_NUMBER",
    "unsupported protocol",
    "missing an 'http://'",
)


def is_lasting(reason: str) -> bool:
    """Whether it is no use to try a call again that came to no answer."""
    return any(sign in reason for sign in _LASTING)


def no_answer(reason: str, what: str, context: ErrorContext, timeout: float) -> str:
    """Say that a call came to no answer."""
    hint = next((f"; {mend}" for sign, mend in _NO_ANSWER.items() if sign in reason), "")
    if "timed out" in reason:
        hint = f'; it waited {timeout:g} seconds: write {{"timeout": 120}} into the connection\'s extra'
    return (
        f"no answer from Airbyte to {what}: {reason}{hint}; "
        f"Airflow connection '{context.conn_id}', host {context.host}"
    )


def no_json(what: str, context: ErrorContext) -> str:
    """Say that the answer is not what an API gives."""
    return (
        f"the answer to {what} is no JSON: {_HOST}; "
        f"Airflow connection '{context.conn_id}', host {context.host}"
    )
