"""Lists with pages and filters, and the routes for everything but jobs."""

import pytest
from airbyte_api.api import (
    GetConnectionRequest,
    ListConnectionsRequest,
    ListWorkspacesRequest,
    PatchConnectionRequest,
)
from airbyte_api.errors import SDKError
from airbyte_api.models import (
    AirbyteAPIConnectionSchedule,
    ConnectionPatchRequest,
    ConnectionStatusEnum,
    JobStatusEnum,
    ScheduleTypeEnum,
)

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"


def connections(lab, **filters):
    return lab.sdk.connections.list_connections(
        request=ListConnectionsRequest(**filters)
    ).connections_response


def patch(lab, connection_id=CONNECTION, **changes):
    request = PatchConnectionRequest(
        connection_id=connection_id, connection_patch_request=ConnectionPatchRequest(**changes)
    )
    return lab.sdk.connections.patch_connection(request=request).connection_response


def bearer(lab) -> dict[str, str]:
    body = {"client_id": lab.client_id, "client_secret": "test-secret"}
    token = lab.http.post(f"{lab.server.url}/applications/token", json=body).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_the_seeds_fill_two_pages_and_every_status(lab):
    first, second = connections(lab), connections(lab, offset=20)
    assert (len(first.data), len(second.data) > 0) == (20, True)
    everything = [*first.data, *second.data, *connections(lab, include_deleted=True, limit=100).data]
    assert {each.status for each in everything} == set(ConnectionStatusEnum)
    assert {each.schedule.schedule_type.value for each in everything} == {"manual", "cron", "basic"}
    assert any(each.tags for each in everything)
    workspaces = lab.sdk.workspaces.list_workspaces(request=ListWorkspacesRequest()).workspaces_response
    assert len(workspaces.data) == 2


def test_a_page_that_is_not_empty_has_a_next_one(lab):
    last = connections(lab, limit=100)
    assert (last.next.startswith(lab.server.url), last.previous) == (True, "")
    empty = connections(lab, limit=100, offset=100)
    assert (empty.data, empty.next, empty.previous != "") == ([], "", True)


def test_a_limit_out_of_range_is_a_bad_request(lab):
    for limit in (0, 101):
        with pytest.raises(SDKError) as caught:
            connections(lab, limit=limit)
        assert caught.value.raw_response.json()["title"] == "bad-request"


def test_connections_of_a_workspace_and_of_a_tag(lab):
    everything = connections(lab, limit=100).data
    workspace = everything[0].workspace_id
    of_workspace = connections(lab, limit=100, workspace_ids=[workspace]).data
    assert 0 < len(of_workspace) < len(everything)
    tag = next(each.tags[0].tag_id for each in everything if each.tags)
    assert {each.tags[0].tag_id for each in connections(lab, tag_ids=[tag]).data} == {tag}


def test_jobs_are_listed_oldest_first(lab):
    lab.script({"run": 0})
    ids = [lab.sync().job_id for _ in range(3)]
    assert [job.job_id for job in lab.jobs(connection_id=CONNECTION)] == ids
    assert [job.job_id for job in lab.jobs(order_by="createdAt|DESC", limit=2)] == ids[::-1][:2]
    assert lab.jobs(status=JobStatusEnum.FAILED) == []
    with pytest.raises(SDKError) as caught:
        lab.jobs(order_by="rows|DESC")
    assert caught.value.status_code == 400


def test_jobs_by_time_type_and_workspace(lab):
    lab.script({"run": 0})
    sync, reset = lab.sync(), lab.sync("reset")
    assert [job.job_id for job in lab.jobs(job_type="reset")] == [reset.job_id]
    connection = lab.sdk.connections.get_connection(
        request=GetConnectionRequest(connection_id=CONNECTION)
    ).connection_response
    assert len(lab.jobs(workspace_ids=[connection.workspace_id])) == 2
    assert lab.jobs(workspace_ids=["00000000-0000-4000-8000-000000000000"]) == []
    headers = bearer(lab)
    for query, expected in (
        ("createdAtStart=2020-01-01T00:00:00Z", [sync.job_id, reset.job_id]),
        ("createdAtEnd=2020-01-01T00:00:00Z", []),
        ("updatedAtStart=2099-01-01T00:00:00Z", []),
    ):
        answer = lab.http.get(f"{lab.server.url}/jobs?{query}", headers=headers)
        assert [job["jobId"] for job in answer.json()["data"]] == expected, query


