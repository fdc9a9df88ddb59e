"""Pulls: reads an Airbyte's lists, again if they do not fit together."""

from __future__ import annotations

from collections.abc import Callable

from dag_factory.airbyte.api.documents import Document
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.config.snapshot.model import Snapshot
from dag_factory.workspace.airbyte.api import AirbyteApi
from dag_factory.workspace.airbyte.listing import NotWholeError, whole_list
from dag_factory.workspace.snapshots.pulling import Lists, Pulled, pulled_from
from dag_factory.workspace.snapshots.rows import WrongAnswerError

_ATTEMPTS = 3


class PullError(Exception):
    """Airbyte cannot be read, or not wholly; the message says what to do."""


def pulled(api: AirbyteApi, old: Snapshot | None, progress: Callable[[str], None]) -> Pulled:
    """Read everything and return what a pull would write.

    Connections come first, so that what they refer to is there when it is read. Raises PullError.

    Args:
        api: The Airbyte.
        old: The snapshot before.
        progress: Is called with what is read, before each page.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return pulled_from(_lists(api, progress), old)
        except WrongAnswerError as error:
            raise PullError(str(error)) from None
        except NotWholeError as error:
            if attempt == _ATTEMPTS or error.is_final:
                message = f"{error}; {error.hint}"
                raise PullError(message) from None
    raise AssertionError  # the last attempt returns or raises


def _lists(api: AirbyteApi, progress: Callable[[str], None]) -> Lists:
    def read(noun: str, key: str) -> list[Document]:
        def page(offset: int) -> list[Document]:
            progress(f"reading {noun} from {offset + 1}")
            return api.page(noun, offset)

        try:
            return whole_list(page, key)
        except ApiError as error:
            raise PullError(_explained(error, noun)) from None
        except NotWholeError as error:
            message = f"Airbyte's list of {noun} cannot be read whole: {error}"
            raise NotWholeError(message, error.hint, is_final=error.is_final) from None

    connections = read("connections", "connectionId")
    return Lists(
        connections=connections,
        sources=read("sources", "sourceId"),
        destinations=read("destinations", "destinationId"),
        workspaces=read("workspaces", "workspaceId"),
    )


def _explained(error: ApiError, noun: str) -> str:
    if error.status == 403 and not error.is_about_token:
        return (
            f"Airbyte does not let these credentials list the {noun}: the application needs the role Reader"
        )
    if error.status in (404, 405) and not error.is_about_token:
        return (
            f"Airbyte has no list of {noun} there: the host must be the public API's URL, such as "
            "https://.../api/public/v1"
        )
    return str(error)
