"""What a change through the public API does to a schedule, and to the job of that moment."""

import time

import pytest

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
MANUAL = {"scheduleType": "manual"}


def patch(airbyte, **body):
    url = f"{airbyte.server.url}/connections/{CONNECTION}"
    return airbyte.http.patch(url, json=body, headers=airbyte.bearer())


def cron(text: str) -> dict:
    return {"scheduleType": "cron", "cronExpression": text}


def test_the_zone_of_a_cron_schedule_is_always_utc(airbyte):
    for text in ("0 15 3 * * ?", "0 15 3 * * ? UTC", " 0 15 3 * * ? UTC"):
        assert patch(airbyte, schedule=cron(text)).json()["schedule"] == cron("0 15 3 * * ? UTC")


@pytest.mark.parametrize(
    "schedule",
    [
        cron("0 15 3 * * ? Europe/Berlin"),
        cron("0 */15 * * * ?"),
        cron("0 15 3 * * *"),
        {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"},
        {"scheduleType": "cron"},
    ],
)
def test_a_schedule_that_the_public_api_does_not_know_is_refused(airbyte, schedule):
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"schedule": cron("0 0 5 * * ? CET")})
    assert patch(airbyte, schedule=schedule).status_code == 400
    connection = airbyte.admin("GET", f"/connections/{CONNECTION}")["connection"]
    assert connection["schedule"] == cron("0 0 5 * * ? CET")


@pytest.mark.parametrize("status", ["active", "inactive"])
def test_a_schedule_becomes_manual(airbyte, status):
    airbyte.admin(
        "PATCH", f"/connections/{CONNECTION}", {"schedule": cron("0 0 5 * * ? CET"), "status": status}
    )
    answer = patch(airbyte, schedule=MANUAL).json()
    assert (answer["schedule"], answer["status"]) == (MANUAL, status)


def test_a_locked_connection_keeps_its_schedule(airbyte):
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"status": "locked"})
    answer = patch(airbyte, schedule=MANUAL)
    assert (answer.status_code, answer.json()["title"]) == (409, "Connection is locked")


def test_a_running_job_goes_on(airbyte):
    airbyte.script({"run": 0}, end="hang")
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "running")
    patch(airbyte, schedule=MANUAL)
    assert airbyte.job(job_id).status.value == "running"


def test_a_queued_job_is_cancelled(airbyte):
    airbyte.script({"queued": 60}, {"run": 0})
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "queued")
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"name": "renamed"})
    assert airbyte.job(job_id).status.value == "queued"
    patch(airbyte, schedule=MANUAL)
    assert airbyte.job(job_id).status.value == "cancelled"


def test_a_pending_job_goes_on(airbyte):
    airbyte.script({"pending": 60}, {"run": 0})
    job_id = airbyte.submit().job_id
    patch(airbyte, schedule=MANUAL)
    assert airbyte.job(job_id).status.value == "pending"


def test_the_wait_before_the_next_attempt_begins_again(airbyte):
    airbyte.script({"run": 0}, {"fail_attempt": True}, {"incomplete": 2}, {"run": 0})
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "incomplete")
    for _ in range(6):
        time.sleep(0.5)
        assert airbyte.job(job_id).status.value == "incomplete"
        patch(airbyte, schedule=MANUAL)
    assert airbyte.wait(job_id).status.value == "succeeded"
