"""Faults with odd responses, byte for byte, as any HTTP client gets them."""

import gzip
import json
import re
import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
OTHER = "9f0e3c9e-0d4b-4a51-9a2b-3a1d2c9b7e55"


@pytest.fixture
def api(airbyte):
    """A client of the public API with a token that follows no redirects."""
    airbyte.script({"run": 0})
    with httpx.Client(base_url=airbyte.server.url, timeout=5.0, verify=False) as client:
        client.headers["Authorization"] = f"Bearer {token(airbyte, client)['access_token']}"
        yield client


def token(airbyte, client) -> dict:
    body = {"client_id": airbyte.client_id, "client_secret": "test-secret"}
    return client.post("/applications/token", json=body).json()


def sync(api, connection_id: str = CONNECTION) -> dict:
    job = api.post("/jobs", json={"connectionId": connection_id, "jobType": "sync"}).json()
    while (now := api.get(f"/jobs/{job['jobId']}").json())["status"] != "succeeded":
        time.sleep(0.01)
    return now


def ids(answer) -> list[int]:
    return [job["jobId"] for job in answer.json()["data"]]


def call(airbyte, api, route: str) -> httpx.Response:
    """Call one of the two routes."""
    if route == "POST /applications/token":
        return api.post(
            "/applications/token", json={"client_id": airbyte.client_id, "client_secret": "test-secret"}
        )
    return api.get("/jobs", params={"connectionId": CONNECTION})


both_routes = pytest.mark.parametrize("route", ["GET /jobs", "POST /applications/token"])


@both_routes
def test_redirect(airbyte, api, route):
    path = {"GET /jobs": f"/v1/jobs?connectionId={CONNECTION}"}.get(route, "/v1/applications/token")
    for code in (301, 302, 303, 307, 308):
        airbyte.fault(route, "redirect", code=code)
        answer = call(airbyte, api, route)
        assert (answer.status_code, answer.headers["location"], answer.content) == (code, path, b"")
        assert api.send(answer.next_request).status_code in (200, 404)  # 404: a POST has become a GET
        assert call(airbyte, api, route).status_code == 200


def test_redirect_to_another_host(airbyte, api):
    airbyte.fault("*", "redirect", location="http://localhost:1{path}", times=2)
    assert api.get("/jobs?limit=1").headers["location"] == "http://localhost:1/api/public/v1/jobs?limit=1"
    answer = api.get("/jobs/%0D%0Ax%C3%A9")
    assert answer.headers["location"] == "http://localhost:1/api/public/v1/jobs/%0D%0Ax%C3%A9"


@pytest.mark.parametrize("code", [400, 500])
def test_order_refused(airbyte, api, code):
    job = sync(api)
    airbyte.fault("GET /jobs", "order_refused", code=code)
    assert ids(api.get("/jobs")) == [job["jobId"]]  # a call without an order does not use up the fault
    assert api.get("/jobs?orderBy=createdAt|DESC").status_code == code
    assert ids(api.get("/jobs?orderBy=createdAt|DESC")) == [job["jobId"]]


def test_order_ignored(airbyte, api):
    jobs = [sync(api)["jobId"] for _ in range(3)]
    airbyte.fault("GET /jobs", "order_ignored")
    assert ids(api.get("/jobs?orderBy=createdAt|DESC&limit=2")) == jobs[:2]
    assert ids(api.get("/jobs?orderBy=createdAt|DESC&limit=2")) == jobs[:0:-1]


def test_shuffled(airbyte, api):
    jobs = [sync(api)["jobId"] for _ in range(8)]
    airbyte.fault("GET /jobs", "shuffled", seed=7, times=None)
    whole = ids(api.get("/jobs?limit=20"))
    assert (sorted(whole), whole) != (whole, jobs[::-1])
    assert sorted(whole) == jobs
    assert ids(api.get("/jobs?limit=3&offset=2")) == whole[2:5]
    assert api.get("/jobs?orderBy=nothing").status_code == 400
    airbyte.admin("DELETE", "/faults")
    airbyte.fault("GET /jobs", "shuffled", seed=8)
    assert ids(api.get("/jobs")) != whole


def test_filter_ignored(airbyte, api):
    airbyte.admin("PUT", f"/connections/{OTHER}", {"name": "other"})
    theirs, ours = sync(api, OTHER)["jobId"], sync(api)["jobId"]
    reset = api.post("/jobs", json={"connectionId": CONNECTION, "jobType": "reset"}).json()["jobId"]
    query = f"/jobs?connectionId={CONNECTION}&jobType=sync"
    for more, expected in (
        ({}, [theirs, ours, reset]),
        ({"keys": ["jobType"]}, [ours, reset]),
        ({"keys": ["connectionId"]}, [theirs, ours]),
        ({"keys": []}, [ours]),
    ):
        airbyte.fault("GET /jobs", "filter_ignored", connection_id=CONNECTION, **more)
        assert ids(api.get(query)) == expected, more


