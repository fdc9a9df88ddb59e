"""Nothing outside the data folder is touched, for any connection names and any links in it."""

import json

import pytest
from airbyte_api.errors import SDKError

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
OTHER = "9f0e3c9e-0d4b-4a51-9a2b-3a1d2c9b7e55"
NO_IDS = (
    "..",
    "%2e%2e",
    ".",
    "%2Fetc",
    "..%2f..%2fx",
    "x%00y",
    "a%0A",
    "unknown",
    CONNECTION + "%0A",
    "x" * 300,
)


def outside(airbyte) -> list[str]:
    return sorted(path.name for path in airbyte.folder.parent.iterdir())


def failure(airbyte) -> str:
    return airbyte.admin("GET", "/jobs")["jobs"][-1]["failure"]


def test_an_id_that_is_not_a_uuid_creates_no_connection(airbyte):
    (airbyte.folder.parent / "kept.jsonl").write_text("kept\n")
    for connection_id in NO_IDS:
        path = f"/local-admin/connections/{connection_id}"
        status, _ = airbyte.raw("PUT", path, '{"name": "not a plain name"}')
        assert status in (400, 404), connection_id  # 404: a quoted slash makes it another path
        for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/jobs")):
            assert airbyte.raw(method, path + rest, "{}")[0] == 404, (method, connection_id)
    assert outside(airbyte) == ["data", "kept.jsonl"]


def test_ids_are_the_same_in_upper_case(airbyte):
    airbyte.admin("PUT", f"/connections/{OTHER.upper()}", {"name": "other"})
    airbyte.rows(7, 0)
    job = airbyte.submit(OTHER.upper())
    assert (airbyte.wait(job.job_id).connection_id, airbyte.wait(job.job_id).rows_synced) == (OTHER, 400)
    assert [each.job_id for each in airbyte.jobs(connection_id=OTHER.upper())] == [job.job_id]
    for asked in (OTHER, OTHER.upper()):
        airbyte.fault("POST /jobs", "status", connection_id=OTHER.upper(), code=500)
        with pytest.raises(SDKError):
            airbyte.submit(asked)


@pytest.mark.parametrize("connection_id", ["..", "", "abc", "\ud800", "x" * 300])
def test_a_submission_needs_a_uuid(airbyte, connection_id):
    token = airbyte.http.post(
        f"{airbyte.server.url}/applications/token",
        json={"client_id": airbyte.client_id, "client_secret": "test-secret"},
    ).json()["access_token"]
    body = json.dumps({"connectionId": connection_id, "jobType": "sync"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = airbyte.http.post(f"{airbyte.server.url}/jobs", content=body, headers=headers)
    assert answer.status_code == (400 if connection_id in ("", "\ud800") else 404)


def test_a_folder_that_an_earlier_server_named_badly_is_not_used(airbyte):
    (airbyte.folder.parent / "kept.jsonl").write_text("kept\n")
    airbyte.server.platform.store.put_document("folder", CONNECTION, {"name": ".."})
    for job_type in ("sync", "reset"):
        assert airbyte.sync(job_type).status.value == "failed"
        assert failure(airbyte) == "'..' cannot be the name of a folder"
    assert outside(airbyte) == ["data", "kept.jsonl"]


@pytest.mark.parametrize(
    "name", ["..", "../x", "/etc", "a/b", ".hidden", "url", "Connector", OTHER, "x" * 300, "ü"]
)
def test_a_name_that_cannot_be_a_folder_is_not_used_as_one(airbyte, name):
    airbyte.admin("PUT", f"/connections/{CONNECTION}", {"name": name})
    assert airbyte.sync().status.value == "succeeded"
    assert (airbyte.folder / CONNECTION / "orders.jsonl").exists()
    assert outside(airbyte) == ["data"]


def test_names_that_differ_in_case_alone_do_not_share_a_folder(airbyte):
    airbyte.admin("PUT", f"/connections/{OTHER}", {"name": "MONEY_TO_JSON"})
    airbyte.sync()
    airbyte.wait(airbyte.submit(OTHER).job_id)
    assert (airbyte.folder / OTHER / "orders.jsonl").exists()


def test_a_linked_folder_is_not_followed(airbyte):
    elsewhere = airbyte.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.jsonl").write_text("kept\n")
    (airbyte.folder / "money_to_json").symlink_to(elsewhere)
    for job_type in ("sync", "reset"):
        assert airbyte.sync(job_type).status.value == "failed"
        assert failure(airbyte) == f"{airbyte.folder / 'money_to_json'} is a symbolic link"
    assert [path.read_text() for path in elsewhere.iterdir()] == ["kept\n"]


def test_a_linked_file_is_not_followed(airbyte):
    airbyte.sync()
    kept, orders = airbyte.folder.parent / "kept", airbyte.folder / "money_to_json" / "orders.jsonl"
    kept.write_text("kept\n" * 100_000)  # longer than the stream: it would be truncated
    orders.unlink()
    orders.symlink_to(kept)
    assert airbyte.sync().status.value == "failed"
    assert failure(airbyte) == f"{orders} is a symbolic link"
    assert airbyte.sync("reset").status.value == "succeeded"
    assert kept.read_text() == "kept\n" * 100_000
