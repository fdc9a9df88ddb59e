"""Numbers and documents that break parsers are refused; the server never answers 500 because of them."""

import pytest

CONNECTION = "1e3b5a72-7bfd-4808-a13c-204505490110"
ADMIN = f"/local-admin/connections/{CONNECTION}"
BAD_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "9" * 5000, "-1")


def is_healthy(airbyte) -> bool:
    return airbyte.raw("GET", ADMIN)[0] == airbyte.raw("GET", "/local-admin/settings")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", ADMIN, '{"scripts": [{"steps": [{"run": %s}]}]}'),
        ("PATCH", ADMIN, '{"rows": {"first": %s}}'),
        ("PATCH", "/local-admin/settings", '{"cancel_seconds": %s}'),
        ("POST", "/local-admin/faults", '{"route": "*", "kind": "delay", "seconds": %s}'),
    ],
)
def test_numbers_out_of_range_are_refused(airbyte, method, path, body):
    for number in BAD_NUMBERS:
        assert airbyte.raw(method, path, body % number)[0] == 400, number[:20]
    assert is_healthy(airbyte)


@pytest.mark.parametrize("shift", ["NaN", "1e999", "1e15", "-1e15"])
def test_a_clock_that_no_date_can_show_is_refused(airbyte, shift):
    assert airbyte.raw("PATCH", "/local-admin/settings", f'{{"clock_shift": {shift}}}')[0] == 400
    assert airbyte.sync().status.value == "succeeded"


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", "null", '"text"', "\x00", '{"config": {"a": NaN}}', '{"config": {"a": 1e999}}'),
        *('{"config": {"a": "\\ud800"}}', '{"config": {"\\ud800": 1}}'),
        '{"config": ' + '{"a": ' * 60 + "1" + "}" * 61,
        '{"config": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}",
    ],
)
def test_a_body_that_cannot_be_written_as_json_again_is_refused(airbyte, body):
    assert airbyte.raw("PATCH", ADMIN, body)[0] == 400
    assert is_healthy(airbyte)


def test_a_token_call_with_an_odd_body_is_refused(airbyte):
    for body in ("", "[" * 100_000, '{"client_id": "\\ud800"}', '{"client_id": null}', "[]"):
        assert airbyte.raw("POST", "/v1/applications/token", body)[0] == 400, body[:20]


@pytest.mark.parametrize("job_id", ["9" * 19, "9" * 30, "9" * 5000, "-1", "0", "1e3", "%C2%B2", "%D9%A1"])
def test_job_ids_out_of_range_are_refused(airbyte, job_id):
    airbyte.admin("PATCH", "/settings", {"require_auth": False})
    airbyte.fault(
        "*", "status", connection_id=CONNECTION
    )  # so that the server searches for the call's connection
    for method in ("GET", "DELETE"):
        assert airbyte.raw(method, f"/v1/jobs/{job_id}")[0] in (400, 409)
    assert airbyte.raw("POST", f"/local-admin/jobs/{job_id}/end", '{"status": "failed"}')[0] in (400, 404)


@pytest.mark.parametrize(
    "query", ["offset=99999999999999999999", "offset=-1", "limit=1e3", "limit=" + "9" * 5000]
)
def test_pages_out_of_range_are_refused(airbyte, query):
    airbyte.admin("PATCH", "/settings", {"require_auth": False})
    for path in ("jobs", "connections", "sources"):
        assert airbyte.raw("GET", f"/v1/{path}?{query}")[0] == 400
