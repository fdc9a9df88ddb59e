"""The blocking and the asyncio driver: a protocol has the same effects and errors with both."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.drivers import EffectHandlers, run_blocking, run_in_loop
from dag_factory.airbyte.effects import Log, Request, Response, SaveState, Sleep, TransportError
from dag_factory.airbyte.http.shared_clients import lease
from dag_factory.airbyte.http.worker_client import open_worker_client
from dag_factory.airbyte.state import SyncState
from dag_factory.airbyte.sync.errors import SyncError
from dag_factory.airbyte.sync.types import SyncContext
from tests.airbyte.fake_airbyte import GET, LIST, OTHER_UUID, POST, TOKEN, FakeAirbyte
from tests.airbyte.fake_server import http_of
from tests.airbyte.protocol_runs import sync_request, whole_sync
from tests.airbyte.raw_server import answer, raw_server

pytestmark = pytest.mark.airflow

REQUEST = Request(method="GET", url="http://airbyte/v1/jobs/7")
RESPONSE = Response(status=200, content=b"{}")
LOST = TransportError("lost", was_sent=True)


class Script:
    """A blocking and async client with scripted responses, which records what happened."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.happened = []
        self.handlers = EffectHandlers(log=self.happened.append, save_state=self.happened.append)

    def send(self, request):
        self.happened.append(request)
        result = self.answers.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    def run_blocking(self, protocol):
        return run_blocking(protocol, self, self.handlers, self.happened.append)

    def run_in_loop(self, protocol):
        script = self

        class Client:
            async def send(self, request):
                return script.send(request)

        async def sleep(seconds):
            script.happened.append(seconds)

        return asyncio.run(run_in_loop(protocol, Client(), self.handlers, sleep))


@pytest.fixture(params=["run_blocking", "run_in_loop"])
def driver(request):
    return request.param


def run(script, driver, protocol):
    return getattr(script, driver)(protocol)


def test_effects_are_carried_out_in_order(driver):
    state = SyncState(seen=1)

    def protocol():
        yield Log("begins")
        response = yield REQUEST
        yield SaveState(state)
        assert (yield Sleep(3.0)) is None
        return response

    script = Script(RESPONSE)
    assert run(script, driver, protocol()) is RESPONSE
    assert script.happened == [Log("begins"), REQUEST, state, 3.0]


def test_a_call_without_a_response_raises_in_the_protocol(driver):
    def protocol():
        try:
            yield REQUEST
        except TransportError as error:
            yield Log(str(error))
        return (yield REQUEST)

    script = Script(LOST, RESPONSE)
    assert run(script, driver, protocol()) is RESPONSE
    assert script.happened == [REQUEST, Log("lost"), REQUEST]


@pytest.mark.parametrize("error", [SyncError("no"), ApiError("no"), ZeroDivisionError()])
def test_exceptions_of_a_protocol_are_raised(driver, error):
    def protocol():
        yield Log("begins")
        raise error

    with pytest.raises(type(error)):
        run(Script(), driver, protocol())


@pytest.mark.parametrize("result", [None, 0, "text", StopIteration])
def test_the_result_of_a_protocol_is_returned(driver, result):
    def protocol():
        return result
        yield

    assert run(Script(), driver, protocol()) is result


def test_a_failed_save_ends_the_protocol_before_the_next_call(driver):
    def protocol():
        yield SaveState(SyncState())
        yield REQUEST

    script = Script(RESPONSE)

    def refuse(_state):
        raise SyncError

    script.handlers = EffectHandlers(log=script.happened.append, save_state=refuse)
    with pytest.raises(SyncError):
        run(script, driver, protocol())
    assert script.happened == []


class Http:
    """Whole syncs over HTTP with each driver; pauses take no real time."""

    def __init__(self, airbyte, url, driver):
        self.airbyte, self.driver = airbyte, driver
        self.access = Access(
            conn_id="airbyte_default", host=url, client_id="id", client_secret="a-secret", timeout=10.0
        )

    def sync(self, access=None, **more):
        request = sync_request(**more)
        access = access or self.access
        handlers = EffectHandlers(log=lambda _line: None)
        if self.driver == "run_in_loop":
            return asyncio.run(self._in_loop(access, request, handlers))
        with open_worker_client(access) as client:
            protocol = whole_sync(self._context(access, request), request)
            return run_blocking(protocol, client, handlers, self.airbyte.sleep)

    async def _in_loop(self, access, request, handlers):
        async def sleep(seconds):
            self.airbyte.sleep(seconds)

        async with lease(access) as client:
            protocol = whole_sync(self._context(access, request), request)
            return await run_in_loop(protocol, client, handlers, sleep)

    def _context(self, access, request):
        return SyncContext(
            api=Api(access, TokenCache(lambda: self.airbyte.now)),
            clock=lambda: self.airbyte.now,
            jitter=lambda seconds: seconds,
            first_pause=lambda seconds: seconds,
            connection=Connection(connection_id=request.connection_id),
        )


@pytest.fixture
def http(driver):
    airbyte = FakeAirbyte()
    with http_of(airbyte) as url:
        yield Http(airbyte, url, driver)


def test_a_whole_sync_over_http(http):
    job = http.sync()
    assert (job.status, job.rows, len(http.airbyte.jobs), http.airbyte.tokens) == ("succeeded", 7, 1, 1)


@pytest.mark.parametrize("call", [POST, LIST, GET, TOKEN])
@pytest.mark.parametrize(
    "fault", ["lost before", "lost after", "html after", "500 after", "504 after", 429, 500, 502, 503]
)
def test_a_failed_call_creates_no_second_job(http, call, fault):
    http.airbyte.fail(call, fault)
    assert http.sync().status == "succeeded"
    assert len(http.airbyte.jobs) == 1


def test_tokens_that_expire_early_are_fetched_again(http):
    http.airbyte.fail(GET, 401)
    assert http.sync().status == "succeeded"
    assert http.airbyte.tokens == 2


def test_retry_after_of_a_server_is_respected(http):
    http.airbyte.fail(POST, Response(status=429, content=b"{}", headers={"retry-after": "77"}))
    http.sync()
    assert http.airbyte.jobs[0].started_at == 77


def test_the_event_loop_continues_while_a_server_is_slow():
    """The server only answers after other tasks have run, which a blocked loop would prevent."""
    had_turn = threading.Event()

    def protocol():
        return (yield Request(method="GET", url=f"{server.url}/slow"))

    async def slow(_server, _request, writer):
        while not had_turn.is_set():
            await asyncio.sleep(0.001)
        await answer()(_server, _request, writer)

    async def beside():
        access = Access(conn_id="c", host=server.url)
        async with lease(access) as client:
            sent = asyncio.create_task(
                run_in_loop(protocol(), client, EffectHandlers(log=lambda _line: None))
            )
            while not server.requests:
                await asyncio.sleep(0.001)
            had_turn.set()
            return await sent

    with raw_server(slow) as server:
        assert asyncio.run(beside()).status == 200


def test_clients_of_several_workers_do_not_share_anything():
    with raw_server(answer()) as server:
        access = Access(conn_id="c", host=server.url)
        with open_worker_client(access) as one, open_worker_client(access) as two:
            request = Request(method="GET", url=server.url)
            assert [client.send(request).status for client in (one, two, one)] == [200, 200, 200]
        assert server.sockets == 2


def test_a_response_for_another_connection_is_not_ours(http):
    other = http.airbyte.add("running", connection_id=OTHER_UUID)
    http.airbyte.fail(POST, lambda airbyte, _call, _request: airbyte._json(airbyte.shown(other)))
    assert http.sync().job_id == 2
