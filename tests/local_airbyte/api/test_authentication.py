"""Access tokens: created for JSON and forms, valid across restarts, expired and revoked."""

import pytest
from airbyte_api.errors import SDKError


def ask(airbyte, **how):
    return airbyte.http.post(f"{airbyte.server.url}/applications/token", **how)


def test_json_and_form_give_a_token(airbyte):
    fields = {
        "client_id": airbyte.client_id,
        "client_secret": "test-secret",
        "grant_type": "client_credentials",
    }
    for how in ({"json": fields}, {"data": fields}):
        answer = ask(airbyte, **how).json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)


def test_wrong_credentials_answer_as_a_self_managed_airbyte(airbyte):
    answer = ask(airbyte, json={"client_id": airbyte.client_id, "client_secret": "wrong"})
    assert answer.status_code == 400
    assert answer.json()["_embedded"] == {"errors": [{"message": "Invalid client id or token"}]}


def test_calls_without_a_valid_token_are_refused(airbyte):
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        assert airbyte.http.get(f"{airbyte.server.url}/jobs", headers=headers).status_code == 401
    airbyte.admin("PATCH", "/settings", {"require_auth": False})
    assert airbyte.http.get(f"{airbyte.server.url}/jobs").status_code == 200


def test_a_token_survives_a_restart(airbyte):
    airbyte.jobs()
    airbyte.restart()
    airbyte.jobs()
    assert "POST /applications/token" not in airbyte.admin("GET", "/counters")["requests"]


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_token_expires(airbyte, how):
    airbyte.jobs()
    if how == "revoked":
        airbyte.admin("POST", "/tokens/revoke")
    else:
        airbyte.admin("PATCH", "/settings", {"clock_shift": 1000})
    with pytest.raises(SDKError) as caught:
        airbyte.jobs()
    assert caught.value.status_code == 401
    airbyte.jobs()
