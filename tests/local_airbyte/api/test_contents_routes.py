"""Workspaces and what they contain, made with one call and listed as Airbyte lists them."""

import pytest
from airbyte_api.api import (
    ListConnectionsRequest,
    ListTagsRequest,
)

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
CRON = {"scheduleType": "cron", "cronExpression": "0 30 5 * * ? Europe/Berlin"}
BASIC = {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}
SHOP = {
    "workspaces": [{"name": "shop"}],
    "sources": [
        {"name": "orders db", "sourceType": "postgres", "workspace": "shop"},
        {"name": "own", "sourceType": "", "workspace": "shop"},
    ],
    "destinations": [{"name": "lake", "destinationType": "s3", "workspace": "shop"}],
    "tags": [{"name": "nightly", "workspace": "shop", "color": "FF5733"}],
}


def listed(airbyte, path: str) -> list[dict]:
    answer = airbyte.http.get(airbyte.server.url + path, headers=airbyte.bearer())
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_a_workspace_is_made_with_all_that_it_contains(airbyte):
    stream = {"name": "orders", "namespace": "public", "syncMode": "full_refresh_append"}
    entry = {
        "name": "orders → lake",
        "workspace": "shop",
        "source": "own",
        "destination": "lake",
        "schedule": CRON,
        "tags": ["nightly"],
        "status": "inactive",
        "prefix": "raw_",
        "namespaceDefinition": "custom_format",
        "namespaceFormat": "x_${SOURCE_NAMESPACE}",
        "streams": [stream],
    }
    made = airbyte.admin("POST", "/contents", {**SHOP, "connections": [entry]})
    [workspace] = made["workspaces"]
    query = f"?workspaceIds={workspace['workspaceId']}"
    for kind in ("workspaces", "sources", "destinations", "tags", "connections"):
        assert listed(airbyte, f"/{kind}{query}") == made[kind]
    [connection] = made["connections"]
    assert {key: connection[key] for key in entry if key in connection} == {
        **{key: value for key, value in entry.items() if key in connection},
        "tags": made["tags"],
    }
    assert connection["configurations"] == {"streams": [stream]}
    assert connection["sourceId"] == made["sources"][1]["sourceId"]
    assert [source["sourceType"] for source in made["sources"]] == ["postgres", ""]
    assert made["sources"][0]["configuration"]["password"] == "**********"
    assert (
        airbyte.http.get(
            f"{airbyte.server.url}/connections/{connection['connectionId']}", headers=airbyte.bearer()
        ).json()
        == connection
    )


def test_two_hundred_scheduled_connections(airbyte):
    names = [f"sync {number:03}" for number in range(200)]
    entries = [{"name": name, "workspace": "shop", "schedule": BASIC} for name in names]
    airbyte.admin("POST", "/contents", SHOP)
    made = airbyte.admin("POST", "/contents", {"connections": entries})
    query = f"/connections?workspaceIds={made['connections'][0]['workspaceId']}&limit=100&offset="
    pages = [listed(airbyte, query + str(offset)) for offset in (0, 100, 200)]
    assert [len(page) for page in pages] == [100, 100, 0]
    assert [each["name"] for page in pages for each in page] == names
    assert len(airbyte.admin("GET", "/schedules")["schedules"]) == 202


def test_a_connection_may_have_had_a_sync(airbyte):
    entry = {"name": "old", "schedule": BASIC, "lastSyncAt": "2026-01-31T12:00:01Z"}
    [connection] = airbyte.admin("POST", "/contents", {"connections": [entry]})["connections"]
    [job] = airbyte.jobs(connection_id=connection["connectionId"])
    assert (job.status.value, job.start_time) == ("succeeded", "2026-01-31T12:00:01Z")
    due = {each["connectionId"]: each["dueAt"] for each in airbyte.admin("GET", "/schedules")["schedules"]}
    assert due[connection["connectionId"]] == 1_769_947_201  # 24 hours later


