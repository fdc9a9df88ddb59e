"""Injected faults, as the official SDK sees them."""

import httpx
import pytest
from airbyte_api.errors import ResponseValidationError, SDKError

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
OTHER = "9f0e3c9e-0d4b-4a51-9a2b-3a1d2c9b7e55"


@pytest.fixture(autouse=True)
def _with_token(lab):
    lab.script({"run": 0}, end="hang")
    lab.jobs()


def created_jobs(lab) -> int:
    return lab.admin("GET", "/counters")["jobs"].get(CONNECTION, 0)


@pytest.mark.parametrize(("kind", "created_in_time"), [("delay", 0), ("delay_after", 1)])
def test_delay(lab, kind, created_in_time):
    lab.fault("POST /jobs", kind, seconds=0.5)
    lab.http.timeout = 0.2
    with pytest.raises(httpx.ReadTimeout):
        lab.submit()
    assert created_jobs(lab) == created_in_time
    lab.http.timeout = 5.0


@pytest.mark.parametrize(("kind", "created"), [("drop_before", 0), ("drop_after", 1)])
def test_drop(lab, kind, created):
    lab.fault("POST /jobs", kind)
    with pytest.raises(httpx.TransportError):
        lab.submit()
    assert created_jobs(lab) == created
    assert lab.admin("GET", "/counters")["requests"]["POST /jobs"] == {"dropped": 1}


@pytest.mark.parametrize(("kind", "created"), [("status", 0), ("status_after", 1)])
def test_status(lab, kind, created):
    lab.fault("POST /jobs", kind, code=502, body={"errorId": "x"})
    with pytest.raises(SDKError) as caught:
        lab.submit()
    assert (caught.value.status_code, caught.value.raw_response.json()) == (502, {"errorId": "x"})
    assert created_jobs(lab) == created


@pytest.mark.parametrize("retry_after", [None, 7])
def test_too_many_requests(lab, retry_after):
    lab.fault("GET /jobs", "status", code=429, retry_after=retry_after)
    with pytest.raises(SDKError) as caught:
        lab.jobs()
    assert caught.value.raw_response.json() == {"message": "You are being rate limited."}
    assert caught.value.headers.get("retry-after") == (retry_after and str(retry_after))


def test_malformed_json(lab):
    lab.fault("GET /jobs", "malformed_json")
    with pytest.raises((SDKError, ResponseValidationError, ValueError)):
        lab.jobs()


def test_html(lab):
    lab.fault("GET /jobs", "html")
    with pytest.raises(SDKError) as caught:
        lab.jobs()
    assert caught.value.headers["content-type"] == "text/html"


def test_unknown_status(lab):
    job = lab.submit()
    for route, call in (("GET /jobs/{jobId}", lambda: lab.job(job.job_id)), ("GET /jobs", lab.jobs)):
        lab.fault(route, "unknown_status", unknown="paused")
        with pytest.raises(ResponseValidationError):
            call()


def test_the_token_endpoint_is_down(lab):
    lab.admin("POST", "/tokens/revoke")
    lab.fault("POST /applications/token", "status", code=503)
    with pytest.raises(SDKError):
        lab.jobs()
    with pytest.raises(Exception, match="Unexpected status code 503 from token endpoint"):
        lab.jobs()
    lab.jobs()


def test_a_fault_skips_some_calls_and_then_affects_some(lab):
    lab.fault("GET /jobs", "status", code=500, skip=1, times=2)
    outcomes = []
    for _ in range(4):
        try:
            lab.jobs()
            outcomes.append("ok")
        except SDKError as error:
            outcomes.append(error.status_code)
    assert outcomes == ["ok", 500, 500, "ok"]
    assert lab.admin("GET", "/faults")["faults"] == []


def test_a_fault_of_every_route_lasts_until_it_is_cleared(lab):
    lab.fault("*", "status", code=500, times=None)
    for call in (lab.jobs, lab.submit, lab.jobs):
        with pytest.raises(SDKError):
            call()
    [fault] = lab.admin("GET", "/faults")["faults"]
    assert fault["met"] == 3
    lab.admin("DELETE", f"/faults/{fault['fault_id']}")
    lab.jobs()
    lab.fault("*", "html", times=None)
    lab.admin("DELETE", "/faults")
    lab.jobs()


def test_a_fault_of_one_connection(lab):
    lab.admin("PUT", f"/connections/{OTHER}", {"name": "other"})
    theirs = lab.submit(OTHER)
    lab.fault("*", "status", code=500, connection_id=CONNECTION, times=None)
    lab.job(theirs.job_id)
    lab.jobs(connection_id=OTHER)
    lab.cancel(theirs.job_id)
    for call in (lab.submit, lambda: lab.jobs(connection_id=CONNECTION)):
        with pytest.raises(SDKError):
            call()
    lab.admin("DELETE", "/faults")
    ours = lab.submit()
    lab.fault("*", "status", code=500, connection_id=CONNECTION, times=None)
    with pytest.raises(SDKError):
        lab.job(ours.job_id)
