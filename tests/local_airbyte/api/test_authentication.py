"""Access tokens: created for JSON and forms, valid across restarts, expired and revoked."""

import pytest
from airbyte_api.errors import SDKError


def ask(lab, **how):
    return lab.http.post(f"{lab.server.url}/applications/token", **how)


def test_json_and_form_give_a_token(lab):
    fields = {"client_id": lab.client_id, "client_secret": "test-secret", "grant_type": "client_credentials"}
    for how in ({"json": fields}, {"data": fields}):
        answer = ask(lab, **how).json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)


def test_wrong_credentials_answer_as_a_self_managed_airbyte(lab):
    answer = ask(lab, json={"client_id": lab.client_id, "client_secret": "wrong"})
    assert answer.status_code == 400
    assert answer.json()["_embedded"] == {"errors": [{"message": "Invalid client id or token"}]}


def test_calls_without_a_valid_token_are_refused(lab):
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        assert lab.http.get(f"{lab.server.url}/jobs", headers=headers).status_code == 401
    lab.admin("PATCH", "/settings", {"require_auth": False})
    assert lab.http.get(f"{lab.server.url}/jobs").status_code == 200


def test_a_token_outlives_a_restart(lab):
    lab.jobs()
    lab.restart()
    lab.jobs()
    assert "POST /applications/token" not in lab.admin("GET", "/counters")["requests"]


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_token_ends(lab, how):
    lab.jobs()
    if how == "revoked":
        lab.admin("POST", "/tokens/revoke")
    else:
        lab.admin("PATCH", "/settings", {"clock_shift": 1000})
    with pytest.raises(SDKError) as caught:
        lab.jobs()
    assert caught.value.status_code == 401
    lab.jobs()
