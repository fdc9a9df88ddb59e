"""The checks of `doctor` on one Airbyte: address, token, permissions, clock, timeout."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.addresses import has_public_path, suggested_url
from dag_factory.airbyte.api.documents import Document
from dag_factory.airbyte.api.errors import ApiError, explain_no_response
from dag_factory.workspace.diagnosis.answers import Answer, error, not_checked, note, ok, warning

# A token may be refused, and runs begin too early or late, when clocks differ by more.
MAX_SKEW = 30.0
# Starting a job may take a minute.
MIN_TIMEOUT = 30.0

_NO_ADDRESS = "Airbyte's public API does not answer there"


class Body(enum.Enum):
    """What a response holds: a list of the public API, a web page, or something else."""

    LIST = enum.auto()
    PAGE = enum.auto()
    OTHER = enum.auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What a request for the list of connections, without a token, has met.

    `reason` says why there was no response, and `waited` how long it was waited for, in seconds. `target` is
    where a redirect leads. `skew` is how far the server's clock is ahead, in seconds.
    """

    status: int | None = None
    reason: str = ""
    waited: float = 0.0
    body: Body = Body.OTHER
    target: str = ""
    skew: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NotListed:
    """Why the connections could not be read; `error` is Airbyte's refusal, if it was one."""

    reason: str
    error: ApiError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """What was gathered from one Airbyte; `connections` is None if it was not asked for them."""

    access: Access
    probe: Probe
    connections: tuple[Document, ...] | NotListed | None = None


def check_credentials(access: Access, *, is_one_of_several: bool) -> Answer:
    """Say which variable is used."""
    if not access.variables:
        return ok("credentials", f"AIRFLOW_CONN_{access.conn_id.upper()} is used")
    text = f"{access.variables} is used, since AIRFLOW_CONN_{access.conn_id.upper()} is not set"
    if not is_one_of_several:
        return ok("credentials", text)
    return warning("credentials", text, "the folder uses several Airbytes: set a variable for each")


def without_credentials(reason: str) -> tuple[Answer, ...]:
    """Answer all questions about an Airbyte whose credentials are missing or unusable."""
    hint = "doctor reads only environment variables, not Airflow's database or secrets backend"
    because = "the credentials are missing or unusable"
    rest = ("address", "token", "reading", "clock", "timeout")
    return (error("credentials", reason, hint), *(not_checked(each, each, because) for each in rest))


def is_public_api(access: Access, probe: Probe) -> bool:
    """Whether credentials may be sent there."""
    return probe.body is Body.LIST or (probe.status in (401, 403) and has_public_path(access.shown_host))


def check_address(access: Access, probe: Probe) -> Answer:
    """Say whether the URL is that of the public API, and suggest the right one if not."""
    if probe.status is None:
        return _unreachable(access, probe)
    if is_public_api(access, probe):
        return _reachable(access)
    if 300 <= probe.status < 400:
        to = f" to {probe.target}" if probe.target else ""
        hint = f"{_suggestion(access)}; redirects are not followed"
        return error("address", f"{access.shown_host} redirects{to}", hint)
    if probe.status == 429 or probe.status >= 500:
        text = f"{access.shown_host} answers {probe.status}"
        return error(
            "address", text, "Airbyte is starting or overloaded, or down behind a gateway: try again"
        )
    return error("address", _what_answers(access, probe), _suggestion(access))


def _what_answers(access: Access, probe: Probe) -> str:
    host = access.shown_host
    if urlsplit(host).path.rstrip("/").endswith("/api/v1"):
        return f"{host} is Airbyte's internal API, not the public one (it answers {probe.status})"
    if probe.body is Body.PAGE:
        return f"{host} answers with a web page ({probe.status}), not as Airbyte's public API does"
    return f"{host} is not Airbyte's public API (it answers {probe.status})"


def _unreachable(access: Access, probe: Probe) -> Answer:
    if "timed out" in probe.reason:
        hint = "check the host, its port, and whether a firewall or a proxy is between"
        return error("address", f"no answer from {access.shown_host} within {probe.waited:g} seconds", hint)
    said = explain_no_response(probe.reason, "the first call", access.context, probe.waited)
    return error("address", said)


def _reachable(access: Access) -> Answer:
    text = f"{access.shown_host} is Airbyte's public API"
    if access.shown_host.startswith("https:"):
        return ok("address", f"{text}, with TLS")
    if _is_nearby(urlsplit(access.shown_host).hostname or ""):
        return ok("address", f"{text}, without TLS inside a private network")
    hint = "everybody on the way can read the credentials: write https://"
    return warning("address", f"{text}, without TLS", hint)


