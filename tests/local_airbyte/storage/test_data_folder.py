"""Nothing outside the data folder is touched, whatever connections are called and whatever links it holds."""

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


def outside(lab) -> list[str]:
    return sorted(path.name for path in lab.folder.parent.iterdir())


def failure(lab) -> str:
    return lab.admin("GET", "/jobs")["jobs"][-1]["failure"]


def test_an_id_that_is_not_a_uuid_creates_no_connection(lab):
    (lab.folder.parent / "kept.jsonl").write_text("kept\n")
    for connection_id in NO_IDS:
        path = f"/local-admin/connections/{connection_id}"
        status, _ = lab.raw("PUT", path, '{"name": "not a plain name"}')
        assert status in (400, 404), connection_id  # 404: a quoted slash makes it another path
        for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/jobs")):
            assert lab.raw(method, path + rest, "{}")[0] == 404, (method, connection_id)
    assert outside(lab) == ["data", "kept.jsonl"]


def test_ids_are_the_same_in_upper_case(lab):
    lab.admin("PUT", f"/connections/{OTHER.upper()}", {"name": "other"})
    lab.rows(7, 0)
    job = lab.submit(OTHER.upper())
    assert (lab.wait(job.job_id).connection_id, lab.wait(job.job_id).rows_synced) == (OTHER, 400)
    assert [each.job_id for each in lab.jobs(connection_id=OTHER.upper())] == [job.job_id]
    for asked in (OTHER, OTHER.upper()):
        lab.fault("POST /jobs", "status", connection_id=OTHER.upper(), code=500)
        with pytest.raises(SDKError):
            lab.submit(asked)


@pytest.mark.parametrize("connection_id", ["..", "", "abc", "\ud800", "x" * 300])
def test_a_submission_needs_a_uuid(lab, connection_id):
    token = lab.http.post(
        f"{lab.server.url}/applications/token",
        json={"client_id": lab.client_id, "client_secret": "test-secret"},
    ).json()["access_token"]
    body = json.dumps({"connectionId": connection_id, "jobType": "sync"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = lab.http.post(f"{lab.server.url}/jobs", content=body, headers=headers)
    assert answer.status_code == (400 if connection_id in ("", "\ud800") else 404)


def test_a_folder_that_an_earlier_server_named_badly_is_not_used(lab):
    (lab.folder.parent / "kept.jsonl").write_text("kept\n")
    lab.server.platform.store.put_document("folder", CONNECTION, {"name": ".."})
    for job_type in ("sync", "reset"):
        assert lab.sync(job_type).status.value == "failed"
        assert failure(lab) == "'..' cannot be the name of a folder"
    assert outside(lab) == ["data", "kept.jsonl"]


@pytest.mark.parametrize(
    "name", ["..", "../x", "/etc", "a/b", ".hidden", "url", "Connector", OTHER, "x" * 300, "ü"]
)
def test_a_name_that_cannot_be_a_folder_is_not_used_as_one(lab, name):
    lab.admin("PUT", f"/connections/{CONNECTION}", {"name": name})
    assert lab.sync().status.value == "succeeded"
    assert (lab.folder / CONNECTION / "orders.jsonl").exists()
    assert outside(lab) == ["data"]


def test_names_that_differ_in_case_alone_do_not_share_a_folder(lab):
    lab.admin("PUT", f"/connections/{OTHER}", {"name": "MONEY_TO_JSON"})
    lab.sync()
    lab.wait(lab.submit(OTHER).job_id)
    assert (lab.folder / OTHER / "orders.jsonl").exists()


def test_a_linked_folder_is_not_followed(lab):
    elsewhere = lab.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.jsonl").write_text("kept\n")
    (lab.folder / "money_to_json").symlink_to(elsewhere)
    for job_type in ("sync", "reset"):
        assert lab.sync(job_type).status.value == "failed"
        assert failure(lab) == f"{lab.folder / 'money_to_json'} is a symbolic link"
    assert [path.read_text() for path in elsewhere.iterdir()] == ["kept\n"]


def test_a_linked_file_is_not_followed(lab):
    lab.sync()
    kept, orders = lab.folder.parent / "kept", lab.folder / "money_to_json" / "orders.jsonl"
    kept.write_text("kept\n" * 100_000)  # longer than the stream: it would be truncated
    orders.unlink()
    orders.symlink_to(kept)
    assert lab.sync().status.value == "failed"
    assert failure(lab) == f"{orders} is a symbolic link"
    assert lab.sync("reset").status.value == "succeeded"
    assert kept.read_text() == "kept\n" * 100_000
