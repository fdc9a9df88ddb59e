"""The HTTP clients over real sockets: everything is limited, errors are uniform and show no secret."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import signal
import socket
import ssl
import threading
import traceback
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.api.calls import Api
from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.api.tokens import TokenCache
from dag_factory.airbyte.drivers import (
    BlockingClient,
    EffectHandlers,
    run_blocking,
    run_in_loop,
)
from dag_factory.airbyte.effects import Request, TransportError
from dag_factory.airbyte.http import shared_clients
from dag_factory.airbyte.http.client import MAX_BODY_BYTES, proxies_by_scheme
from dag_factory.airbyte.http.worker_client import open_worker_client
from tests.airbyte.raw_server import RawServer, answer, drip, raw, raw_server

TOKEN, SECRET = "the-bearer-token", "the-client-secret"
HEAD = b"HTTP/1.1 200 OK\r\n"


def access_of(host: str, **more) -> Access:
    return Access(**{"conn_id": "airbyte_default", "host": host, "timeout": 10.0, **more})


def send_from_worker(access: Access, request: Request):
    with open_worker_client(access) as client:
        return client.send(request)


def send_shared(access: Access, request: Request):
    async def send():
        async with shared_clients.lease(access) as client:
            return await client.send(request)

    return asyncio.run(send())


@pytest.fixture(params=[send_from_worker, send_shared], ids=["worker", "shared"])
def send(request):
    """Both clients, each used as in production."""
    return request.param


def get(send, url, *, headers=None, body=None, **more):
    request = Request(
        method="GET" if body is None else "POST", url=f"{url}/v1/jobs/7", headers=headers or {}, body=body
    )
    return send(access_of(url, **more), request)


def failure(send, url, **more) -> TransportError:
    with pytest.raises(TransportError) as error:
        get(send, url, **more)
    return error.value


def test_a_request_and_its_response(send):
    with raw_server(answer(b'{"a": 1}', 201, "Retry-After: 7", "X-Odd: \xe9")) as server:
        response = get(send, server.url, headers={"Authorization": "Bearer t"}, body={"a": "ö"})
    [request] = server.requests
    assert request.startswith(b"POST /v1/jobs/7 HTTP/1.1\r\n")
    assert b"Authorization: Bearer t\r\n" in request
    assert b"Accept-Encoding: identity\r\n" in request
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"a": "ö"}
    assert (response.status, response.content, response.headers["retry-after"]) == (201, b'{"a": 1}', "7")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(send, status):
    with raw_server(answer()) as other:
        location = f"Location: {other.url}/elsewhere"
        with raw_server(answer(b"", status, location)) as server:
            response = get(send, server.url, body={"client_secret": SECRET})
        assert (response.status, other.requests, len(server.requests)) == (status, [], 1)


DRIPS = {
    "headers": drip(HEAD, b"X-A: b\r\n"),
    "a header": drip(HEAD + b"X-A: ", b"b"),
    "a status line": drip(b"HTTP/1.1 200 ", b"O"),
    "a body": drip(HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "chunks": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "informational responses": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "nothing": drip(b"", b""),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_dripping_server_gets_no_more_than_the_timeout(send, name):
    with raw_server(DRIPS[name]) as server:
        error = failure(send, server.url, timeout=0.3)
    assert (str(error), error.was_sent) == ("the request timed out", True)


FLOODS = {
    "a length": raw(
        HEAD + b"Content-Length: 99999999999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1), closes=False
    ),
    "chunks": raw(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"100000\r\n" + b"x" * 2**20 + b"\r\n") * 17,
        closes=False,
    ),
    "gzip that was not asked for": answer(
        gzip.compress(b"x" * (4 * MAX_BODY_BYTES)), 200, "Content-Encoding: gzip"
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_body_is_read_up_to_a_limit(send, name):
    with raw_server(FLOODS[name]) as server:
        error = failure(send, server.url)
    assert (str(error), error.was_sent) == ("the response has more than 16 MiB", True)


def test_a_body_just_below_the_limit_is_read(send):
    with raw_server(answer(b"x" * MAX_BODY_BYTES)) as server:
        assert len(get(send, server.url).content) == MAX_BODY_BYTES


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\n\r\nab",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=lambda content: repr(content)[:40],
)
def test_a_server_without_http_is_a_call_without_a_response(send, content):
    with raw_server(raw(content)) as server:
        error = failure(send, server.url)
    assert error.was_sent
    assert not error.is_permanent


@pytest.mark.parametrize(
    "value", ["Bearer the-bearer-token\n", "Bearer the-bearer-token\r\nX: y", "Bearer the-bearer-tokén\x00"]
)
def test_a_header_that_cannot_be_sent_is_not_shown(send, value):
    with raw_server(answer()) as server:
        error = failure(send, server.url, headers={"Authorization": value})
        assert server.requests == []
    printed = "".join(traceback.format_exception(error))
    assert "the-bearer" not in str(error)
    assert "Illegal header value" not in printed


HOSTS = [
    "airbyte/v1",
    "127.0.0.1/v1",
    "",
    " ",
    "http://",
    "http:///v1",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:-1",
    "http://127.0.0.1:port",
    "http://[::1",
    "http://[zz]",
    "http://127.0.0.1\n",
    "http://127.0.0.1\x00",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "http://" + "a" * 300 + ".example\u2028",
    "http://\u00ad.example",
    "http://xn--zzzzzz99999\u1234",
    "://",
]


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: repr(host)[:30])
def test_a_host_that_is_not_a_url_fails_permanently(send, host):
    error = failure(send, host)
    assert (error.was_sent, error.is_permanent) == (False, True)
    assert str(error) == "the host is not a URL"


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("{url}", "/v1/jobs/7"),
        ("{url}/", "//v1/jobs/7"),
        ("{url}/a b", "/a%20b/v1/jobs/7"),
        ("{url}/ä", "/%C3%A4/v1/jobs/7"),
    ],
)
def test_a_host_that_can_be_converted_to_a_url(send, host, path):
    with raw_server(answer()) as server:
        get(send, host.format(url=server.url))
    assert server.requests[0].split(b" ")[1] == path.encode()


def test_a_host_with_ipv6(send):
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 on loopback")
    port = listener.getsockname()[1]
    listener.close()
    assert "refused" in str(failure(send, f"http://[::1]:{port}")) or "attempts failed" in str(
        failure(send, f"http://[::1]:{port}")
    )


def test_a_port_without_a_listener(send):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(send, f"http://127.0.0.1:{port}")
    assert (error.was_sent, error.is_permanent) == (False, False)


def test_a_host_without_a_url(send):
    error = failure(send, "http://no-such-host.invalid")
    assert (error.was_sent, error.is_permanent) == (False, False)


@pytest.fixture(scope="module")
def untrusted_host(tmp_path_factory):
    """Start a server on the loopback with a self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path_factory.mktemp("certificate") / "both.pem"))
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(secret + public)
    return path


