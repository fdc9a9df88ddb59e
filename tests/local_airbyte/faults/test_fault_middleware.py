"""Injected faults, as the official SDK sees them."""

import httpx
import pytest
from airbyte_api.errors import ResponseValidationError, SDKError

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
OTHER = "9f0e3c9e-0d4b-4a51-9a2b-3a1d2c9b7e55"


@pytest.fixture(autouse=True)
def _with_token(airbyte):
    airbyte.script({"run": 0}, end="hang")
    airbyte.jobs()


def created_jobs(airbyte) -> int:
    return airbyte.admin("GET", "/counters")["jobs"].get(CONNECTION, 0)


@pytest.mark.parametrize(("kind", "created_in_time"), [("delay", 0), ("delay_after", 1)])
def test_delay(airbyte, kind, created_in_time):
    airbyte.fault("POST /jobs", kind, seconds=0.5)
    airbyte.http.timeout = 0.2
    with pytest.raises(httpx.ReadTimeout):
        airbyte.submit()
    assert created_jobs(airbyte) == created_in_time
    airbyte.http.timeout = 5.0


@pytest.mark.parametrize(("kind", "created"), [("drop_before", 0), ("drop_after", 1)])
def test_drop(airbyte, kind, created):
    airbyte.fault("POST /jobs", kind)
    with pytest.raises(httpx.TransportError):
        airbyte.submit()
    assert created_jobs(airbyte) == created
    assert airbyte.admin("GET", "/counters")["requests"]["POST /jobs"] == {"dropped": 1}


@pytest.mark.parametrize(("kind", "created"), [("status", 0), ("status_after", 1)])
def test_status(airbyte, kind, created):
    airbyte.fault("POST /jobs", kind, code=502, body={"errorId": "x"})
    with pytest.raises(SDKError) as caught:
        airbyte.submit()
    assert (caught.value.status_code, caught.value.raw_response.json()) == (502, {"errorId": "x"})
    assert created_jobs(airbyte) == created


@pytest.mark.parametrize("retry_after", [None, 7])
def test_too_many_requests(airbyte, retry_after):
    airbyte.fault("GET /jobs", "status", code=429, retry_after=retry_after)
    with pytest.raises(SDKError) as caught:
        airbyte.jobs()
    assert caught.value.raw_response.json() == {"message": "You are being rate limited."}
    assert caught.value.headers.get("retry-after") == (retry_after and str(retry_after))


def test_malformed_json(airbyte):
    airbyte.fault("GET /jobs", "malformed_json")
    with pytest.raises((SDKError, ResponseValidationError, ValueError)):
        airbyte.jobs()


def test_html(airbyte):
    airbyte.fault("GET /jobs", "html")
    with pytest.raises(SDKError) as caught:
        airbyte.jobs()
    assert caught.value.headers["content-type"] == "text/html"


def test_unknown_status(airbyte):
    job = airbyte.submit()
    for route, call in (("GET /jobs/{jobId}", lambda: airbyte.job(job.job_id)), ("GET /jobs", airbyte.jobs)):
        airbyte.fault(route, "unknown_status", unknown="paused")
        with pytest.raises(ResponseValidationError):
            call()


def test_the_token_endpoint_is_down(airbyte):
    airbyte.admin("POST", "/tokens/revoke")
    airbyte.fault("POST /applications/token", "status", code=503)
    with pytest.raises(SDKError):
        airbyte.jobs()
    with pytest.raises(Exception, match="Unexpected status code 503 from token endpoint"):
        airbyte.jobs()
    airbyte.jobs()


def test_a_fault_skips_some_calls_and_then_affects_some(airbyte):
    airbyte.fault("GET /jobs", "status", code=500, skip=1, times=2)
    outcomes = []
    for _ in range(4):
        try:
            airbyte.jobs()
            outcomes.append("ok")
        except SDKError as error:
            outcomes.append(error.status_code)
    assert outcomes == ["ok", 500, 500, "ok"]
    assert airbyte.admin("GET", "/faults")["faults"] == []


def test_a_fault_of_every_route_lasts_until_it_is_cleared(airbyte):
    airbyte.fault("*", "status", code=500, times=None)
    for call in (airbyte.jobs, airbyte.submit, airbyte.jobs):
        with pytest.raises(SDKError):
            call()
    [fault] = airbyte.admin("GET", "/faults")["faults"]
    assert fault["met"] == 3
    airbyte.admin("DELETE", f"/faults/{fault['fault_id']}")
    airbyte.jobs()
    airbyte.fault("*", "html", times=None)
    airbyte.admin("DELETE", "/faults")
    airbyte.jobs()


def test_a_fault_of_one_connection(airbyte):
    airbyte.admin("PUT", f"/connections/{OTHER}", {"name": "other"})
    theirs = airbyte.submit(OTHER)
    airbyte.fault("*", "status", code=500, connection_id=CONNECTION, times=None)
    airbyte.job(theirs.job_id)
    airbyte.jobs(connection_id=OTHER)
    airbyte.cancel(theirs.job_id)
    for call in (airbyte.submit, lambda: airbyte.jobs(connection_id=CONNECTION)):
        with pytest.raises(SDKError):
            call()
    airbyte.admin("DELETE", "/faults")
    ours = airbyte.submit()
    airbyte.fault("*", "status", code=500, connection_id=CONNECTION, times=None)
    with pytest.raises(SDKError):
        airbyte.job(ours.job_id)
