"""Gathers what `doctor` judges: asks an Airbyte, and reads which packages are installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import metadata

from dag_factory.airbyte.api.access import Access, basic_authorization, without_user
from dag_factory.airbyte.api.documents import Document, DocumentApi
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.responses import redirect_target, server_time
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.clock import SYSTEM_CLOCK, Clock
from dag_factory.airbyte.drivers import BlockingClient, EffectHandlers, run_blocking
from dag_factory.airbyte.effects import Request, Response, TransportError
from dag_factory.airbyte.http.worker_client import open_worker_client
from dag_factory.workspace.airbyte.api import AirbyteApi
from dag_factory.workspace.airbyte.listing import NotWholeError, whole_list
from dag_factory.workspace.diagnosis.doctor import Body, Examination, NotListed, Probe, is_public_api
from dag_factory.workspace.diagnosis.used_connections import Absence

# How long the first call may take: nobody waits a minute to learn that a firewall is in the way.
_PROBE_SECONDS = 20.0
# Connections that are asked for one by one.
_MAX_ASKED = 100

_HANDLERS = EffectHandlers(log=lambda _log: None)


def examine(access: Access, show: Callable[[str], None], say: Callable[[str], None]) -> Examination:
    """Ask one Airbyte; credentials are sent only to what looks like its public API.

    Args:
        access: The Airbyte.
        show: Is called with what is read.
        say: Is called with a line before each pause.
    """
    quick = replace(access, timeout=min(access.timeout, _PROBE_SECONDS))
    with open_worker_client(quick) as client:
        found = probe(quick, client)
    if not is_public_api(access, found):
        return Examination(access=access, probe=found)
    with open_worker_client(access) as client:
        connections = _connections(access, client, show, say)
    return Examination(access=access, probe=found, connections=connections)


def probe(access: Access, client: BlockingClient, clock: Clock = SYSTEM_CLOCK) -> Probe:
    """Ask for the list of connections, once and without a token."""
    request = _first_request(access)
    before = clock.now()
    try:
        response = client.send(request)
    except TransportError as error:
        return Probe(reason=str(error), waited=access.timeout)
    middle, theirs = (before + clock.now()) / 2, server_time(response)
    return Probe(
        status=response.status,
        body=_body(response),
        target=redirect_target(response, _cleaner(access)),
        skew=None if theirs is None else theirs - middle,
    )


def _first_request(access: Access) -> Request:
    basic = basic_authorization(access.host)
    headers = {"Accept": "application/json", **({} if basic is None else {"Authorization": basic})}
    url = f"{without_user(access.host).rstrip('/')}/connections"
    return Request(method="GET", url=url, params={"limit": "1"}, headers=headers)


def _body(response: Response) -> Body:
    start = response.content[:1000].lstrip().lower()
    if "html" in response.headers.get("content-type", "") or start.startswith((b"<!doctype html", b"<html")):
        return Body.PAGE
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        return Body.OTHER
    is_list = isinstance(answer, dict) and isinstance(answer.get("data"), list)
    return Body.LIST if is_list and response.status == 200 else Body.OTHER


def _cleaner(access: Access) -> Callable[[str], str]:
    def clean(text: str) -> str:
        for secret in access.secrets:
            text = text.replace(secret, "***")
        return text

    return clean


def _connections(
    access: Access, client: BlockingClient, show: Callable[[str], None], say: Callable[[str], None]
) -> tuple[Document, ...] | NotListed:
    """Read the first page once, since an error is the answer, and then all of them patiently."""
    calls = DocumentApi(access, TokenCache(SYSTEM_CLOCK.monotonic))
    api = AirbyteApi(access, client, say)

    def page(offset: int) -> list[Document]:
        show(f"reading connections from {offset + 1}")
        return _with_ids(api.page("connections", offset))

    try:
        run_blocking(calls.page("connections", 0), client, _HANDLERS, SYSTEM_CLOCK.sleep)
        return tuple(whole_list(page, "connectionId"))
    except ApiError as error:
        return NotListed(reason=str(error), error=error)
    except NotWholeError as error:
        return NotListed(reason=str(error))


def _with_ids(documents: list[Document]) -> list[Document]:
    if not all(isinstance(each.get("connectionId"), str) for each in documents):
        message = "it has a row without a connectionId"
        raise NotWholeError(message)
    return documents


def ask_for_missing(
    access: Access, ids: Iterable[str], show: Callable[[str], None]
) -> dict[str, Document | Absence]:
    """Ask for connections that are not listed, to tell deleted ones from unknown ones."""
    found: dict[str, Document | Absence] = {}
    calls = DocumentApi(access, TokenCache(SYSTEM_CLOCK.monotonic))
    with open_worker_client(access) as client:
        for number, each in enumerate(ids):
            show(f"asking for connection {each}")
            found[each] = Absence.NOT_ASKED if number >= _MAX_ASKED else _ask(calls, client, each)
    return found


def _ask(calls: DocumentApi, client: BlockingClient, connection_id: str) -> Document | Absence:
    try:
        return run_blocking(calls.document(connection_id), client, _HANDLERS, SYSTEM_CLOCK.sleep)
    except ApiError as error:
        if error.is_unknown_connection:
            return Absence.UNKNOWN
        return Absence.FORBIDDEN if error.status == 403 else Absence.NOT_ASKED


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of the packages that are installed; none is imported."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
