"""An Airbyte as a hand-over needs it: either it has refused, or nobody knows what it has done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.workspace.airbyte.api import AirbyteApi
from dag_factory.workspace.handover.moves import AirbyteRefusedError, AirbyteUnansweredError, NoAccessError

# Too slow, or too many calls: the same call may be answered later.
_NOT_REFUSED = (408, 425, 429)
# About the token, or what answers is not the public API.
_WITHOUT_ACCESS = (401, 405, 415)


class HandoverApi:
    """Calls an Airbyte; each method raises AirbyteRefusedError or AirbyteUnansweredError."""

    def __init__(self, api: AirbyteApi) -> None:
        self._api = api

    def connection(self, connection_id: str) -> Mapping[str, Any]:
        """Return a connection as the public API shows it, with a schedule: one without is not manual."""
        with _explained():
            found = self._api.connection(connection_id)
        schedule = found.get("schedule")
        # Airbyte's API requires it, also of a manual connection (airbyte-platform, `ConnectionReadMapper`).
        if not isinstance(schedule, Mapping) or not isinstance(schedule.get("scheduleType"), str):
            message = f"the answer about connection {connection_id} has no schedule that can be read"
            raise AirbyteUnansweredError(message)
        return found

    def jobs(self, connection_id: str) -> Sequence[Mapping[str, Any]]:
        """Return the newest jobs of a connection, the newest first."""
        with _explained():
            return self._api.jobs(connection_id)

    def set_schedule(self, connection_id: str, schedule: Mapping[str, str]) -> None:
        """Change the schedule of a connection."""
        with _explained("; to change a schedule, the application needs the role Editor"):
            self._api.set_schedule(connection_id, schedule)


@contextmanager
def _explained(if_forbidden: str = "") -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        message = f"{error}{if_forbidden if error.status == 403 else ''}"
        raise _kind_of(error)(message) from None


def _kind_of(error: ApiError) -> type[AirbyteRefusedError | AirbyteUnansweredError]:
    if _has_no_access(error):
        return NoAccessError
    status = error.status or 500
    is_refused = error.is_permanent or (status < 500 and status not in _NOT_REFUSED)
    return AirbyteRefusedError if is_refused else AirbyteUnansweredError


def _has_no_access(error: ApiError) -> bool:
    """Whether every other call fails too: 401 is about the token, and what is permanent about the host."""
    is_token_refused = error.is_about_token and not error.is_retryable
    return error.is_permanent or is_token_refused or error.status in _WITHOUT_ACCESS
