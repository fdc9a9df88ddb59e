"""Parsing of a response's status and headers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.airbyte.api.responses import detail_of, redirect_target, retry_after, server_time
from dag_factory.airbyte.effects import Response

DATE = "Mon, 23 Nov 2026 07:00:00 GMT"


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"data": {"message": "already running"}, "detail": "later"}, "already running"),
        ({"data": {}, "detail": "Please try again later."}, "Please try again later."),
        ({"data": "text", "message": "Bad Request"}, "Bad Request"),
        ({"title": "forbidden"}, "forbidden"),
        ({"message": {"nested": 1}}, "{'nested': 1}"),
        ({"message": "two\nlines\x1b[0m"}, "two lines [0m"),
        ({"message": "m" * 5000}, "m" * 299 + "…"),
        ({"data": {"message": None}, "message": ""}, ""),
        ([], ""),
        ("text", ""),
        (7, ""),
        (None, ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_message_of_the_server(answer, detail):
    assert detail_of(json.dumps(answer).encode()) == detail


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe\x00", b"[" * 100_000, b'{"message": '])
def test_content_other_than_json_has_no_message(content):
    assert detail_of(content) == ""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("9" * 5000, 999_999_999.0),
        ("Mon, 23 Nov 2026 07:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 07:01:30", 90.0),
        ("Mon, 23 Nov 2026 06:00:00 GMT", 0.0),
        *[(odd, None) for odd in ("soon", "", "-5", "1.5", "\N{ARABIC-INDIC DIGIT SEVEN}", "1e3", "nan")],
        *[(odd, None) for odd in ("Mon, 99 Nov 2026 07:00:00 GMT", "Mon, 23 Nov 99999 07:00:00 GMT", ",")],
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    headers = {"date": DATE, "retry-after": value}
    assert retry_after(Response(status=429, content=b"{}", headers=headers)) == seconds


@pytest.mark.parametrize("date", ["Mon, 23 Nov 2026 07:00:00", "Mon, 23 Nov 2026 07:00:00 -0000"])
def test_a_date_without_a_zone_is_utc(date):
    headers = {"date": date, "retry-after": "Mon, 23 Nov 2026 07:01:30 GMT"}
    assert retry_after(Response(status=429, content=b"{}", headers=headers)) == 90.0


@pytest.mark.parametrize("date", ["", "today", "Mon, 99 Nov 2026 07:00:00 GMT", "\x00"])
def test_a_retry_after_date_is_ignored_without_the_servers_date(date):
    headers = {"retry-after": DATE, "date": date}
    assert retry_after(Response(status=503, content=b"{}", headers=headers)) is None


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:01:05 GMT", 65.0),
        ("Thu, 01 Jan 1970 00:01:05", 65.0),
        ("today", None),
        ("", None),
    ],
)
def test_the_time_of_the_servers_clock(date, seconds):
    assert server_time(Response(status=200, content=b"", headers={"date": date})) == seconds


@given(st.text() | st.sampled_from([DATE, "120"]), st.text() | st.just(DATE))
def test_no_header_raises(value, date):
    seconds = retry_after(Response(status=429, content=b"", headers={"retry-after": value, "date": date}))
    assert seconds is None or seconds >= 0
    server_time(Response(status=200, content=b"", headers={"date": value}))


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://airbyte.example/api/public/v1/jobs", "https://airbyte.example/api/public/v1/jobs"),
        ("https://user:secret@airbyte.example/v1", "https://airbyte.example/v1"),
        ("https://airbyte.example/v1?token=secret#secret", "https://airbyte.example/v1"),
        ("/login", "/login"),
        ("https://[broken", ""),
        ("https://airbyte.example/\x1b[31m", "https://airbyte.example/ [31m"),
        ("", ""),
    ],
)
def test_the_target_of_a_redirect(location, target):
    assert redirect_target(Response(status=302, content=b"", headers={"location": location})) == target


def test_a_redirect_without_a_location_has_no_target():
    assert redirect_target(Response(status=302, content=b"")) == ""
