"""The clients that the triggers of one event loop share: sockets, calls a second, tokens and lookups."""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import pytest

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.drivers import EffectHandlers, run_in_loop
from dag_factory.airbyte.effects import Request, Response, TransportError
from dag_factory.airbyte.http import shared_clients
from tests.airbyte.fake_airbyte import HOST, FakeAirbyte
from tests.airbyte.raw_server import answer, raw_server

T = TypeVar("T")

REQUEST = Request(method="GET", url=f"{HOST}/jobs/7")


class _Skipping(selectors.DefaultSelector):
    """A selector that does not wait, but adds the loop's timeout to its time."""

    skipped = 0.0

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout:
            self.skipped += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time only advances when all its tasks wait."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


class FakeHttp:
    """Takes some time for each call, and counts them."""

    created: list[FakeHttp]
    seconds = 3.0

    def __init__(self, access: Access) -> None:
        self.access = access
        self.began: list[float] = []
        self.under_way = self.most_under_way = 0
        self.is_closed = False
        self.created.append(self)

    async def send(self, _request: Request) -> Response:
        assert not self.is_closed
        self.began.append(asyncio.get_running_loop().time())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        return Response(status=200, content=b"{}")

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.fixture
def http(monkeypatch):
    monkeypatch.setattr(FakeHttp, "created", [], raising=False)
    monkeypatch.setattr(shared_clients, "HttpClient", FakeHttp)
    return FakeHttp


def access_of(**more) -> Access:
    return Access(**{"conn_id": "airbyte_default", "host": HOST, **more})


async def send_one(access: Access) -> Response:
    async with shared_clients.lease(access) as client:
        return await client.send(Request(method="GET", url=f"{access.host}/jobs/7"))


async def send_many(number: int, access: Access | None = None) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(send_one(access or access_of()))


