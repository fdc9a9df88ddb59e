"""The life cycle of jobs, as the official SDK sees it."""

import re

import pytest
from airbyte_api.errors import SDKError
from airbyte_api.models import JobStatusEnum, JobTypeEnum

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
# Seconds that a status must last for a test to see it; tests poll fifty times a second.
PHASE = 1.5


def refusal(call, *arguments, **named) -> SDKError:
    with pytest.raises(SDKError) as caught:
        call(*arguments, **named)
    return caught.value


def test_a_sync_goes_from_pending_through_running_to_succeeded(airbyte):
    airbyte.script({"run": PHASE})
    job = airbyte.submit()
    assert (job.status.value, job.duration, job.rows_synced) == ("pending", None, None)
    running = airbyte.wait(job.job_id, "running")
    assert running.last_updated_at is None
    assert re.fullmatch(r"PT\d+S", running.duration)  # times are cut to seconds: PT0S is sometimes PT1S
    done = airbyte.wait(job.job_id)
    assert (done.status.value, done.rows_synced, done.connection_id) == ("succeeded", 400, CONNECTION)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z", done.start_time)
    assert done.last_updated_at is not None


def test_counts_grow_while_the_job_runs(airbyte):
    airbyte.script({"run": 1.2})
    job = airbyte.submit()
    seen = set()
    while airbyte.job(job.job_id).status.value in ("pending", "running"):
        seen.add(airbyte.job(job.job_id).rows_synced)
    assert len(seen - {None}) >= 3
    assert max(seen - {None}) <= 400


def test_a_script_is_followed(airbyte):
    airbyte.script(
        *({"queued": PHASE}, {"run": PHASE}, {"fail_attempt": True}, {"incomplete": PHASE}, {"run": PHASE}),
        times=1,
    )
    job_id = airbyte.submit().job_id
    for status in ("queued", "running", "incomplete", "running", "succeeded"):
        airbyte.wait(job_id, status)
    assert airbyte.admin("GET", "/jobs")["jobs"][0]["attempt"] == 2
    assert airbyte.job(job_id).rows_synced == 400
    assert airbyte.admin("GET", f"/connections/{CONNECTION}")["scripts"] == []


@pytest.mark.parametrize(("end", "status"), [("fail", "failed"), ("cancel", "cancelled")])
def test_a_script_may_end_in_failure(airbyte, end, status):
    airbyte.script({"run": 0}, end=end)
    assert airbyte.sync().status.value == status


def test_impossible_scripts_are_refused(airbyte):
    for script in (
        {"steps": [], "end": "succeed"},
        {"steps": [{"jump": 1}]},
        {"steps": [{"run": -1}]},
        {"steps": [{"run": 1}, {"queued": 1}]},
        {"steps": [{"run": 1}], "end": "explode"},
        {"steps": [{"run": 1}], "times": 0},
    ):
        url = f"{airbyte.server.admin_url}/connections/{CONNECTION}"
        assert airbyte.http.patch(url, json={"scripts": [script]}).status_code == 400, script


def test_a_running_connection_answers_409(airbyte):
    airbyte.script({"run": 0}, end="hang")
    airbyte.wait(airbyte.submit().job_id, "running")
    error = refusal(airbyte.submit)
    assert error.status_code == 409
    assert error.raw_response.json() == {
        "status": 409,
        "type": "https://reference.airbyte.com/reference/errors#try-again-later",
        "title": "try-again-later",
        "detail": "Please try again later.",
        "data": {"message": f"A sync is already running for: {CONNECTION}"},
    }
    assert airbyte.admin("GET", "/counters")["jobs"] == {CONNECTION: 1}


@pytest.mark.parametrize("step", ["pending", "queued"])
def test_a_submission_before_the_first_attempt_returns_the_same_job(airbyte, step):
    airbyte.script({step: 30}, {"run": 0})
    job_id = airbyte.wait(airbyte.submit().job_id, step).job_id
    assert airbyte.submit().job_id == job_id
    airbyte.admin("PATCH", "/settings", {"strict_conflict": True})
    assert refusal(airbyte.submit).status_code == 409


def test_a_submission_between_two_attempts_starts_the_next_at_once(airbyte):
    airbyte.script({"run": 0}, {"fail_attempt": True}, {"incomplete": 60}, {"run": 0})
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "incomplete")
    assert airbyte.submit().job_id == job_id
    assert airbyte.wait(job_id).status is JobStatusEnum.SUCCEEDED


def test_a_reset_replaces_a_running_sync(airbyte):
    airbyte.script({"run": 0}, end="hang")
    sync = airbyte.submit()
    reset = airbyte.submit(job_type="clear")
    assert reset.job_id != sync.job_id
    assert airbyte.job(sync.job_id).status is JobStatusEnum.CANCELLED
    assert (airbyte.wait(reset.job_id).status, reset.job_type) == (JobStatusEnum.SUCCEEDED, JobTypeEnum.RESET)


