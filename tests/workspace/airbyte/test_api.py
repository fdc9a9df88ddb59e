"""Commands are patient while waiting may help, and only then; time is a fake clock's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.clock import Clock
from dag_factory.airbyte.effects import Request, Response, TransportError
from dag_factory.workspace.airbyte.api import FIRST_PATIENCE, PATIENCE, AirbyteApi

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
PAGE = Response(status=200, content=json.dumps({"data": [{"connectionId": UUID}]}).encode())
NO_ANSWER = TransportError("Connection refused", was_sent=False)
Answer = Response | TransportError


def status(code: int, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=code, content=b"{}", headers=named)


@dataclass
class World:
    """A client that gives one answer after the other, the last for ever; only sleeps move its clock."""

    answers: Sequence[Answer]
    now: float = 0.0
    sleeps: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, TransportError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def api(self) -> AirbyteApi:
        access = Access(
            conn_id="airbyte_default", host="http://127.0.0.1/api/public/v1", variables="AIRBYTE_URL"
        )
        return AirbyteApi(access, self, self.said.append, Clock(monotonic=lambda: self.now, sleep=self.sleep))


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_it_tries_again(code):
    world = World([status(code), status(code), PAGE])
    assert world.api().page("connections", 0) == [{"connectionId": UUID}]
    assert world.sleeps == [1.0, 2.0]


@pytest.mark.parametrize("code", [429, 503])
def test_it_waits_as_long_as_the_server_asks(code):
    world = World([status(code, retry_after="17"), PAGE])
    world.api().page("connections", 0)
    assert world.sleeps == [17.0]
    assert world.said[0].endswith("trying again in 17 s")


def test_a_date_to_wait_for():
    moments = {"date": "Wed, 21 Oct 2026 07:28:00 GMT", "retry_after": "Wed, 21 Oct 2026 07:28:40 GMT"}
    world = World([status(503, **moments), PAGE])
    world.api().page("connections", 0)
    assert world.sleeps == [40.0]


def test_pauses_do_not_grow_for_ever():
    world = World([status(503)])
    with pytest.raises(ApiError):
        world.api().page("connections", 0)
    assert max(world.sleeps) == 30.0
    assert world.now <= PATIENCE


def test_it_does_not_wait_longer_than_its_patience():
    world = World([status(429, retry_after="9999")])
    with pytest.raises(ApiError, match="429"):
        world.api().page("connections", 0)
    assert world.sleeps == []


@pytest.mark.parametrize("code", [307, 400, 401, 403, 404, 405, 409, 422])
def test_a_permanent_error_is_raised_at_once(code):
    world = World([status(code), PAGE])
    with pytest.raises(ApiError):
        world.api().page("connections", 0)
    assert world.sleeps == []


def test_an_untrusted_certificate_is_raised_at_once():
    world = World([TransportError("CERTIFICATE_VERIFY_FAILED", was_sent=False, is_permanent=True)])
    with pytest.raises(ApiError, match="set SSL_CERT_FILE; AIRBYTE_URL"):
        world.api().page("connections", 0)
    assert world.sleeps == []


PAGE_FOR_PEOPLE = Response(status=200, content=b"<html>")


@pytest.mark.parametrize("answer", [NO_ANSWER, PAGE_FOR_PEOPLE])
def test_before_anything_has_worked_it_waits_for_seconds_only(answer):
    world = World([answer])
    with pytest.raises(ApiError):
        world.api().page("connections", 0)
    assert world.now <= FIRST_PATIENCE


def test_after_something_has_worked_it_is_patient():
    world = World([PAGE, *[NO_ANSWER] * 8, PAGE])
    api = world.api()
    assert api.page("connections", 0) == api.page("connections", 0)
    assert world.now > FIRST_PATIENCE


@pytest.mark.parametrize("content", [b"<html>", b"", b"{", b"[]", b'{"data": {}}', b'{"data": null}'])
def test_what_answers_in_airbytes_place_is_asked_for_seconds_only(content):
    world = World([PAGE, Response(status=200, content=content)])
    api = world.api()
    api.page("connections", 0)
    with pytest.raises(ApiError, match="look at the server, or a proxy before it; AIRBYTE_URL"):
        api.page("sources", 0)
    assert world.now <= FIRST_PATIENCE


@pytest.mark.parametrize("item", [{}, {"connectionId": None}, {"connectionId": "x"}, {"sourceId": UUID}, 7])
def test_a_row_without_an_id_is_no_reason_to_wait(item):
    world = World([Response(status=200, content=json.dumps({"data": [item]}).encode())])
    with pytest.raises(ApiError, match="list of connections has a row without a UUID as its 'connectionId'"):
        world.api().page("connections", 0)
    assert world.sleeps == []


def test_a_change_is_not_repeated():
    world = World([status(503), PAGE])
    with pytest.raises(ApiError):
        world.api().set_schedule(UUID, {"scheduleType": "manual"})
    assert len(world.requests) == 1


def test_deleted_items_are_asked_for():
    world = World([PAGE])
    world.api().page("connections", 200)
    assert dict(world.requests[0].params) == {"limit": "100", "offset": "200", "includeDeleted": "true"}