def test_wrong_job(airbyte, api):
    first = sync(api)
    airbyte.fault("*", "wrong_job")
    second = sync(api)  # the first call for a job is for this one
    assert second["jobId"] == first["jobId"]
    newest = ids(api.get("/jobs?orderBy=createdAt|DESC"))[0]
    airbyte.fault("GET /jobs/{jobId}", "wrong_job", job_id=newest)
    assert api.get(f"/jobs/{first['jobId']}").json()["jobId"] == newest
    airbyte.fault("*", "wrong_job")
    assert api.delete(f"/jobs/{first['jobId']}").json()["jobId"] == first["jobId"]


def test_wrong_job_where_there_is_only_one(airbyte, api):
    job = sync(api)
    airbyte.fault("GET /jobs/{jobId}", "wrong_job")
    wrong = api.get(f"/jobs/{job['jobId']}").json()
    assert (wrong["jobId"], wrong["connectionId"]) != (job["jobId"], job["connectionId"])


def received(airbyte, route: str) -> tuple[bytes, bool]:
    """Return what a call of the route received until nothing came for a while, and whether it was closed."""
    method, _, path = route.partition(" ")
    request = f"{method} /v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    got = b""
    with socket.create_connection(("127.0.0.1", airbyte.server.port)) as client:
        client.sendall(request.encode())
        client.settimeout(0.5)
        try:
            while piece := client.recv(65536):
                got += piece
        except TimeoutError:
            return got, False
    return got, True


def test_drip_of_the_body(airbyte):
    airbyte.fault("GET /health", "drip", seconds=60)
    got, closed = received(airbyte, "GET /health")
    head, _, body = got.partition(b"\r\n\r\n")
    assert (b"content-length: 20" in head.lower(), body, closed) == (True, b"S", False)


def test_drip_of_the_headers(airbyte):
    airbyte.fault("GET /health", "drip", seconds=60, headers=True)
    assert received(airbyte, "GET /health") == (b"H", False)


@both_routes
@pytest.mark.parametrize("headers", [False, True])
def test_a_drip_ends(airbyte, api, route, headers):
    whole = call(airbyte, api, route)
    airbyte.fault(route, "drip", seconds=0, headers=headers)
    dripped = call(airbyte, api, route)
    assert (dripped.status_code, set(dripped.json())) == (200, set(whole.json()))
    assert set(dripped.headers) ^ set(whole.headers) <= {"connection", "server"}
    assert call(airbyte, api, route).status_code == 200


@both_routes
def test_huge_body(airbyte, api, route):
    airbyte.fault(route, "huge_body", mib=3)
    answer = call(airbyte, api, route)
    assert (len(answer.content) - len(answer.content.rstrip()), answer.status_code) == (3 * 2**20, 200)
    assert set(answer.json()) == set(call(airbyte, api, route).json())


@both_routes
def test_deep_json(airbyte, api, route):
    sync(api)
    airbyte.fault(route, "deep_json", depth=100_000)
    answer = call(airbyte, api, route)
    assert answer.text.count("[" * 100_000) == 1
    with pytest.raises(RecursionError):
        json.loads(answer.content)


@both_routes
def test_odd_number(airbyte, api, route):
    sync(api)
    key = {"GET /jobs": "jobId"}.get(route, "expires_in")
    for raw in ("1e999", "-1e999", "9" * 5000, "7.5", '"7"', '"seven"', "true", "null", "NaN", "[]"):
        airbyte.fault(route, "odd_number", keys=[key], raw=raw)
        assert f'"{key}": {raw}' in call(airbyte, api, route).text


def test_odd_number_is_the_job_id_unless_another_key_is_named(airbyte, api):
    job = sync(api)
    airbyte.fault("GET /jobs/{jobId}", "odd_number")
    assert '"jobId": 1e999' in api.get(f"/jobs/{job['jobId']}").text


def test_null_fields(airbyte, api):
    job = sync(api)
    airbyte.fault("GET /jobs/{jobId}", "null_fields")
    assert api.get(f"/jobs/{job['jobId']}").json() == {**job, "rowsSynced": None}
    airbyte.fault("GET /jobs", "null_fields", keys=["startTime", "absent"])
    assert api.get("/jobs").json()["data"] == [{**job, "startTime": None, "absent": None}]


def test_zone_less(airbyte, api):
    job = sync(api)
    airbyte.fault("*", "zone_less", times=2)
    for answer in (api.get(f"/jobs/{job['jobId']}"), api.get("/jobs")):
        [found] = answer.json().get("data", [answer.json()])
        assert found["startTime"] + "Z" == job["startTime"]
        assert found["lastUpdatedAt"] + "Z" == job["lastUpdatedAt"]
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d", answer.headers["date"])
    assert api.get("/jobs").headers["date"].endswith(" GMT")