def test_the_official_sdk_reads_what_was_made(airbyte):
    entry = {"name": "a", "workspace": "shop", "schedule": CRON, "tags": ["nightly"]}
    made = airbyte.admin("POST", "/contents", {**SHOP, "connections": [entry]})
    workspace_ids = [made["workspaces"][0]["workspaceId"]]
    [connection] = airbyte.sdk.connections.list_connections(
        request=ListConnectionsRequest(workspace_ids=workspace_ids)
    ).connections_response.data
    assert connection.schedule.cron_expression == CRON["cronExpression"]
    assert [tag.name for tag in connection.tags] == ["nightly"]


def test_names_need_not_be_unique(airbyte):
    entries = [{"name": "same"}, {"name": "same"}]
    made = airbyte.admin("POST", "/contents", {"connections": entries})["connections"]
    assert made[0]["connectionId"] != made[1]["connectionId"]


@pytest.mark.parametrize(
    "body",
    [
        {"things": []},
        {"connections": {}},
        {"connections": [1]},
        {"connections": [{}]},
        {"connections": [{"name": "a", "workspace": "nowhere"}]},
        {"connections": [{"name": "a", "tags": ["nothing"]}]},
        {"connections": [{"name": "a", "status": "asleep"}]},
        {"connections": [{"name": "a", "schedule": {"scheduleType": "cron", "cronExpression": "* *"}}]},
        {"connections": [{"name": "a", "connectionId": "a"}]},
        {"connections": [{"name": "a", "connectionId": CONNECTION}]},
        {"connections": [{"name": "a", "lastSyncAt": "yesterday"}]},
        {"connections": [{"name": "a", "namespaceDefinition": "mine"}]},
        {"workspaces": [{"name": "new"}], "connections": [{"name": "a", "workspace": "new"}]},
        {"sources": [{"name": "a", "type": "postgres"}]},
        {"sources": [{"name": "a", "deleted": "yes"}]},
    ],
)
def test_a_body_with_an_error_makes_nothing(airbyte, body):
    before = airbyte.sdk.connections.list_connections(request=ListConnectionsRequest(limit=100))
    url = f"{airbyte.server.admin_url}/contents"
    assert airbyte.http.post(url, json={**SHOP, **body}).status_code == 400
    after = airbyte.sdk.connections.list_connections(request=ListConnectionsRequest(limit=100))
    assert after.connections_response == before.connections_response
    assert len(listed(airbyte, "/workspaces")) == 2


def test_what_is_deleted_is_listed_only_if_asked_for(airbyte):
    body = {
        "workspaces": [{"name": "gone", "deleted": True}],
        "sources": [{"name": "gone", "deleted": True}],
        "destinations": [{"name": "gone", "deleted": True}],
    }
    airbyte.admin("POST", "/contents", body)
    for kind in body:
        assert "gone" not in [each["name"] for each in listed(airbyte, f"/{kind}")]
        assert "gone" in [each["name"] for each in listed(airbyte, f"/{kind}?includeDeleted=true")]


def test_tags_are_listed_all_at_once(airbyte):
    tags = airbyte.sdk.tags.list_tags(request=ListTagsRequest()).tags_response.data
    assert [tag.name for tag in tags] == ["nightly", "finance"]
    assert len(listed(airbyte, "/tags?limit=1&offset=5")) == 2


def test_a_connection_is_renamed_and_deleted(airbyte):
    path = f"/connections/{CONNECTION}"
    assert airbyte.admin("PATCH", path, {"name": "other"})["connection"]["name"] == "other"
    airbyte.admin("PATCH", path, {"tags": ["finance"], "schedule": BASIC, "status": "deprecated"})

    def find(query: str) -> list[dict]:
        found = listed(airbyte, f"/connections?limit=100{query}")
        return [each for each in found if each["connectionId"] == CONNECTION]

    assert find("") == []
    [connection] = find("&includeDeleted=true")
    assert (connection["status"], connection["tags"][0]["name"]) == ("deprecated", "finance")
    assert connection["schedule"] == BASIC
    for body in ({"name": ""}, {"tags": ["nothing"]}, {"schedule": {}}, {"workspace": "sandbox"}):
        assert airbyte.http.patch(airbyte.server.admin_url + path, json=body).status_code == 400
