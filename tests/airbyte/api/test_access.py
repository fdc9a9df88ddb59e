"""The fields of an Airflow connection, and which of them no text may show."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.access import Access, basic_authorization, without_user

HOSTS = [
    ("http://airbyte/v1", "http://airbyte/v1"),
    ("http://user:pass-word@airbyte:8000/v1", "http://airbyte:8000/v1"),
    ("http://user@airbyte/v1", "http://airbyte/v1"),
    ("http://us%40er:pa%40ss@airbyte/v1", "http://airbyte/v1"),
    ("http://a@b:pass@airbyte/v1", "http://airbyte/v1"),
    ("http://airbyte/v1?token=secret#secret", "http://airbyte/v1"),
    ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ("http://bücher.example/v1", "http://bücher.example/v1"),
    ("airbyte/v1", "airbyte/v1"),
    ("http://[broken/v1", ""),
    ("http://airbyte/v1\x1b[31m", "http://airbyte/v1[31m"),
    ("http://airbyte/" + "v" * 500, "http://airbyte/" + "v" * 185),
]


@pytest.mark.parametrize(("host", "shown"), HOSTS)
def test_a_host_is_shown_without_its_user(host, shown):
    assert Access(conn_id="c", host=host).shown_host == shown


@pytest.mark.parametrize(
    ("url", "bare"),
    [("http://user:pass@proxy:3128", "http://proxy:3128"), ("http://[broken", ""), ("", "")],
)
def test_a_url_without_its_user(url, bare):
    assert without_user(url) == bare


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("http://airbyte/v1", None),
        ("http://user:pass@airbyte/v1", "Basic dXNlcjpwYXNz"),
        ("http://user@airbyte/v1", "Basic dXNlcjo="),
        ("http://us%40er:p%C3%A4ss@airbyte/v1", "Basic dXNAZXI6cMOkc3M="),
        ("http://[broken", None),
    ],
)
def test_the_header_for_a_user_in_the_url(url, header):
    assert basic_authorization(url) == header


@pytest.mark.parametrize(
    ("client_id", "secret", "needs"),
    [("id", "secret", True), ("id", None, False), (None, "secret", False), ("", "", False)],
)
def test_a_token_is_needed_where_there_are_credentials(client_id, secret, needs):
    access = Access(conn_id="c", host="http://airbyte/v1", client_id=client_id, client_secret=secret)
    assert access.needs_token == needs


def test_its_repr_shows_neither_secret_nor_proxies():
    proxies = (("http://", "http://user:proxy-password@proxy"),)
    access = Access(conn_id="c", host="http://airbyte/v1", client_secret="client-secret", proxies=proxies)
    assert "client-secret" not in repr(access)
    assert "proxy-password" not in repr(access)