def test_an_untrusted_certificate_is_a_permanent_error(send, untrusted_host):
    error = failure(send, untrusted_host)
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert (error.was_sent, error.is_permanent) == (False, True)


def test_a_server_without_tls_is_a_permanent_error(send):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_greet, args=(listener,))
        thread.start()
        error = failure(send, f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert (error.was_sent, error.is_permanent) == (False, True)


def _greet(listener: socket.socket) -> None:
    """Answer one client in plain HTTP, regardless of what it sends."""
    connected, _ = listener.accept()
    with connected:
        connected.recv(65_536)
        connected.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[" * 1_000_000, "is not what Airbyte's API returns"),
        (b'{"jobId":' * 1_000_000, "is not what Airbyte's API returns"),
        (b'{"jobId": 1e999}', "is not what Airbyte's API returns"),
        (b'{"jobId": ' + b"9" * 100_000 + b"}", "is not what Airbyte's API returns"),
    ],
    ids=lambda content: repr(content)[:20],
)
def test_deep_json_and_huge_numbers_are_api_errors_on_both_drivers(body, text):
    with raw_server(answer(body)) as server:
        access = access_of(f"{server.url}/v1")
        for drive in (_get_in_worker, _get_in_loop):
            with pytest.raises(ApiError, match=re.escape(text)):
                drive(access)


