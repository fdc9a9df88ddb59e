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


def connections(airbyte, **filters):
    return airbyte.sdk.connections.list_connections(
        request=ListConnectionsRequest(**filters)
    ).connections_response


def patch(airbyte, connection_id=CONNECTION, **changes):
    request = PatchConnectionRequest(
        connection_id=connection_id, connection_patch_request=ConnectionPatchRequest(**changes)
    )
    return airbyte.sdk.connections.patch_connection(request=request).connection_response


def test_the_seeds_fill_two_pages_and_every_status(airbyte):
    first, second = connections(airbyte), connections(airbyte, offset=20)
    assert (len(first.data), len(second.data) > 0) == (20, True)
    everything = [*first.data, *second.data, *connections(airbyte, include_deleted=True, limit=100).data]
    assert {each.status for each in everything} == set(ConnectionStatusEnum)
    assert {each.schedule.schedule_type.value for each in everything} == {"manual", "cron", "basic"}
    assert any(each.tags for each in everything)
    workspaces = airbyte.sdk.workspaces.list_workspaces(request=ListWorkspacesRequest()).workspaces_response
    assert len(workspaces.data) == 2


def test_a_page_that_is_not_empty_has_a_next_one(airbyte):
    last = connections(airbyte, limit=100)
    assert (last.next.startswith(airbyte.server.url), last.previous) == (True, "")
    empty = connections(airbyte, limit=100, offset=100)
    assert (empty.data, empty.next, empty.previous != "") == ([], "", True)


def test_a_limit_out_of_range_is_a_bad_request(airbyte):
    for limit in (0, 101):
        with pytest.raises(SDKError) as caught:
            connections(airbyte, limit=limit)
        assert caught.value.raw_response.json()["title"] == "bad-request"


def test_connections_of_a_workspace_and_of_a_tag(airbyte):
    everything = connections(airbyte, limit=100).data
    workspace = everything[0].workspace_id
    of_workspace = connections(airbyte, limit=100, workspace_ids=[workspace]).data
    assert 0 < len(of_workspace) < len(everything)
    tag = next(each.tags[0].tag_id for each in everything if each.tags)
    assert {each.tags[0].tag_id for each in connections(airbyte, tag_ids=[tag]).data} == {tag}


def test_jobs_are_listed_oldest_first(airbyte):
    airbyte.script({"run": 0})
    ids = [airbyte.sync().job_id for _ in range(3)]
    assert [job.job_id for job in airbyte.jobs(connection_id=CONNECTION)] == ids
    assert [job.job_id for job in airbyte.jobs(order_by="createdAt|DESC", limit=2)] == ids[::-1][:2]
    assert airbyte.jobs(status=JobStatusEnum.FAILED) == []
    with pytest.raises(SDKError) as caught:
        airbyte.jobs(order_by="rows|DESC")
    assert caught.value.status_code == 400


def test_jobs_by_time_type_and_workspace(airbyte):
    airbyte.script({"run": 0})
    sync, reset = airbyte.sync(), airbyte.sync("reset")
    assert [job.job_id for job in airbyte.jobs(job_type="reset")] == [reset.job_id]
    connection = airbyte.sdk.connections.get_connection(
        request=GetConnectionRequest(connection_id=CONNECTION)
    ).connection_response
    assert len(airbyte.jobs(workspace_ids=[connection.workspace_id])) == 2
    assert airbyte.jobs(workspace_ids=["00000000-0000-4000-8000-000000000000"]) == []
    headers = airbyte.bearer()
    for query, expected in (
        ("createdAtStart=2020-01-01T00:00:00Z", [sync.job_id, reset.job_id]),
        ("createdAtEnd=2020-01-01T00:00:00Z", []),
        ("updatedAtStart=2099-01-01T00:00:00Z", []),
    ):
        answer = airbyte.http.get(f"{airbyte.server.url}/jobs?{query}", headers=headers)
        assert [job["jobId"] for job in answer.json()["data"]] == expected, query


def test_the_next_page_drops_status_and_order(airbyte):
    airbyte.sync()
    query = "status=succeeded&orderBy=createdAt|DESC&connectionId=" + CONNECTION
    page = airbyte.http.get(f"{airbyte.server.url}/jobs?{query}", headers=airbyte.bearer()).json()
    assert page["next"] == f"{airbyte.server.url}/jobs?limit=20&offset=20&connectionId={CONNECTION}"


def test_patch(airbyte):
    assert patch(airbyte, name="renamed", status=ConnectionStatusEnum.INACTIVE).name == "renamed"
    schedule = AirbyteAPIConnectionSchedule(
        schedule_type=ScheduleTypeEnum.CRON, cron_expression="0 15 * * * ? UTC"
    )
    assert patch(airbyte, schedule=schedule).schedule.cron_expression == "0 15 * * * ? UTC"


def test_patch_refuses_a_wrong_cron_expression(airbyte):
    schedule = AirbyteAPIConnectionSchedule(
        schedule_type=ScheduleTypeEnum.CRON, cron_expression="0 * * * * ?"
    )
    with pytest.raises(SDKError) as caught:
        patch(airbyte, schedule=schedule)
    assert caught.value.status_code == 400


def test_a_locked_connection_is_not_changed(airbyte):
    locked = next(each for each in connections(airbyte, limit=100).data if each.status.value == "locked")
    with pytest.raises(SDKError) as caught:
        patch(airbyte, locked.connection_id, name="other")
    assert caught.value.raw_response.json()["type"] == "error:connection/locked"


def test_a_connection_is_created_and_deleted(airbyte):
    headers = airbyte.bearer()
    source = airbyte.http.get(f"{airbyte.server.url}/sources", headers=headers).json()["data"][0]
    destination = airbyte.http.get(f"{airbyte.server.url}/destinations", headers=headers).json()["data"][0]
    body = {"sourceId": source["sourceId"], "destinationId": destination["destinationId"], "name": "new"}
    created = airbyte.http.post(f"{airbyte.server.url}/connections", json=body, headers=headers).json()
    airbyte.script({"run": 0})
    job = airbyte.submit(created["connectionId"])
    url = f"{airbyte.server.url}/connections/{created['connectionId']}"
    assert airbyte.http.delete(url, headers=headers).status_code == 204
    assert airbyte.job(job.job_id).status is JobStatusEnum.CANCELLED
    assert airbyte.http.get(url, headers=headers).json()["status"] == "deprecated"


def test_the_other_routes(airbyte):
    headers = airbyte.bearer()
    assert airbyte.sdk.health.get_health_check().status_code == 200
    for prefix in ("/v1", "/api/public/v1"):
        base = airbyte.server.root_url + prefix
        for collection in ("workspaces", "sources", "destinations", "tags"):
            [first, *_] = airbyte.http.get(f"{base}/{collection}", headers=headers).json()["data"]
            key = f"{collection.removesuffix('s')}Id"
            assert airbyte.http.get(f"{base}/{collection}/{first[key]}", headers=headers).json() == first
            assert airbyte.http.get(f"{base}/{collection}/nobody", headers=headers).status_code == 404
        streams = airbyte.http.get(f"{base}/streams?sourceId=x", headers=headers).json()
        assert [stream["streamName"] for stream in streams] == ["customers", "orders", "payments"]
        assert airbyte.http.get(f"{base}/nothing", headers=headers).status_code == 404
        assert airbyte.http.get(f"{base}/jobs/abc", headers=headers).status_code == 400
        assert airbyte.http.post(f"{base}/jobs", json=[], headers=headers).status_code == 400
        assert airbyte.http.put(f"{base}/jobs", headers=headers).status_code == 405
