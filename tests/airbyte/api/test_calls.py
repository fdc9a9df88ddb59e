"""API calls: tokens, lists in any order, responses of any shape, and no secret in any text."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.model import Connection, Job
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.drivers import EffectHandlers, run_blocking
from dag_factory.airbyte.effects import Effects, Request, Response, TransportError
from tests.airbyte.fake_airbyte import HOST, LIST, OTHER_UUID, TOKEN, UUID, FakeAirbyte

SECRET, PASSWORD = "the-client-secret", "the-password-in-the-host"
CALLS: dict[str, Callable[[Api], Effects[Any]]] = {
    "submit": lambda api: api.submit(UUID),
    "get": lambda api: api.get(7),
    "cancel": lambda api: api.cancel(7),
    "connection": lambda api: api.connection(UUID),
    "jobs": lambda api: api.jobs(UUID),
    "jobs down to": lambda api: api.jobs(UUID, down_to=3),
}
JOB = {"jobId": 7, "status": "running", "jobType": "sync", "connectionId": UUID}


class Client:
    """Answers each request with a function, and records the requests."""

    def __init__(self, respond: Callable[[Request], Response]) -> None:
        self._respond = respond
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        assert len(self.requests) < 500
        return self._respond(request)


def access(**more) -> Access:
    return Access(**{"conn_id": "airbyte_default", "host": HOST, **more})


def with_credentials(**more) -> Access:
    return access(client_id="id", client_secret=SECRET, **more)


def api_of(given_access: Access, clock=lambda: 0.0) -> Api:
    return Api(given_access, TokenCache(clock))


def run(protocol, client):
    return run_blocking(protocol, client, EffectHandlers(log=lambda _line: None), lambda _seconds: None)


def ok(value: object) -> Response:
    return Response(status=200, content=json.dumps(value).encode())


def call(name: str, response: Response, given_access: Access | None = None) -> Any:
    return run(CALLS[name](api_of(given_access or access())), Client(lambda _request: response))


class TestRequests:
    """The requests that are sent."""

    @pytest.mark.parametrize(
        ("name", "method", "path", "body"),
        [
            ("submit", "POST", "jobs", {"connectionId": UUID, "jobType": "sync"}),
            ("get", "GET", "jobs/7", None),
            ("cancel", "DELETE", "jobs/7", None),
            ("connection", "GET", f"connections/{UUID}", None),
        ],
    )
    @pytest.mark.parametrize("host", [HOST, HOST + "/", HOST + "//"])
    def test_a_call(self, name, method, path, body, host):
        client = Client(lambda _request: ok(JOB))
        run(CALLS[name](api_of(access(host=host))), client)
        [request] = client.requests
        assert (request.method, request.url, request.body) == (method, f"{HOST}/{path}", body)
        assert request.headers == {"Accept": "application/json"}

    def test_a_user_in_the_host_becomes_a_header(self):
        client = Client(lambda _request: ok(JOB))
        run(CALLS["get"](api_of(access(host=f"http://user:{PASSWORD}@airbyte/v1"))), client)
        assert client.requests[0].url == "http://airbyte/v1/jobs/7"
        assert client.requests[0].headers["Authorization"].startswith("Basic ")

    def test_no_repr_shows_a_body_or_headers(self):
        client = Client(lambda _request: ok({"access_token": "the-token", "expires_in": 900, **JOB}))
        run(CALLS["get"](api_of(with_credentials())), client)
        assert SECRET not in repr(client.requests)
        assert "the-token" not in repr(client.requests)


class TestTokens:
    """Tokens are fetched when due, once, and again after a 401."""

    def test_a_token_is_fetched_once_and_renewed_before_it_ends(self):
        airbyte = FakeAirbyte()
        airbyte.add("running")
        api = api_of(with_credentials(), lambda: airbyte.now)
        for now in (0.0, 839.0, 840.0):
            airbyte.now = now
            run(api.get(1), airbyte)
        assert airbyte.tokens == 2

    @pytest.mark.parametrize(
        "url", ["v1/applications/token", "http://airbyte/api/public/v1/applications/token"]
    )
    def test_the_token_is_requested_as_the_provider_does(self, url):
        client = Client(lambda _request: ok({"access_token": "the-token", **JOB}))
        run(CALLS["get"](api_of(with_credentials(token_url=url))), client)
        token, request = client.requests
        assert (token.method, token.url) == ("POST", f"{HOST}/applications/token")
        assert token.body == {"client_id": "id", "client_secret": SECRET, "grant_type": "client_credentials"}
        assert request.headers["Authorization"] == "Bearer the-token"

    def test_a_token_that_expires_early_is_fetched_again(self):
        airbyte = FakeAirbyte()
        airbyte.add("running")
        airbyte.fail("GET /jobs/{id}", 401)
        assert run(api_of(with_credentials()).get(1), airbyte).job_id == 1
        assert airbyte.tokens == 2

    def test_a_persistent_401_is_not_retried_forever(self):
        airbyte = FakeAirbyte()
        airbyte.fail("GET /jobs/{id}", *[401] * 100)
        with pytest.raises(ApiError, match="check login"):
            run(api_of(with_credentials()).get(1), airbyte)
        assert airbyte.calls.count("GET /jobs/{id}") == 2

    @pytest.mark.parametrize("lifetime", [None, "900", "soon", -1, 0, True, [], 1e999])
    def test_any_lifetime_is_accepted(self, lifetime):
        airbyte = FakeAirbyte(lifetime=lifetime)
        airbyte.add("running")
        assert run(api_of(with_credentials()).get(1), airbyte).job_id == 1

    @pytest.mark.parametrize(
        "token", ["to\nken", "to ken", "tök", "", None, 7, "t" * 20_000, "tok\r\nX-Other: 1", ["t"]], ids=repr
    )
    def test_a_token_that_no_header_can_hold_is_neither_sent_nor_shown(self, token):
        client = Client(lambda _request: ok({"access_token": token, "expires_in": 900}))
        with pytest.raises(ApiError) as error:
            run(CALLS["submit"](api_of(with_credentials())), client)
        assert len(client.requests) == 1
        assert (error.value.may_have_acted, error.value.is_retryable) == (False, False)
        assert str(error.value).startswith(
            "the token endpoint at 'v1/applications/token' returns no token that fits into a header"
        )

    @pytest.mark.parametrize("fault", [500, "lost after", "html after"])
    def test_a_submission_without_a_token_was_not_sent(self, fault):
        airbyte = FakeAirbyte()
        airbyte.fail(TOKEN, fault)
        with pytest.raises(ApiError) as error:
            run(api_of(with_credentials()).submit(UUID), airbyte)
        assert not error.value.may_have_acted
        assert airbyte.jobs == []

    @pytest.mark.parametrize(
        ("status", "text"),
        [
            (400, "check login (client id) and password (client secret)"),
            (401, "check login (client id) and password (client secret)"),
            (404, "token endpoint not found at 'v1/applications/token'"),
            (307, "the host redirects to http://other/v1; write the API's final URL as host"),
        ],
    )
    def test_a_token_that_is_refused_says_what_to_check(self, status, text):
        response = Response(status=status, content=b"{}", headers={"location": "http://u:pass@other/v1?a=b"})
        with pytest.raises(ApiError) as error:
            call("get", response, with_credentials())
        assert text in str(error.value)
        assert not error.value.is_retryable
        assert not error.value.is_unknown_job

    @pytest.mark.parametrize("status", [404, 409, 410, 418])
    def test_a_missing_token_endpoint_does_not_make_a_job_unknown(self, status):
        with pytest.raises(ApiError) as error:
            call("get", Response(status=status, content=b"{}"), with_credentials())
        assert error.value.status == status
        assert not error.value.is_unknown_job
        assert not error.value.is_unknown_connection


class TestAnswers:
    """Responses that do not match the request."""

    @pytest.mark.parametrize("name", CALLS)
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html>",
            b"null",
            b"[]",
            b"7",
            b'"text"',
            b"{}",
            b'{"data": null}',
            b'{"data": 7}',
            b'{"data": [7]}',
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"\xff\xfe",
            b'{"jobId": 1e999}',
            b'{"jobId": NaN}',
            b'{"jobId": ' + b"9" * 5000 + b"}",
        ],
        ids=lambda content: repr(content)[:30],
    )
    def test_an_unreadable_response_may_have_acted_and_is_retried(self, name, content):
        with pytest.raises(ApiError) as error:
            call(name, Response(status=200, content=content))
        assert (error.value.may_have_acted, error.value.is_retryable) == (True, True)

    @pytest.mark.parametrize("status", [100, 204, 301, 302, 303, 307, 308, 400, 409, 418, 429, 500, 504, 999])
    @pytest.mark.parametrize("name", CALLS)
    def test_every_status_is_an_api_error(self, name, status):
        with pytest.raises(ApiError) as error:
            call(name, Response(status=status, content=b""))
        assert error.value.may_have_acted == (status >= 500 or status in (204, 408, 409))

    @pytest.mark.parametrize("name", ["get", "cancel"])
    def test_the_job_of_another_id_is_not_the_answer(self, name):
        with pytest.raises(ApiError, match="is not what Airbyte's API returns"):
            call(name, ok({**JOB, "jobId": 8}))

    def test_the_job_of_another_connection_is_not_the_answer_to_a_submission(self):
        with pytest.raises(ApiError, match="is not what Airbyte's API returns"):
            call("submit", ok({**JOB, "connectionId": OTHER_UUID}))

    def test_upper_case_is_converted_to_airbytes_spelling(self):
        answer = {**JOB, "status": "SUCCEEDED", "jobType": "SYNC", "connectionId": UUID.upper()}
        assert call("submit", ok(answer)) == Job(
            job_id=7, status="succeeded", job_type="sync", connection_id=UUID
        )


class TestLists:
    """Lists in any order, of any length, with jobs of other connections."""

    @pytest.mark.parametrize("order", ["newest", "oldest", "random"])
    @pytest.mark.parametrize(
        "ignores", [(), ("orderBy",), ("connectionId",), ("orderBy", "limit", "connectionId")]
    )
    @pytest.mark.parametrize("number", [0, 1, 19, 20, 21, 119, 120, 121, 250])
    def test_the_newest_job_is_found(self, order, ignores, number):
        airbyte = FakeAirbyte(order=order, ignores=ignores)
        for each in range(number):
            airbyte.add("succeeded", connection_id=OTHER_UUID if each % 3 == 1 else UUID)
        jobs = run(CALLS["jobs"](api_of(access())), airbyte)
        expected = [job.job_id for job in reversed(airbyte.jobs) if job.connection_id == UUID]
        assert [job.job_id for job in jobs] == expected[: len(jobs)]
        assert len(jobs) >= min(len(expected), 14)

    @pytest.mark.parametrize("order", ["oldest", "random"])
    def test_a_gateway_that_returns_few_jobs_per_page(self, order):
        airbyte = FakeAirbyte(order=order, page_limit=7)
        for _ in range(60):
            airbyte.add("succeeded")
        jobs = run(api_of(access()).jobs(UUID), airbyte)
        assert [job.job_id for job in jobs] == list(range(60, 0, -1))

    @pytest.mark.parametrize("order", ["newest", "oldest", "random"])
    def test_all_jobs_down_to_an_id_are_found(self, order):
        airbyte = FakeAirbyte(order=order)
        for _ in range(250):
            airbyte.add("succeeded")
        jobs = run(api_of(access()).jobs(UUID, down_to=100), airbyte)
        assert [job.job_id for job in jobs][:150] == list(range(250, 100, -1))

    def test_a_newest_first_list_is_read_only_as_far_as_needed(self):
        airbyte = FakeAirbyte()
        for _ in range(1000):
            airbyte.add("succeeded")
        run(api_of(access()).jobs(UUID), airbyte)
        run(api_of(access()).jobs(UUID, down_to=995), airbyte)
        assert airbyte.count(LIST) == 2

    def test_a_list_that_ignores_the_offset_ends(self):
        airbyte = FakeAirbyte(order="oldest", ignores=("offset", "orderBy"))
        for _ in range(30):
            airbyte.add("succeeded")
        run(api_of(access()).jobs(UUID), airbyte)
        assert airbyte.count(LIST) <= 3

    @pytest.mark.parametrize("ignores", [("limit",), ("limit", "offset")])
    def test_a_list_that_ignores_the_limit(self, ignores):
        airbyte = FakeAirbyte(order="oldest", ignores=ignores)
        for _ in range(30):
            airbyte.add("succeeded")
        jobs = run(api_of(access()).jobs(UUID), airbyte)
        assert jobs[0].job_id == max(job.job_id for job in jobs) >= 20

    def test_jobs_that_are_listed_twice_count_once(self):
        page = ok({"data": [JOB, JOB, {**JOB, "jobId": 6}, JOB]})
        assert [job.job_id for job in call("jobs", page)] == [7, 6]

    @pytest.mark.slow
    def test_ten_thousand_jobs_in_another_order(self):
        airbyte = FakeAirbyte(order="oldest")
        for _ in range(9_800):
            airbyte.add("succeeded")
        jobs = run(api_of(access()).jobs(UUID), airbyte)
        assert (jobs[0].job_id, len(jobs)) == (9_800, 9_800)

    @pytest.mark.slow
    def test_more_jobs_than_that_fail_with_a_reason(self):
        airbyte = FakeAirbyte(order="oldest")
        for _ in range(10_100):
            airbyte.add("succeeded")
        with pytest.raises(ApiError, match=r"is not newest first and has over \d+ jobs") as error:
            run(api_of(access()).jobs(UUID), airbyte)
        assert not error.value.is_retryable

    @pytest.mark.parametrize("status", [400, 422, 500, 501])
    def test_a_server_that_rejects_an_order_is_called_without_one_from_then_on(self, status):
        airbyte = FakeAirbyte()
        airbyte.add("succeeded")
        airbyte.fail(LIST, status)
        api = api_of(access())
        assert [job.job_id for job in run(api.jobs(UUID), airbyte)] == [1]
        run(api.jobs(UUID), airbyte)
        assert airbyte.count(LIST) == 3

    @pytest.mark.parametrize("status", [400, 500])
    def test_a_server_that_fails_either_way_says_why_it_failed_first(self, status):
        airbyte = FakeAirbyte()
        airbyte.fail(LIST, status, 503)
        with pytest.raises(ApiError, match=f"Airbyte answered {status} to listing the jobs"):
            run(CALLS["jobs"](api_of(access())), airbyte)


class TestSecrets:
    """No text or traceback shows a secret."""

    HIDDEN = (SECRET, PASSWORD, "token-of-the-server", "another-password")

    @pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 409, 422, 500])
    @pytest.mark.parametrize("name", [*CALLS, "token"])
    @pytest.mark.parametrize("shape", ["message", "detail", "title", "data", "not JSON", "location"])
    def test_secrets_that_a_server_echoes_are_not_shown(self, name, status, shape):
        echo = f"bad {SECRET} {PASSWORD} {'' if name == 'token' else 'token-of-the-server'}"
        body = {"data": {"data": {"message": echo}}, "not JSON": echo}.get(shape, {shape: echo})
        content = echo.encode() if shape == "not JSON" else json.dumps(body).encode()
        location = f"http://user:another-password@other/{SECRET}/v1?t=token-of-the-server"
        echoing = Response(status=status, content=content, headers={"location": location})

        def respond(request: Request) -> Response:
            is_token = request.url.endswith("/token")
            return echoing if is_token == (name == "token") else ok({"access_token": "token-of-the-server"})

        self._check(self._error(name, respond))

    @pytest.mark.parametrize("name", [*CALLS, "token"])
    def test_a_clients_error_about_a_lost_call_is_not_shown(self, name):
        def respond(request: Request) -> Response:
            if request.url.endswith("/token") and name != "token":
                return ok({"access_token": "token-of-the-server"})
            token = "" if name == "token" else "token-of-the-server"
            message = f"Illegal header value b'Bearer {token}' {SECRET} {PASSWORD}"
            raise TransportError(message, was_sent=True)

        self._check(self._error(name, respond))

    @pytest.mark.parametrize("length", [0, 90, 190, 195])
    def test_the_name_of_a_connection_shows_no_secret(self, length):
        answer = {"name": f"{'x' * length} {SECRET} the-token", "status": "active", "connectionId": UUID}
        client = Client(lambda _request: ok({"access_token": "the-token", "expires_in": 900, **answer}))
        found = run(CALLS["connection"](api_of(with_credentials())), client)
        assert SECRET[:4] not in found.name
        assert "the-t" not in found.name

    @pytest.mark.parametrize("length", range(150, 310, 3))
    @pytest.mark.parametrize("status", [307, 500])
    def test_a_text_is_not_truncated_inside_a_secret(self, status, length):
        content = json.dumps({"message": "x" * length + SECRET}).encode()
        headers = {"location": "http://other/" + "x" * (length - 100) + SECRET}
        with pytest.raises(ApiError) as error:
            call("connection", Response(status=status, content=content, headers=headers), with_credentials())
        assert SECRET[:5] not in str(error.value)

    @pytest.mark.parametrize("echo", ["pa$$ word", "pa%24%24%20word", "dXNlcjpwYSQkIHdvcmQ="])
    def test_a_password_in_the_host_is_not_shown_in_any_form(self, echo):
        response = Response(status=500, content=json.dumps({"message": f"bad {echo}"}).encode())
        with pytest.raises(ApiError) as error:
            call("get", response, access(host="http://user:pa%24%24%20word@airbyte/v1"))
        assert echo not in str(error.value)

    def test_a_password_of_a_proxy_is_not_shown(self):
        response = Response(status=502, content=b'{"message": "cannot use http://user:pass-of-proxy@proxy"}')
        proxies = (("http://", "http://user:pass-of-proxy@proxy:3128"),)
        with pytest.raises(ApiError) as error:
            call("get", response, access(proxies=proxies))
        assert "pass-of-proxy" not in str(error.value)

    def _error(self, name: str, respond: Callable[[Request], Response]) -> ApiError:
        given_access = with_credentials(host=f"http://user:{PASSWORD}@airbyte/v1")
        with pytest.raises(ApiError) as error:
            run(CALLS["get" if name == "token" else name](api_of(given_access)), Client(respond))
        return error.value

    def _check(self, error: ApiError) -> None:
        texts = [str(error), repr(error), error.detail, *_printed(error)]
        assert not [secret for secret in self.HIDDEN for text in texts if secret in text]


def _printed(error: BaseException | None) -> list[str]:
    """Format an error as Airflow logs it: the whole chain as Python shows it, without source lines."""
    if error is None:
        return []
    chain = traceback.TracebackException.from_exception(error, lookup_lines=False)
    return [line for line in chain.format() if not line.startswith("  ")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ODD_JOB = st.fixed_dictionaries(
    {},
    optional={
        "jobId": JSON | st.just(7),
        "status": JSON | st.just("running"),
        "jobType": JSON | st.just("sync"),
        "connectionId": JSON | st.just(UUID),
        **dict.fromkeys(("rowsSynced", "bytesSynced", "duration", "name", "schedule", "workspaceId"), JSON),
    },
)
ODD_TOKEN = st.fixed_dictionaries({}, optional={"access_token": JSON | st.just("t"), "expires_in": JSON})
ANSWERS = JSON | ODD_JOB | st.fixed_dictionaries({"data": JSON | st.lists(ODD_JOB, max_size=25)}) | ODD_TOKEN


@pytest.mark.slow
@settings(max_examples=500)
@given(
    name=st.sampled_from(sorted(CALLS)),
    status=st.sampled_from([200, 200, 200, 201, 302, 400, 401, 404, 409, 429, 500]),
    answer=ANSWERS,
    token=ODD_TOKEN | st.just({"access_token": "t", "expires_in": 900}),
    headers=st.dictionaries(st.sampled_from(["date", "retry-after", "location"]), st.text()),
)
def test_any_response_yields_the_requested_value_or_an_api_error(name, status, answer, token, headers):
    def respond(request: Request) -> Response:
        if request.url.endswith("/token"):
            return ok(token)
        return Response(status=status, content=json.dumps(answer).encode(), headers=headers)

    try:
        result = run(CALLS[name](api_of(with_credentials())), Client(respond))
    except ApiError as error:
        assert str(error).isprintable()  # noqa: PT017 (no error is fine too)
    else:
        results = result if isinstance(result, list) else [result]
        assert all(isinstance(each, Job | Connection) for each in results)
        assert all(
            each.connection_id == UUID for each in results if name in ("submit", "jobs", "jobs down to")
        )


@given(name=st.sampled_from(sorted(CALLS)), content=st.binary(max_size=200))
def test_any_bytes_raise_no_other_error(name, content):
    with pytest.raises(ApiError):
        call(name, Response(status=200, content=content))