def test_an_invalid_token_is_in_no_text_of_either_driver():
    token = json.dumps({"access_token": f"{TOKEN}\n", "expires_in": None}).encode()
    with raw_server(answer(token)) as server:
        access = access_of(f"{server.url}/v1", client_id="id", client_secret=SECRET)
        for drive in (_get_in_worker, _get_in_loop):
            with pytest.raises(ApiError) as error:
                drive(access)
            printed = "".join(traceback.format_exception(error.value))
            assert TOKEN not in printed
            assert SECRET not in printed
        assert {request.split(b" ")[1] for request in server.requests} == {b"/v1/applications/token"}


def _get_in_worker(access: Access):
    api = Api(access, TokenCache(lambda: 0.0))
    with open_worker_client(access) as client:
        return run_blocking(api.get(7), client, EffectHandlers(log=lambda _line: None), lambda _seconds: None)


def _get_in_loop(access: Access):
    async def run():
        async with shared_clients.lease(access) as client:
            api = Api(access, client.tokens)
            return await run_in_loop(api.get(7), client, EffectHandlers(log=lambda _line: None))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("proxies", "read"),
    [
        (None, ()),
        ({}, ()),
        ("", ()),
        ("http://proxy:3128", (("http://", "http://proxy:3128"), ("https://", "http://proxy:3128"))),
        ({"https": "http://proxy:3128"}, (("https://", "http://proxy:3128"),)),
        ({"all://": "http://proxy:3128"}, (("all://", "http://proxy:3128"),)),
    ],
)
def test_the_proxies_of_a_connection(proxies, read):
    assert proxies_by_scheme(proxies) == read


@pytest.mark.parametrize(
    "proxies",
    [
        7,
        True,
        ["http://proxy"],
        "proxy",
        {"http": None},
        {"http": 7},
        {"http": "gopher://u:hidden@p"},
    ],
    ids=repr,
)
def test_unusable_proxies(proxies):
    with pytest.raises(ValueError, match="not a proxy") as error:
        proxies_by_scheme(proxies)
    assert "hidden" not in "".join(traceback.format_exception(error.value))


def test_calls_go_through_a_proxy(send):
    with raw_server(answer(b"{}")) as proxy:
        response = get(send, "http://airbyte.invalid", proxies=(("http://", proxy.url),))
    assert response.status == 200
    assert proxy.requests[0].startswith(b"GET http://airbyte.invalid/v1/jobs/7 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "proxy", ["http://user:pass-of-proxy@127.0.0.1:9", "http://user:pass-of-proxy@proxy.invalid"]
)
def test_a_missing_proxy_is_a_call_without_a_response(send, proxy):
    error = failure(send, "http://airbyte.invalid", proxies=(("http://", proxy),))
    assert not error.was_sent
    assert "pass-of-proxy" not in "".join(traceback.format_exception(error))


def test_a_worker_leaves_no_socket_and_no_thread_behind():
    before = threading.active_count()
    with raw_server(answer()) as server:
        get(send_from_worker, server.url)
        assert server.closed.wait(30)
    assert threading.active_count() <= before


def test_a_worker_that_is_interrupted_in_a_call_closes_its_socket():
    with raw_server(DRIPS["headers"]) as server:
        access = access_of(server.url, timeout=1000.0)
        with pytest.raises(SignalError), open_worker_client(access) as client:
            _send_until_interrupted(client, server)
        assert server.closed.wait(30)


class SignalError(Exception):
    """Raised by a signal handler."""


def _send_until_interrupted(client: BlockingClient, server: RawServer) -> None:
    """Send a request, and a signal as soon as the server has received it."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise SignalError

    def kill_on_request() -> None:
        server.asked.wait(30)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        thread = threading.Thread(target=kill_on_request)
        thread.start()
        client.send(Request(method="GET", url=server.url))
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)
