"""What is read of an answer of Airbyte's API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dag_factory.airbyte.api import Access, Api
from dag_factory.airbyte.errors import ApiError
from dag_factory.airbyte.exchange import Request, Response

DATE = "Mon, 23 Nov 2026 07:00:00 GMT"


def answered(response: Response) -> Api:
    """Ask for a job and give this answer; raises what comes of it."""
    api = Api(Access(conn_id="airbyte_default", host="http://airbyte/v1"), lambda: 0.0)
    call = api.get(1)
    assert isinstance(next(call), Request)
    try:
        call.send(response)
    except StopIteration:
        return api
    raise AssertionError


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 23 Nov 2026 07:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 06:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_a_server_says_how_long_to_wait_in_seconds_or_as_a_date(value, seconds):
    headers = {"date": DATE, "retry-after": value}
    with pytest.raises(ApiError) as error:
        answered(Response(status=429, content=b"{}", headers=headers))
    assert error.value.retry_after == seconds


def test_a_date_to_wait_for_is_of_no_use_without_the_servers_own():
    with pytest.raises(ApiError) as error:
        answered(Response(status=503, content=b"{}", headers={"retry-after": DATE}))
    assert error.value.retry_after is None


def test_the_servers_clock_is_kept():
    job = b'{"jobId": 1, "status": "running", "jobType": "sync", "connectionId": "x"}'
    api = answered(Response(status=200, content=job, headers={"date": DATE}))
    assert api.server_time == datetime(2026, 11, 23, 7, tzinfo=UTC)
