"""Jobs of other types, started by other people, and the public API's responses meanwhile."""

import pytest
from airbyte_api.errors import SDKError
from airbyte_api.models import JobStatusEnum

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
JOBS = f"/connections/{CONNECTION}/jobs"
TYPES = ("sync", "reset", "clear", "refresh")
WAITING = {
    "pending": [{"pending": 60}, {"run": 0}],
    "queued": [{"queued": 60}, {"run": 0}],
    "incomplete": [{"run": 0}, {"fail_attempt": True}, {"incomplete": 270}, {"run": 0}],
}


def start(airbyte, job_type: str, steps: list[dict], end: str = "succeed") -> int:
    """Start a job as another person would, with its own script, and return its id."""
    body = {"jobType": job_type, "script": {"steps": steps, "end": end}}
    job = airbyte.admin("POST", JOBS, body)
    assert (job["jobType"], job["startedBy"]) == (job_type, "person")
    return job["jobId"]


@pytest.mark.parametrize("status", WAITING)
@pytest.mark.parametrize("job_type", TYPES)
def test_a_waiting_job_of_any_type_is_the_answer_to_a_submission(airbyte, job_type, status):
    job_id = start(airbyte, job_type, WAITING[status])
    airbyte.wait(job_id, status)
    answer = airbyte.submit()
    assert (answer.job_id, answer.job_type.value) == (job_id, job_type)
    assert airbyte.admin("GET", "/counters")["jobs"] == {CONNECTION: 1}
    if status == "incomplete":  # the submission cuts the back-off short
        assert airbyte.wait(job_id).status is JobStatusEnum.SUCCEEDED


@pytest.mark.parametrize("job_type", TYPES)
def test_a_running_job_of_any_type_is_a_conflict(airbyte, job_type):
    airbyte.wait(start(airbyte, job_type, [{"run": 60}]), "running")
    with pytest.raises(SDKError) as caught:
        airbyte.submit()
    assert caught.value.raw_response.json()["data"] == {
        "message": f"A sync is already running for: {CONNECTION}"
    }
    airbyte.admin("PATCH", f"/connections/{CONNECTION}", {"status": "inactive"})
    with pytest.raises(SDKError) as caught:
        airbyte.submit()
    assert caught.value.raw_response.json()["data"] == {"message": "Could not fulfill request"}


@pytest.mark.parametrize("job_type", ["clear", "reset"])
def test_a_reset_through_the_api_cancels_a_job_of_another_type(airbyte, job_type):
    theirs = start(airbyte, "refresh", [{"run": 60}])
    airbyte.wait(theirs, "running")
    ours = airbyte.submit(job_type=job_type)
    assert (ours.job_id > theirs, ours.job_type.value) == (True, "reset")
    assert airbyte.job(theirs).status is JobStatusEnum.CANCELLED
    airbyte.wait(ours.job_id)
    clear = start(airbyte, "clear", [{"run": 60}])
    answer = airbyte.submit(job_type=job_type)
    assert (answer.job_id, answer.job_type.value) == (clear, "clear")


def test_a_list_has_every_type_unless_one_is_requested(airbyte):
    ids = {}
    for job_type in TYPES:
        ids[job_type] = start(airbyte, job_type, [{"run": 0}])
        airbyte.wait(ids[job_type])
    assert [job.job_id for job in airbyte.jobs(connection_id=CONNECTION)] == list(ids.values())
    for job_type, job_id in ids.items():
        listed = airbyte.jobs(connection_id=CONNECTION, job_type=job_type)
        assert [(job.job_id, job.job_type.value) for job in listed] == [(job_id, job_type)]


def test_a_refresh_writes_everything_again(airbyte):
    airbyte.sync()
    assert airbyte.sync().rows_synced == 20
    assert airbyte.wait(start(airbyte, "refresh", [{"run": 0}])).rows_synced == 400
    rows = [path.read_text().count("\n") for path in airbyte.folder.glob("money_to_json/*.jsonl")]
    assert sum(rows) == 400
    assert airbyte.wait(start(airbyte, "clear", [{"run": 0}])).rows_synced == 0


def test_a_job_with_its_own_script_uses_up_no_other(airbyte):
    airbyte.script({"run": 0}, end="fail", times=1)
    assert airbyte.wait(start(airbyte, "sync", [{"run": 0}])).status is JobStatusEnum.SUCCEEDED
    assert airbyte.sync("clear").status is JobStatusEnum.SUCCEEDED
    assert airbyte.sync().status is JobStatusEnum.FAILED


def test_invalid_jobs_are_refused(airbyte):
    for body in (
        *({"jobType": "backup"}, {"jobType": 1}, {"type": "sync"}, {"script": []}, {"script": None}),
        *({"script": {"steps": [{"jump": 1}]}}, {"script": {"steps": [], "end": ["fail"]}}, []),
    ):
        answer = airbyte.http.post(airbyte.server.admin_url + JOBS, json=body)
        assert answer.status_code == 400, body
    assert airbyte.admin("GET", "/counters")["jobs"] == {}


def test_delete_is_ignored_for_as_long_as_a_back_off_lasts(airbyte):
    airbyte.script({"run": 0}, {"fail_attempt": True}, {"incomplete": 270}, {"run": 60})
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "incomplete")
    airbyte.admin("PATCH", "/settings", {"clock_shift": 269})
    for _ in range(5):
        assert airbyte.cancel(job_id).status is JobStatusEnum.INCOMPLETE
    airbyte.restart()
    assert airbyte.cancel(job_id).status is JobStatusEnum.INCOMPLETE
    airbyte.submit()
    airbyte.wait(job_id, "running")
    assert airbyte.cancel(job_id).status is JobStatusEnum.CANCELLED


def test_delete_may_be_ignored_until_a_job_is_old_enough(airbyte):
    airbyte.admin("PATCH", "/settings", {"ignore_cancel_seconds": 300})
    airbyte.script({"run": 0}, end="hang")
    job_id = airbyte.submit().job_id
    airbyte.wait(job_id, "running")
    assert airbyte.cancel(job_id).status is JobStatusEnum.RUNNING
    airbyte.admin("PATCH", "/settings", {"clock_shift": 299 - 60})
    assert airbyte.cancel(job_id).status is JobStatusEnum.RUNNING
    airbyte.admin("PATCH", "/settings", {"clock_shift": 300})
    assert airbyte.cancel(job_id).status is JobStatusEnum.CANCELLED


def test_a_list_may_lag_behind(airbyte):
    old = airbyte.sync()
    airbyte.admin("PATCH", "/settings", {"list_lag": 300, "clock_shift": 301})
    new = airbyte.sync()
    assert airbyte.job(new.job_id).status is JobStatusEnum.SUCCEEDED
    for filters in ({}, {"connection_id": CONNECTION}, {"job_type": "sync", "order_by": "createdAt|DESC"}):
        assert [job.job_id for job in airbyte.jobs(**filters)] == [old.job_id], filters
    airbyte.admin("PATCH", "/settings", {"clock_shift": 602})
    assert [job.job_id for job in airbyte.jobs()] == [old.job_id, new.job_id]
