"""The parts that decide and render, without a server."""

import subprocess
import sys

import pytest

from dag_factory.local_airbyte.cron import cron_mistake
from dag_factory.local_airbyte.faults import route_of
from dag_factory.local_airbyte.jobs import FOLLOWERS, may_follow
from dag_factory.local_airbyte.model import ACTIVE_STATUSES, JOB_STATUSES
from dag_factory.local_airbyte.responses import java_duration, java_time
from dag_factory.local_airbyte.scripts import default_script, read_script, render_script
from dag_factory.local_airbyte.sources import build_row, share


def test_the_package_imports_nothing_else_of_the_project():
    code = (
        "import sys, dag_factory.local_airbyte.server;"
        "print([m for m in sys.modules if m.startswith(('dag_factory.', 'airflow', 'airbyte_api'))"
        " and not m.startswith('dag_factory.local_airbyte')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found == "[]\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00Z"), (61.9, "1970-01-01T00:01:01Z"), (1_767_225_600, "2026-01-01T00:00Z")],
)
def test_times_are_written_as_java_does(seconds, text):
    assert java_time(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "PT0S"), (59, "PT59S"), (60, "PT1M"), (29172, "PT8H6M12S"), (90000, "PT25H"), (-61, "PT-1M-1S")],
)
def test_durations_are_written_as_java_does(seconds, text):
    assert java_duration(seconds) == text


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "/v1/jobs", "POST /jobs"),
        ("GET", "/api/public/v1/jobs/7", "GET /jobs/{jobId}"),
        ("PATCH", "/v1/connections/x", "PATCH /connections/{connectionId}"),
        ("POST", "/v1/applications/token", "POST /applications/token"),
        ("GET", "/local-admin/jobs", None),
    ],
)
def test_routes_have_one_name_whatever_the_prefix(method, path, route):
    assert route_of(method, path) == route


def test_every_active_status_may_fail_and_be_cancelled():
    assert set(FOLLOWERS) == set(JOB_STATUSES)
    assert all(may_follow(status, end) for status in ACTIVE_STATUSES for end in ("failed", "cancelled"))
    assert not may_follow("succeeded", "failed")


def test_scripts_round_trip():
    document = {"steps": [{"queued": 1.5}, {"run": 2.0}, {"fail_attempt": True}, {"run": 0.0}], "end": "fail"}
    assert render_script(read_script(document)) == document
    assert sum(step.seconds for step in default_script(3.0).steps) == 3.0


@pytest.mark.parametrize("total", [0, 1, 2, 3, 7, 400])
def test_shares_add_up(total):
    assert sum(share(total).values()) == total


def test_rows_are_the_same_every_time():
    assert build_row("a", "orders", 3) == build_row("a", "orders", 3) != build_row("b", "orders", 3)


@pytest.mark.parametrize("cron", ["0 0 12 * * ?", "0 0 12 * * ? UTC", "0 30 6 ? * MON-FRI 2027"])
def test_good_cron(cron):
    assert cron_mistake(cron) is None


@pytest.mark.parametrize("cron", ["* 0 * * * ?", "0 * * * * ?", "0 0 12 * *", "0 0 12 * * *", "0 99 * * * ?"])
def test_bad_cron(cron):
    assert cron_mistake(cron) is not None
