"""Airbyte's own schedules: which syncs they start, and when."""

import time
from datetime import UTC, datetime

import pytest

from tests.local_airbyte.conftest import eventually

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
HOUR, DAY = 3600, 86_400


@pytest.fixture
def lab(airbyte):
    """A server whose own scheduled connections are off, and whose clock is at 02:30 of a day."""
    for each in airbyte.admin("GET", "/schedules")["schedules"]:
        airbyte.admin("PATCH", f"/connections/{each['connectionId']}", {"status": "inactive"})
    now = time.time()
    airbyte.shift = DAY - now % DAY + 2.5 * HOUR
    # Each jump of the clock ends all tokens.
    airbyte.admin("PATCH", "/settings", {"clock_shift": airbyte.shift, "require_auth": False})
    return airbyte


def forward(lab, seconds: float) -> None:
    lab.shift += seconds
    lab.admin("PATCH", "/settings", {"clock_shift": lab.shift})


def set_schedule(lab, **schedule: str) -> None:
    lab.admin("PATCH", f"/connections/{CONNECTION}", {"schedule": schedule})


def set_cron(lab, text: str) -> None:
    set_schedule(lab, scheduleType="cron", cronExpression=text)


def check(lab) -> list[dict]:
    return lab.admin("POST", "/schedules/check")["jobs"]


def due(lab) -> str:
    [each] = lab.admin("GET", "/schedules")["schedules"]
    return datetime.fromtimestamp(each["dueAt"], UTC).strftime("%H:%M")


def started_by(lab) -> list[str]:
    return [job["startedBy"] for job in lab.admin("GET", "/jobs")["jobs"]]


def test_schedules_do_not_run_by_default(lab):
    set_schedule(lab, scheduleType="basic", basicTiming="Every 1 HOURS")
    time.sleep(0.5)
    assert started_by(lab) == []


def test_schedules_run(lab):
    lab.admin("PATCH", "/settings", {"run_schedules": True})
    set_cron(lab, "0 0 3 * * ?")
    time.sleep(0.5)
    assert started_by(lab) == []
    forward(lab, HOUR)
    [job] = eventually(lambda: lab.jobs(connection_id=CONNECTION), bool)
    assert lab.wait(job.job_id).status.value == "succeeded"
    time.sleep(0.5)
    assert started_by(lab) == ["schedule"]


def test_what_was_due_while_schedules_were_off_is_not_made_up_for(lab):
    set_cron(lab, "0 0 3 * * ?")
    forward(lab, HOUR)
    lab.admin("PATCH", "/settings", {"run_schedules": True})
    time.sleep(0.5)
    assert started_by(lab) == []


def test_a_cron_expression_starts_one_sync_for_each_time(lab):
    lab.script({"run": 0})
    set_cron(lab, "0 0 * * * ?")
    assert (due(lab), check(lab)) == ("03:00", [])
    for _ in range(3):
        forward(lab, HOUR)
        [job] = check(lab)
        lab.wait(job["jobId"])
        assert check(lab) == []
    assert started_by(lab) == ["schedule"] * 3


def test_a_cron_expression_has_a_zone(lab):
    set_cron(lab, "0 0 12 * * ? Asia/Tokyo")  # without summer time
    assert due(lab) == "03:00"


def test_times_during_a_job_are_skipped(lab):
    lab.script({"run": 0}, end="hang")
    set_cron(lab, "0 0 * * * ?")
    job = lab.submit()
    lab.wait(job.job_id, "running")
    forward(lab, HOUR)
    assert check(lab) == []
    lab.cancel(job.job_id)
    assert (check(lab), due(lab)) == ([], "04:00")
    assert started_by(lab) == ["api"]


def test_an_interval_counts_from_the_last_sync_even_a_cancelled_one(lab):
    lab.script({"run": 0}, end="hang")
    job = lab.submit()
    forward(lab, HOUR / 2)
    lab.cancel(job.job_id)
    set_schedule(lab, scheduleType="basic", basicTiming="Every 1 HOURS")
    assert (due(lab), check(lab)) == ("03:30", [])
    forward(lab, HOUR / 2)
    assert len(check(lab)) == 1


def test_an_interval_starts_the_first_sync_at_once(lab):
    set_schedule(lab, scheduleType="basic", basicTiming="Every 24 HOURS")
    assert len(check(lab)) == 1


def test_connections_that_are_not_active_are_not_started(lab):
    set_schedule(lab, scheduleType="basic", basicTiming="Every 24 HOURS")
    for status in ("inactive", "locked", "deprecated"):
        lab.admin("PATCH", f"/connections/{CONNECTION}", {"status": status})
        assert check(lab) == []
    # Turned on again, a cron expression waits for its next time.
    set_cron(lab, "0 0 3 * * ?")
    forward(lab, HOUR)
    lab.admin("PATCH", f"/connections/{CONNECTION}", {"status": "active"})
    assert check(lab) == []


def test_a_queued_job_is_given_up_when_the_next_sync_is_due(lab):
    lab.script({"queued": 10 * HOUR}, {"run": 0})
    set_cron(lab, "0 0 * * * ?")
    forward(lab, HOUR)
    [job] = check(lab)
    lab.wait(job["jobId"], "queued")
    assert check(lab) == []
    forward(lab, HOUR)
    assert check(lab) == []
    assert lab.job(job["jobId"]).status.value == "cancelled"
    assert due(lab) == "05:00"


def test_a_time_that_passes_while_the_server_is_down_is_made_up_for(lab):
    set_cron(lab, "0 0 3 * * ?")
    lab.stop()
    lab.start()
    forward(lab, HOUR)
    assert len(check(lab)) == 1
