"""The URL of a connection in Airbyte's UI."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.model import Connection
from dag_factory.airbyte.api.urls import page_of, web_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("https://api.airbyte.com/v1", "https://cloud.airbyte.com"),
        ("https://airbyte.example/api/public/v1", "https://airbyte.example"),
        ("https://airbyte.example/api/public/v1/", "https://airbyte.example"),
        ("http://airbyte:8001/prefix/api/public/v1", "http://airbyte:8001/prefix"),
        ("http://airbyte/v1", "http://airbyte"),
        ("http://user:secret@airbyte/v1", "http://airbyte"),
        ("http://[::1]:8000/api/public/v1", "http://[::1]:8000"),
        ("http://airbyte/something?token=secret", "http://airbyte"),
    ],
)
def test_the_web_url_of_a_host(host, url):
    assert web_url(host) == url


def test_the_page_of_a_connection():
    connection = Connection(connection_id="c", workspace_id="w")
    page = "http://airbyte/workspaces/w/connections/c/timeline"
    assert page_of("http://airbyte/v1", connection) == page


def test_a_connection_of_an_unknown_workspace_has_no_page():
    assert page_of("http://airbyte/v1", Connection(connection_id="c")) is None