def test_the_date_is_of_the_servers_clock(airbyte, api):
    before = parsedate_to_datetime(api.get("/health").headers["date"])
    airbyte.admin("PATCH", "/settings", {"clock_shift": 86_400 * 365})
    after = api.get("/health").headers
    assert (parsedate_to_datetime(after["date"]) - before).days == 365
    assert len(after.get_list("date")) == 1


def test_token(airbyte, api):
    for values in (
        *({"access_token": text} for text in ("two\nlines", "\r\n", " ", "a b", "", "ü", "\0", "“”")),
        *({"access_token": value} for value in (None, 7, [], {})),
        *({"expires_in": value} for value in (None, "900", "soon", -1, 0, 1e300, "900\n", "٩")),
        *({"token_type": value} for value in (None, "MAC", "bearer\n", 1)),
        {"access_token": None, "expires_in": None, "token_type": None},
    ):
        airbyte.fault("POST /applications/token", "token", values=values)
        answer = token(airbyte, api)
        assert {key: answer[key] for key in values} == values
        assert set(answer) == {"access_token", "expires_in", "token_type"}


@pytest.mark.parametrize("encoding", ["gzip", "made-up"])
@both_routes
def test_content_encoding(airbyte, api, route, encoding):
    airbyte.fault(route, "content_encoding", encoding=encoding)
    request = api.build_request("POST", "/applications/token", json={})
    if route == "GET /jobs":
        request = api.build_request("GET", "/jobs")
    answer = api.send(request, stream=True)
    content = b"".join(answer.iter_raw())
    assert (answer.headers["content-encoding"], content) == (encoding, f"this is not {encoding}".encode())
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(content)


def test_secret_echo(airbyte, api):
    airbyte.fault("*", "secret_echo", times=2)
    answer = api.post("/jobs", json={"connectionId": CONNECTION, "jobType": "sync"})
    assert answer.status_code == 500
    for part in (api.headers["authorization"], CONNECTION):
        assert part in answer.json()["message"]
    assert "test-secret" in token(airbyte, api)["detail"]
    assert airbyte.admin("GET", "/counters")["jobs"] == {}
    airbyte.fault("GET /jobs", "secret_echo", code=401)
    assert api.get("/jobs").status_code == 401


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_late_job(airbyte, api, seconds):
    airbyte.script({"run": 0}, end="hang")
    airbyte.fault("*", "late_job", seconds=seconds)
    api.get("/jobs")  # does not apply to other routes
    body = {"connectionId": CONNECTION, "jobType": "sync"}
    answer = api.post("/jobs", json=body)
    assert answer.status_code == 409
    assert (answer.json()["title"], answer.json()["data"]) == (
        "state-conflict",
        {"message": "Could not fulfill request"},
    )
    assert seconds > 0 or len(ids(api.get("/jobs"))) == 1
    while not ids(api.get("/jobs")):
        time.sleep(0.01)
    assert airbyte.admin("GET", "/counters")["requests"]["POST /jobs"] == {"409": 1}


def test_a_late_job_does_not_delay_the_stop_of_the_server(airbyte, api):
    airbyte.fault("POST /jobs", "late_job", seconds=3600)
    assert api.post("/jobs", json={"connectionId": CONNECTION, "jobType": "sync"}).status_code == 409
    airbyte.restart()
    assert airbyte.admin("GET", "/counters")["jobs"] == {}


def test_errors_and_texts_are_unchanged(airbyte, api):
    for kind in (
        "odd_number",
        "null_fields",
        "deep_json",
        "zone_less",
        "unknown_status",
        "shuffled",
        "token",
    ):
        airbyte.fault("*", kind, times=3)
        assert api.get("/jobs/999").json()["data"] == {"message": "Job is not currently running"}
        assert api.get("/health").text == "Successful operation"
        assert api.get("/streams").status_code == 200
    assert airbyte.admin("GET", "/faults")["faults"] == []


def test_faults_that_would_break_the_server_are_refused(airbyte):
    for fault in (
        *(
            {"kind": "status", "code": 199},
            {"kind": "status", "code": 600},
            {"kind": "redirect", "code": 200},
        ),
        *({"kind": "redirect", "location": "/x\r\nSet-Cookie: a"}, {"kind": "redirect", "location": "/ü"}),
        *({"kind": "content_encoding", "encoding": "a\nb"}, {"kind": "status", "retry_after": "1\r\nX: y"}),
        *(
            {"kind": "huge_body", "mib": -1},
            {"kind": "huge_body", "mib": 10**9},
            {"kind": "deep_json", "depth": -1},
        ),
        *({"kind": "html", "times": 0}, {"kind": "html", "skip": -1}, {"kind": "token", "values": []}),
        *({"kind": "odd_number", "raw": 7}, {"kind": "null_fields", "keys": "rowsSynced"}),
    ):
        answer = airbyte.http.post(f"{airbyte.server.admin_url}/faults", json={"route": "*", **fault})
        assert answer.status_code == 400, fault
