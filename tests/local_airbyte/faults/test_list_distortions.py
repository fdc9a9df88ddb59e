"""Faults of lists and their pages, over HTTP."""

from itertools import chain

import httpx
import pytest

URL = "/connections?includeDeleted=true"  # 24 of them


@pytest.fixture
def api(airbyte):
    with httpx.Client(
        base_url=airbyte.server.url, timeout=5.0, verify=False, headers=airbyte.bearer()
    ) as client:
        yield client


def page(api, limit: int, offset: int) -> list[str]:
    answer = api.get(f"{URL}&limit={limit}&offset={offset}")
    return [connection["connectionId"] for connection in answer.json()["data"]]


def pages(api, limit: int) -> list[list[str]]:
    """Return all pages up to the first empty one."""
    found = [page(api, limit, 0)]
    while found[-1]:
        found.append(page(api, limit, limit * len(found)))
    return found[:-1]


def test_unordered(airbyte, api):
    ids = page(api, 100, 0)
    airbyte.fault("GET /connections", "unordered", times=None)
    first, second = page(api, 100, 0), page(api, 100, 0)
    assert sorted(first) == sorted(second) == sorted(ids)
    assert len({tuple(ids), tuple(first), tuple(second)}) == 3
    # Pages of different orders repeat some connections and lack others.
    found = [*chain(*pages(api, 6))]
    assert len(set(found)) < len(found) == len(ids)
    airbyte.admin("DELETE", "/faults")
    airbyte.fault("GET /connections", "unordered")
    assert (page(api, 100, 0), page(api, 100, 0)) == (first, ids)
    airbyte.fault("GET /connections", "unordered", seed=1)
    assert page(api, 100, 0) != first


def test_unordered_lists_of_more_than_one_page(airbyte, api):
    entries = [{"name": f"sync {number}"} for number in range(200)]
    airbyte.admin("POST", "/contents", {"connections": entries})
    airbyte.fault("GET /connections", "unordered")
    names = {connection["name"] for connection in api.get(f"{URL}&limit=100").json()["data"]}
    assert names & {f"sync {number}" for number in range(100, 200)}


def test_overlapping(airbyte, api):
    ids = page(api, 100, 0)
    airbyte.fault("GET /connections", "overlapping", times=None)
    found = [*chain(*pages(api, 10))]
    assert found == [*ids[:10], *ids[9:-1]]


def test_short_pages(airbyte, api):
    ids = page(api, 100, 0)
    airbyte.fault("GET /connections", "short_pages", times=None)
    assert [len(each) for each in pages(api, 10)] == [5, 5, 5, 5, 4]
    assert [*chain(*pages(api, 10))] == ids
    assert [*chain(*pages(api, 1))] == ids
    last = api.get(f"{URL}&limit=10&offset=40").json()
    assert (len(last["data"]), last["next"] != "") == (4, True)


def test_lying_next(airbyte, api):
    airbyte.fault("GET /connections", "lying_next", times=None)
    middle, end = api.get(f"{URL}&limit=10").json(), api.get(f"{URL}&limit=10&offset=100").json()
    assert (len(middle["data"]), middle["next"], end["data"]) == (10, "", [])
    assert end["next"] == f"{airbyte.server.url}{URL}&limit=10&offset=110"


@pytest.mark.parametrize("kind", ["unordered", "overlapping", "short_pages", "lying_next"])
def test_other_answers_are_left_as_they_are(airbyte, api, kind):
    for path in ("/tags", "/connections?limit=0", "/workspaces/nobody", "/streams?sourceId=x"):
        expected = api.get(path)
        airbyte.fault("*", kind)
        found = api.get(path)
        if kind != "lying_next" or path != "/tags":
            assert (found.status_code, found.json()) == (expected.status_code, expected.json())