def test_the_next_page_drops_status_and_order(lab):
    lab.sync()
    query = "status=succeeded&orderBy=createdAt|DESC&connectionId=" + CONNECTION
    page = lab.http.get(f"{lab.server.url}/jobs?{query}", headers=bearer(lab)).json()
    assert page["next"] == f"{lab.server.url}/jobs?limit=20&offset=20&connectionId={CONNECTION}"


def test_patch(lab):
    assert patch(lab, name="renamed", status=ConnectionStatusEnum.INACTIVE).name == "renamed"
    schedule = AirbyteAPIConnectionSchedule(
        schedule_type=ScheduleTypeEnum.CRON, cron_expression="0 15 * * * ? UTC"
    )
    assert patch(lab, schedule=schedule).schedule.cron_expression == "0 15 * * * ? UTC"


def test_patch_refuses_a_wrong_cron_expression(lab):
    schedule = AirbyteAPIConnectionSchedule(
        schedule_type=ScheduleTypeEnum.CRON, cron_expression="0 * * * * ?"
    )
    with pytest.raises(SDKError) as caught:
        patch(lab, schedule=schedule)
    assert caught.value.status_code == 400


def test_a_locked_connection_is_not_changed(lab):
    locked = next(each for each in connections(lab, limit=100).data if each.status.value == "locked")
    with pytest.raises(SDKError) as caught:
        patch(lab, locked.connection_id, name="other")
    assert caught.value.raw_response.json()["type"] == "error:connection/locked"


def test_a_connection_is_created_and_deleted(lab):
    headers = bearer(lab)
    source = lab.http.get(f"{lab.server.url}/sources", headers=headers).json()["data"][0]
    destination = lab.http.get(f"{lab.server.url}/destinations", headers=headers).json()["data"][0]
    body = {"sourceId": source["sourceId"], "destinationId": destination["destinationId"], "name": "new"}
    created = lab.http.post(f"{lab.server.url}/connections", json=body, headers=headers).json()
    lab.script({"run": 0})
    job = lab.submit(created["connectionId"])
    url = f"{lab.server.url}/connections/{created['connectionId']}"
    assert lab.http.delete(url, headers=headers).status_code == 204
    assert lab.job(job.job_id).status is JobStatusEnum.CANCELLED
    assert lab.http.get(url, headers=headers).json()["status"] == "deprecated"


def test_the_other_routes(lab):
    headers = bearer(lab)
    assert lab.sdk.health.get_health_check().status_code == 200
    for prefix in ("/v1", "/api/public/v1"):
        base = lab.server.root_url + prefix
        for collection in ("workspaces", "sources", "destinations", "tags"):
            [first, *_] = lab.http.get(f"{base}/{collection}", headers=headers).json()["data"]
            key = f"{collection.removesuffix('s')}Id"
            assert lab.http.get(f"{base}/{collection}/{first[key]}", headers=headers).json() == first
            assert lab.http.get(f"{base}/{collection}/nobody", headers=headers).status_code == 404
        streams = lab.http.get(f"{base}/streams?sourceId=x", headers=headers).json()
        assert [stream["streamName"] for stream in streams] == ["customers", "orders", "payments"]
        assert lab.http.get(f"{base}/nothing", headers=headers).status_code == 404
        assert lab.http.get(f"{base}/jobs/abc", headers=headers).status_code == 400
        assert lab.http.post(f"{base}/jobs", json=[], headers=headers).status_code == 400
        assert lab.http.put(f"{base}/jobs", headers=headers).status_code == 405