def _is_nearby(host: str) -> bool:
    """Whether a name or address is one of this machine, of a cluster or of a private network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".svc", ".local", ".internal", ".localhost"))


def _suggestion(access: Access) -> str:
    url = suggested_url(access.shown_host)
    if url == access.shown_host.rstrip("/"):
        return "check the host's name; is a gateway or a login page in front of Airbyte?"
    return f"write {url} as host" if url else "write the API's URL as host, ending in /api/public/v1"


def check_token(examination: Examination) -> Answer:
    """Say whether a token is given, and accepted."""
    access, found = examination.access, examination.connections
    if found is None:
        return not_checked("token", "token", _NO_ADDRESS)
    refusal = found.error if isinstance(found, NotListed) else None
    if refusal is not None and (refusal.is_about_token or refusal.status == 401):
        return error("token", str(refusal), "" if access.needs_token else _how_to_authenticate(access))
    if refusal is not None and refusal.status is None:
        return not_checked("token", "token", "there was no usable answer to the list of connections")
    if access.needs_token:
        return ok("token", "a token is given and accepted")
    if bool(access.client_id) != bool(access.client_secret):
        text = "only one of login and password is set, so no token is asked for; Airbyte needs none"
        return warning("token", text, "set both (client id and client secret) or none")
    return ok("token", "Airbyte needs no token: it is without authentication")


def _how_to_authenticate(access: Access) -> str:
    where = "login and password of the connection"
    if access.variables:
        where = "AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET"
    return f"Airbyte needs a token: create an application there, and write its id and secret into {where}"


def check_reading(examination: Examination) -> Answer:
    """Say whether the connections can be listed."""
    found = examination.connections
    if found is None:
        return not_checked("reading", "reading", _NO_ADDRESS)
    if not isinstance(found, NotListed):
        # The list has deleted ones too.
        return _listed(sum(each.get("status") != "deprecated" for each in found))
    refusal = found.error
    if refusal is None:
        return warning("reading", f"the connections cannot be listed: {found.reason}", "try again later")
    if refusal.is_about_token or refusal.status == 401:
        return not_checked("reading", "reading", "there is no accepted token")
    if refusal.status == 403:
        text = "Airbyte does not let these credentials list the connections"
        return error("reading", text, "give the user of the application the role Reader")
    return error("reading", found.reason)


def _listed(count: int) -> Answer:
    if count == 0:
        hint = "if there are any, give the user of the application a role in their workspace"
        return warning("reading", "Airbyte lists no connection", hint)
    return ok("reading", f"{count} {'connection is' if count == 1 else 'connections are'} listed")


def roles() -> Answer:
    """Name the roles that are needed: whether syncs may be started shows only when one is."""
    text = "whether syncs may be started cannot be tried without starting one"
    needs = "workers need the role Runner, 'dag-factory pull' Reader, and 'dag-factory take-over' Editor"
    return note("starting", text, needs)


def check_clock(access: Access, probe: Probe) -> Answer:
    """Compare the server's clock with that of this machine."""
    if probe.status is None:
        return not_checked("clock", "clock", "there was no answer")
    if not is_public_api(access, probe):
        return not_checked("clock", "clock", _NO_ADDRESS)
    if probe.skew is None:
        return note("clock", "the answer has no readable Date header, so the clocks are not compared")
    difference = abs(probe.skew)
    # A header has whole seconds.
    if difference < MAX_SKEW:
        return ok("clock", f"the clocks differ by {difference:.0f} s")
    side = "ahead of" if probe.skew > 0 else "behind"
    text = f"Airbyte's clock is {difference:.0f} s {side} this machine's"
    return warning("clock", text, "set the wrong one by NTP: tokens may be taken as expired")


def check_timeout(access: Access) -> Answer:
    """Say how long a call may take."""
    text = f"a call may take {access.timeout:g} s"
    if access.timeout >= MIN_TIMEOUT:
        return ok("timeout", text)
    hint = 'starting a job may take a minute: write {"timeout": 60} into the connection\'s extra'
    return warning("timeout", text, hint)


def check_airbyte(examination: Examination, *, is_one_of_several: bool) -> Iterable[Answer]:
    """Answer all questions about one Airbyte apart from those about the folder."""
    access, probe = examination.access, examination.probe
    yield check_credentials(access, is_one_of_several=is_one_of_several)
    yield check_address(access, probe)
    yield check_token(examination)
    yield check_reading(examination)
    yield check_clock(access, probe)
    yield check_timeout(access)