class TestLease:
    """One client per Airbyte and credentials, for as long as it has users."""

    def test_the_users_of_one_access_share_a_client(self, http):
        run(send_many(1000))
        assert [created.is_closed for created in http.created] == [True]

    @pytest.mark.parametrize(
        "other",
        [
            {"client_secret": "another"},
            {"client_id": "another"},
            {"host": "http://other/v1"},
            {"conn_id": "other"},
            {"timeout": 5.0},
            {"token_url": "other"},
        ],
        ids=str,
    )
    def test_other_credentials_get_another_client(self, http, other):
        async def use_both():
            async with (
                shared_clients.lease(access_of()) as one,
                shared_clients.lease(access_of(**other)) as two,
            ):
                assert one is not two
                assert one.tokens is not two.tokens

        run(use_both())
        assert [created.is_closed for created in http.created] == [True, True]

    def test_the_last_user_closes_it_and_the_next_one_opens_another(self, http):
        async def use_twice():
            async with AsyncExitStack() as stack:
                users = [await stack.enter_async_context(shared_clients.lease(access_of())) for _ in range(3)]
                assert len({id(user) for user in users}) == 1
                assert not http.created[0].is_closed
            assert http.created[0].is_closed
            await send_one(access_of())

        run(use_twice())
        assert [created.is_closed for created in http.created] == [True, True]

    @pytest.mark.parametrize("seconds", [0.0, 1.0])
    def test_cancelled_users_leave_no_client(self, http, seconds):
        async def cancel_all():
            tasks = [asyncio.create_task(send_one(access_of())) for _ in range(100)]
            await asyncio.sleep(seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert shared_clients._shared().clients == {}
            await send_one(access_of())

        run(cancel_all())
        assert all(created.is_closed for created in http.created)

    def test_a_failing_user_does_not_close_the_client_of_others(self, http, monkeypatch):
        monkeypatch.setattr(http, "seconds", 0.0)

        async def fail_one():
            async with shared_clients.lease(access_of()) as kept:
                with pytest.raises(ZeroDivisionError):
                    async with shared_clients.lease(access_of()):
                        raise ZeroDivisionError
                return await kept.send(REQUEST)

        assert run(fail_one()).status == 200

    def test_each_event_loop_has_its_own(self, http):
        run(send_one(access_of()))
        run(send_one(access_of()))
        assert len(http.created) == 2


class TestLimits:
    """The limits on sockets and calls per server."""

    def test_at_most_eight_calls_are_concurrent(self, http):
        run(send_many(100))
        assert http.created[0].most_under_way == 8

    def test_a_restart_of_a_thousand_triggers_is_fifty_calls_a_second(self, http, monkeypatch):
        monkeypatch.setattr(http, "seconds", 0.001)
        run(send_many(1000))
        began = http.created[0].began
        assert len(began) == 1000
        assert max(Counter(int(moment + 1e-6) for moment in began).values()) <= 50
        assert began[-1] == pytest.approx(999 / 50)

    def test_a_pause_saves_up_no_calls(self, http, monkeypatch):
        monkeypatch.setattr(http, "seconds", 0.001)

        async def after_a_pause():
            async with shared_clients.lease(access_of()) as client:
                await client.send(REQUEST)
                await asyncio.sleep(100)
                await asyncio.gather(*(client.send(REQUEST) for _ in range(100)))

        run(after_a_pause())
        assert http.created[0].began[-1] - http.created[0].began[1] == pytest.approx(99 / 50)

    def test_a_call_that_waits_for_its_turn_can_be_cancelled(self, http):
        async def cancel_waiting():
            async with shared_clients.lease(access_of()) as client:
                tasks = [asyncio.create_task(client.send(REQUEST)) for _ in range(9)]
                await asyncio.sleep(1)
                tasks[8].cancel()
                tasks[0].cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                return await client.send(REQUEST)

        assert run(cancel_waiting()).status == 200
        assert len(http.created[0].began) == 9

    def test_at_most_eight_sockets_and_none_after_the_last_user(self):
        with raw_server(answer()) as server:
            asyncio.run(send_many(40, access_of(host=server.url)))
            assert server.closed.wait(30)
        assert len(server.requests) == 40
        assert (server.most_sockets <= 8, server.sockets <= 8) == (True, True)

    def test_a_failed_call_frees_its_slot(self):
        async def fail_all():
            access = access_of(host="http://")
            async with shared_clients.lease(access) as client:
                request = Request(method="GET", url="http:///v1")
                sent = [client.send(request) for _ in range(20)]
                return await asyncio.gather(*sent, return_exceptions=True)

        assert {type(each) for each in run(fail_all())} == {TransportError}


class TestTokens:
    """One token for all triggers of one Airbyte."""

    def test_triggers_share_a_token(self, http, monkeypatch):
        airbyte = FakeAirbyte()
        airbyte.add("running")

        async def send(_client, request):
            return airbyte.send(request)

        monkeypatch.setattr(http, "send", send)
        access = access_of(client_id="id", client_secret="the-secret")

        async def poll():
            async with shared_clients.lease(access) as client:
                api = Api(access, client.tokens)
                return await run_in_loop(api.get(1), client, EffectHandlers(log=lambda _line: None))

        async def poll_often():
            async with shared_clients.lease(access):
                await poll()
                return await asyncio.gather(*(poll() for _ in range(50)))

        assert len(run(poll_often())) == 50
        assert airbyte.tokens == 1


class TestSharing:
    """Concurrent identical requests, such as for a token, are sent once."""

    SHAREABLE = Request(method="POST", url=f"{HOST}/applications/token", is_shareable=True)

    async def _send_all(self, number: int, *, cancelled: int = 0) -> list[Response | BaseException]:
        async with shared_clients.lease(access_of()) as client:
            tasks = [asyncio.create_task(client.send(self.SHAREABLE)) for _ in range(number)]
            await asyncio.sleep(1)
            for task in tasks[:cancelled]:
                task.cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    def test_a_thousand_concurrent_senders_make_one_call(self, http):
        responses = run(self._send_all(1000))
        assert {response.status for response in responses} == {200}
        assert len(http.created[0].began) == 1

    def test_a_cancelled_caller_does_not_end_it_for_the_others(self, http):
        responses = run(self._send_all(5, cancelled=1))
        assert [isinstance(each, Response) for each in responses] == [False, True, True, True, True]
        assert len(http.created[0].began) == 1

    def test_nothing_is_left_if_all_callers_are_cancelled(self, http):
        run(self._send_all(5, cancelled=5))
        assert (http.created[0].is_closed, http.created[0].under_way) == (True, 0)

    def test_all_callers_get_a_failure_and_the_next_one_sends_again(self, http, monkeypatch):
        sent = []

        async def fail(_client, _request):
            sent.append(1)
            await asyncio.sleep(2)
            message = "lost"
            raise TransportError(message, was_sent=True)

        monkeypatch.setattr(http, "send", fail)

        async def send_twice():
            async with shared_clients.lease(access_of()):
                return [*await self._send_all(3), *await self._send_all(2)]

        assert {type(each) for each in run(send_twice())} == {TransportError}
        assert len(sent) == 2

    def test_a_submission_is_never_shared(self, http):
        async def submit_twice():
            async with shared_clients.lease(access_of()) as client:
                request = Request(method="POST", url=f"{HOST}/jobs", body={})
                await asyncio.gather(client.send(request), client.send(request))

        run(submit_twice())
        assert len(http.created[0].began) == 2


class Lookup:
    """A slow lookup of an Airflow connection, which may fail."""

    def __init__(self, *results: Access | Exception) -> None:
        self.results = list(results)
        self.count = 0

    async def __call__(self) -> Access:
        self.count += 1
        await asyncio.sleep(1)
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        return result


class TestLookups:
    """Lookups of Airflow connections, which a restart would repeat a thousand times."""

    def test_a_thousand_concurrent_callers_make_one_lookup(self):
        lookup = Lookup(access_of())

        async def ask():
            return await asyncio.gather(*(shared_clients.share_lookup("c", lookup) for _ in range(1000)))

        assert set(run(ask())) == {access_of()}
        assert lookup.count == 1

    def test_each_connection_is_looked_up_separately(self):
        one, two = Lookup(access_of(conn_id="one")), Lookup(access_of(conn_id="two"))

        async def ask():
            return await asyncio.gather(
                shared_clients.share_lookup("one", one), shared_clients.share_lookup("two", two)
            )

        assert [each.conn_id for each in run(ask())] == ["one", "two"]

    @pytest.mark.parametrize(("seconds", "count"), [(10.0, 1), (28.0, 1), (29.5, 2), (60.0, 2)])
    def test_it_is_cached_for_half_a_minute(self, seconds, count):
        lookup = Lookup(access_of())

        async def ask():
            await shared_clients.share_lookup("c", lookup)
            await asyncio.sleep(seconds)
            await shared_clients.share_lookup("c", lookup)

        run(ask())
        assert lookup.count == count

    def test_a_failure_is_not_cached(self):
        lookup = Lookup(RuntimeError("away"), access_of())

        async def ask():
            with pytest.raises(RuntimeError, match="away"):
                await shared_clients.share_lookup("c", lookup)
            return await shared_clients.share_lookup("c", lookup)

        assert run(ask()) == access_of()
        assert lookup.count == 2

    def test_all_waiting_callers_get_a_failure(self):
        lookup = Lookup(RuntimeError("away"))

        async def ask():
            asked = (shared_clients.share_lookup("c", lookup) for _ in range(5))
            return await asyncio.gather(*asked, return_exceptions=True)

        assert [str(each) for each in run(ask())] == ["away"] * 5
        assert lookup.count == 1

    def test_a_cancelled_caller_does_not_end_it_for_the_others(self):
        lookup = Lookup(access_of())

        async def ask():
            first, second = (asyncio.create_task(shared_clients.share_lookup("c", lookup)) for _ in range(2))
            await asyncio.sleep(0.5)
            first.cancel()
            return await second

        assert run(ask()) == access_of()
        assert lookup.count == 1

    def test_a_failure_without_waiting_callers_is_not_logged(self, caplog):
        lookup = Lookup(RuntimeError("away"))

        async def ask():
            only = asyncio.create_task(shared_clients.share_lookup("c", lookup))
            await asyncio.sleep(0.5)
            only.cancel()
            await asyncio.sleep(10)
            with pytest.raises(RuntimeError):
                await shared_clients.share_lookup("c", lookup)

        run(ask())
        assert caplog.messages == []
