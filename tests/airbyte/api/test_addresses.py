"""The address of the public API, for that of another page or API."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.addresses import has_public_path, suggested_url

URL = "https://airbyte.example.com/api/public/v1"


@pytest.mark.parametrize(
    ("url", "suggested"),
    [
        ("https://airbyte.example.com", URL),
        ("https://airbyte.example.com/", URL),
        ("https://airbyte.example.com/api/v1", URL),
        ("https://airbyte.example.com/api/v1/", URL),
        ("https://airbyte.example.com/api", URL),
        ("https://airbyte.example.com/api/public/v1/connections", URL),
        ("https://airbyte.example.com/workspaces/1/connections", URL),
        ("http://host:8000/tools/airbyte/api/v1", "http://host:8000/tools/airbyte/api/public/v1"),
        ("http://host:8000/v1x", "http://host:8000/v1x/api/public/v1"),
        ("https://cloud.airbyte.com/workspaces/1", "https://api.airbyte.com/v1"),
        ("https://api.airbyte.com", "https://api.airbyte.com/v1"),
        ("airbyte", ""),
        ("https://[", ""),
    ],
)
def test_the_url_that_is_suggested(url, suggested):
    assert suggested_url(url) == suggested


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        (URL, True),
        (f"{URL}/", True),
        ("https://api.airbyte.com/v1", True),
        ("https://airbyte.example.com/api/v1", False),
        ("https://airbyte.example.com/api/v1/", False),
        ("https://airbyte.example.com", False),
        ("https://[/v1", False),
    ],
)
def test_what_may_be_the_public_api(url, is_so):
    assert has_public_path(url) is is_so
