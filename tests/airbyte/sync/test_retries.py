"""Retries of calls, and the pauses between them."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.errors import ApiError
from dag_factory.airbyte.sync.retries import pause_after, with_retries
from tests.airbyte.fake_airbyte import LIST, UUID, FakeAirbyte
from tests.airbyte.protocol_runs import Runs


@pytest.fixture
def runs():
    return Runs(FakeAirbyte())


def list_jobs(runs, **more):
    return runs.run(lambda context: with_retries(context, lambda: context.api.jobs(UUID), **more))


@pytest.mark.parametrize(
    ("failures", "retry_after", "pause"),
    [
        (1, None, 2.0),
        (2, None, 4.0),
        (5, None, 32.0),
        (6, None, 60.0),
        (100_000, None, 60.0),
        (1, 90.0, 90.0),
        (1, 0.0, 0.0),
        (1, 999_999.0, 600.0),
    ],
)
def test_the_pause_after_an_error(runs, failures, retry_after, pause):
    error = ApiError("text", status=503, retry_after=retry_after)
    assert pause_after(error, failures, runs.context()) == pause


def test_a_call_is_repeated_for_ten_minutes(runs):
    runs.airbyte.fail(LIST, *[503] * 1000)
    with pytest.raises(ApiError, match="503"):
        list_jobs(runs)
    assert 600 <= runs.airbyte.now < 660


@pytest.mark.parametrize(("permanent_seconds", "calls"), [(0.0, 1), (600.0, 15)])
def test_permanent_errors_are_retried_only_if_a_job_may_be_running(runs, permanent_seconds, calls):
    runs.airbyte.fail(LIST, *[403] * 1000)
    with pytest.raises(ApiError, match="403"):
        list_jobs(runs, permanent_seconds=permanent_seconds)
    assert runs.airbyte.count(LIST) == pytest.approx(calls, abs=1)


def test_the_log_says_why_and_how_long(runs):
    runs.airbyte.fail(LIST, 503)
    list_jobs(runs)
    assert runs.logged == [
        f"Airbyte answered 503 to listing the jobs of connection {UUID}; Airflow connection "
        "'airbyte_default', host http://airbyte/api/public/v1; retrying in 2 seconds"
    ]
