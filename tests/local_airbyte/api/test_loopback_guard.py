"""Requests that a web page of another site can make a browser send are refused on every path."""

import http.client

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
# One path of each kind: the public API under both prefixes, the admin path, the page, and no route at all.
PATHS = [
    ("POST", "/v1/applications/token"),
    ("POST", "/api/public/v1/jobs"),
    ("GET", "/v1/health"),
    ("POST", "/local-admin/tokens/revoke"),
    ("PUT", f"/local-admin/connections/{CONNECTION}"),
    ("GET", f"/workspaces/any/connections/{CONNECTION}/timeline"),
    ("OPTIONS", "/local-admin/settings"),
    ("GET", "/nowhere"),
]


def status_of(airbyte, method: str, path: str, headers: list[tuple[str, str]]) -> int:
    """Return the status of a call with exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", airbyte.server.port, timeout=5)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_foreign_host_or_origin_is_refused_on_every_path(airbyte):
    host = f"127.0.0.1:{airbyte.server.port}"
    for method, path in PATHS:
        assert status_of(airbyte, method, path, [("Host", "rebound.example.com")]) == 403, path
        assert status_of(airbyte, method, path, [("Host", host), ("Origin", "https://example.com")]) == 403, (
            path
        )
        assert status_of(airbyte, method, path, [("Host", host)]) != 403, path


def test_a_page_of_another_site_revokes_no_token(airbyte):
    airbyte.jobs()
    answer = airbyte.http.post(
        f"{airbyte.server.admin_url}/tokens/revoke", headers={"Origin": "https://example.com"}
    )
    assert (answer.status_code, answer.json()["title"]) == (403, "forbidden")
    airbyte.jobs()


def test_loopback_names_are_accepted(airbyte):
    for host in (
        "127.0.0.1",
        "localhost",
        "LOCALHOST:1",
        "[::1]",
        "[::1]:8006",
        f"127.0.0.1:{airbyte.server.port}",
    ):
        assert status_of(airbyte, "GET", "/v1/health", [("Host", host)]) == 200, host
        headers = [("Host", host), ("Origin", f"http://{host}")]
        assert status_of(airbyte, "GET", "/v1/health", headers) == 200, host


def test_names_that_only_resemble_loopback_are_refused(airbyte):
    for host in (
        *("", "127.0.0.1.example.com", "localhost.example.com", "127.0.0.1:x", "localhost:8006@example.com"),
        *("127.0.0.2", "0.0.0.0", "[::]", "example.com:8006", "localhost,example.com"),
    ):
        assert status_of(airbyte, "GET", "/v1/health", [("Host", host)]) == 403, host
    for origin in ("null", "", "http://", "file://", "http://localhost.example.com", "http://localhost/path"):
        headers = [("Host", "localhost"), ("Origin", origin)]
        assert status_of(airbyte, "GET", "/v1/health", headers) == 403, origin


def test_one_foreign_origin_among_several_is_enough(airbyte):
    headers = [("Host", "localhost"), ("Origin", "http://localhost"), ("Origin", "https://example.com")]
    assert status_of(airbyte, "POST", "/local-admin/tokens/revoke", headers) == 403