def test_refused_submissions(airbyte):
    assert refusal(airbyte.submit, "00000000-0000-4000-8000-000000000000").status_code == 404
    assert refusal(airbyte.submit, job_type="refresh").status_code == 422
    for status in ("inactive", "deprecated", "locked"):
        airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"status": status})
        error = refusal(airbyte.submit)
        assert (error.status_code, error.raw_response.json()["title"]) == (409, "state-conflict")
    airbyte.admin("DELETE", f"/connections/{CONNECTION}")
    assert refusal(airbyte.submit).status_code == 404


def test_delete_cancels_the_running_job_of_the_connection(airbyte):
    airbyte.script({"run": 0}, end="hang")
    job = airbyte.submit()
    assert airbyte.cancel(job.job_id).status is JobStatusEnum.CANCELLED
    second = airbyte.submit()
    airbyte.wait(second.job_id, "running")
    assert airbyte.cancel(job.job_id).job_id == job.job_id
    assert airbyte.job(second.job_id).status is JobStatusEnum.CANCELLED


def test_delete_between_two_attempts_is_ignored(airbyte):
    airbyte.script({"run": 0}, {"fail_attempt": True}, {"incomplete": 60}, {"run": 0})
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "incomplete")
    assert airbyte.cancel(job_id).status is JobStatusEnum.INCOMPLETE


def test_delete_of_a_final_job_changes_nothing(airbyte):
    job = airbyte.sync()
    assert airbyte.cancel(job.job_id) == job


def test_an_unknown_job_is_a_state_conflict(airbyte):
    for call in (airbyte.job, airbyte.cancel):
        error = refusal(call, 999)
        assert (error.status_code, error.raw_response.json()["data"]) == (
            409,
            {"message": "Job is not currently running"},
        )


def test_an_ignored_and_a_slow_cancel(airbyte):
    airbyte.script({"run": 0}, end="hang")
    job = airbyte.submit()
    airbyte.admin("PATCH", "/settings", {"ignore_cancel": True})
    assert airbyte.cancel(job.job_id).status.value in ("pending", "running")
    airbyte.admin("PATCH", "/settings", {"ignore_cancel": False, "cancel_seconds": 0.3})
    assert airbyte.cancel(job.job_id).status is JobStatusEnum.CANCELLED


def test_another_person_starts_and_ends_jobs(airbyte):
    airbyte.script({"run": 0}, end="hang")
    theirs = airbyte.admin("POST", f"/connections/{CONNECTION}/jobs")
    assert theirs["startedBy"] == "person"
    airbyte.wait(theirs["jobId"], "running")
    assert refusal(airbyte.submit).status_code == 409
    airbyte.admin("POST", f"/jobs/{theirs['jobId']}/end", {"status": "cancelled"})
    assert airbyte.job(theirs["jobId"]).status is JobStatusEnum.CANCELLED
    ours = airbyte.submit()
    airbyte.wait(ours.job_id, "running")
    airbyte.admin("POST", f"/jobs/{ours.job_id}/end", {"status": "succeeded"})
    assert airbyte.job(ours.job_id).status is JobStatusEnum.SUCCEEDED


def test_a_connection_is_deleted_while_its_job_runs(airbyte):
    airbyte.script({"run": 0}, end="hang")
    job = airbyte.submit()
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"status": "inactive"})
    assert airbyte.wait(job.job_id, "running")
    airbyte.admin("DELETE", f"/connections/{CONNECTION}")
    assert airbyte.job(job.job_id).status is JobStatusEnum.CANCELLED


def test_jobs_survive_a_restart(airbyte):
    finished = airbyte.sync()
    airbyte.script({"run": 1.0})
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "running")
    airbyte.restart()
    assert airbyte.job(finished.job_id) == finished
    assert airbyte.job(job_id).status is JobStatusEnum.RUNNING
    assert (airbyte.wait(job_id).status, airbyte.job(job_id).rows_synced) == (JobStatusEnum.SUCCEEDED, 20)
    assert airbyte.admin("GET", "/jobs")["jobs"][1]["attempt"] == 1


def test_the_clock_may_jump(airbyte):
    before = airbyte.sync()
    airbyte.admin("PATCH", "/settings", {"clock_shift": -86_400})
    after = airbyte.sync()
    assert after.start_time < before.start_time
    airbyte.restart()
    assert airbyte.sync().start_time < before.start_time


def test_invalid_admin_requests_are_refused(airbyte):
    connection = f"/connections/{CONNECTION}"
    for method, path, body in (
        ("PATCH", connection, {"rows": {"first": -1}}),
        ("PATCH", connection, {"rows": {"third": 1}}),
        ("PATCH", connection, {"source": "elsewhere"}),
        ("PATCH", connection, {"script": {}}),
        ("PATCH", connection, {"status": "asleep"}),
        ("PATCH", "/settings", {"clock_shift": "soon"}),
        ("PATCH", "/settings", {"clock": 1}),
        ("POST", "/faults", {"route": "*", "kind": "delay", "seconds": "long"}),
        ("POST", "/faults", {"route": "*", "kind": "explode"}),
        ("POST", "/faults", {"route": "*"}),
        ("POST", "/faults", {"route": "*", "kind": "html", "tims": 1}),
    ):
        answer = airbyte.http.request(method, airbyte.server.admin_url + path, json=body)
        assert answer.status_code == 400, (path, body)
