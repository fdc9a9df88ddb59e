"""Error messages: each is one line that says what to do."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.api.errors import (
    ApiError,
    ErrorContext,
    explain_no_response,
    explain_redirect,
    explain_status,
    explain_token_status,
    explain_unreadable,
    is_permanent_reason,
)

API = ErrorContext(conn_id="airbyte_default", host="http://airbyte/api/public/v1")
ROOT = ErrorContext(conn_id="airbyte_default", host="http://airbyte")
WHERE = "; Airflow connection 'airbyte_default', host http://airbyte/api/public/v1"
HOST_HINT = "the host must be the API's URL and end in /v1, such as https://.../api/public/v1"
CREDENTIALS = "check login (client id) and password (client secret) of the Airflow connection"


@pytest.mark.parametrize(
    ("status", "detail", "text"),
    [
        (401, "", f"401 to the request for job 7: {CREDENTIALS}"),
        (
            403,
            "no",
            "403 to the request for job 7 (no): the connection_id is unknown there, or the client id may not "
            "use its workspace",
        ),
        (
            404,
            "",
            "404 to the request for job 7: Airbyte does not know it: check connection_id, and that the host "
            "is the Airbyte that has it",
        ),
        (415, "", f"415 to the request for job 7: {HOST_HINT}"),
        (429, "", "429 to the request for job 7: too many calls"),
        (500, "uncaught", "500 to the request for job 7 (uncaught)"),
        (599, "", "599 to the request for job 7"),
    ],
)
def test_a_status(status, detail, text):
    assert explain_status(status, detail, "the request for job 7", API) == f"Airbyte answered {text}{WHERE}"


@pytest.mark.parametrize("status", [404, 405, 415])
def test_a_host_that_is_not_the_api(status):
    text = explain_status(status, "", "the request for job 7", ROOT)
    assert text == (
        f"Airbyte answered {status} to the request for job 7: the host must be the API's URL and end in "
        "/v1, so write http://airbyte/api/public/v1; Airflow connection 'airbyte_default', host http://airbyte"
    )


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({}, "; Airflow connection 'airbyte_default', host http://airbyte/api/v1"),
        ({"variables": "AIRBYTE_URL"}, " into AIRBYTE_URL; AIRBYTE_URL, host http://airbyte/api/v1"),
        ({"holder": "AIRFLOW_CONN_A"}, "; AIRFLOW_CONN_A, host http://airbyte/api/v1"),
    ],
)
def test_the_internal_api(fields, end):
    """It ends in /v1 too, and knows neither the token's path nor the paths of connections."""
    context = ErrorContext(conn_id="airbyte_default", host="http://airbyte/api/v1", **fields)
    hint = f"the host must be the API's URL and end in /v1, so write http://airbyte/api/public/v1{end}"
    text = explain_token_status(404, "", context, "v1/applications/token")
    said = "Airbyte answered 404 to the request for a token: token endpoint not found at"
    assert text == f"{said} 'v1/applications/token': {hint}"
    assert explain_status(404, "", "listing", context) == f"Airbyte answered 404 to listing: {hint}"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        *[(status, f": {CREDENTIALS}") for status in (400, 401, 403)],
        *[
            (status, f": token endpoint not found at 'v1/applications/token': {HOST_HINT}")
            for status in (404, 405, 415)
        ],
        (429, ": too many calls"),
        (500, ""),
    ],
)
def test_a_status_of_the_token_call(status, hint):
    text = explain_token_status(status, "", API, "v1/applications/token")
    assert text == f"Airbyte answered {status} to the request for a token{hint}{WHERE}"


@pytest.mark.parametrize(
    ("target", "leads"), [("https://other/v1", " redirects to https://other/v1"), ("", " redirects")]
)
def test_a_redirect(target, leads):
    assert explain_redirect(307, target, "the request for a token", API) == (
        f"Airbyte answered 307 to the request for a token: the host{leads}; write the API's final URL as "
        f"host, since redirects are not followed{WHERE}"
    )


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("[Errno -2] Name or service not known", "; check the host's name"),
        ("[Errno 111] Connection refused", "; nothing listens there: check the host and its port"),
        ("All connection attempts failed", "; nothing listens there: check the host and its port"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed",
            "; its certificate is not trusted: set SSL_CERT_FILE in workers and triggerer",
        ),
        ("[SSL: WRONG_VERSION_NUMBER]", "; it does not speak TLS: write http:// instead of https://"),
        ("the host is not a URL", "; write the host as https://name/api/public/v1"),
        (
            "the request timed out",
            '; it waited 0.5 seconds: write {"timeout": 120} into the connection\'s extra',
        ),
        ("something else", ""),
    ],
)
def test_a_call_without_a_response(reason, hint):
    text = explain_no_response(reason, "the request for job 7", API, 0.5)
    assert text == f"no response from Airbyte to the request for job 7: {reason}{hint}{WHERE}"


def test_a_response_that_cannot_be_read():
    text = explain_unreadable("the request for job 7", "is not what Airbyte's API returns", API)
    assert (
        text == f"the response to the request for job 7 is not what Airbyte's API returns: {HOST_HINT}{WHERE}"
    )
    after_others = explain_unreadable("listing the sources", "is no JSON", API, is_host_right=True)
    assert after_others.endswith(f"look at the server, or a proxy before it{WHERE}")


@pytest.mark.parametrize(
    ("status", "is_retryable"),
    [
        (None, True),
        *[(status, True) for status in (408, 425, 429, 500, 502, 503, 504)],
        *[(status, False) for status in (301, 307, 400, 401, 403, 404, 409, 410, 415, 422)],
    ],
)
def test_whether_waiting_may_help(status, is_retryable):
    assert ApiError("text", status=status).is_retryable == is_retryable
    assert not ApiError("text", status=status, is_permanent=True).is_retryable


@pytest.mark.parametrize(
    ("status", "is_unknown"),
    [(404, True), (409, True), (410, True), (403, False), (500, False), (None, False)],
)
def test_whether_a_job_may_be_unknown(status, is_unknown):
    assert ApiError("text", status=status).is_unknown_job == is_unknown


@pytest.mark.parametrize(
    ("reason", "is_permanent"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", True),
        ("WRONG_VERSION_NUMBER", True),
        ("Connection refused", False),
    ],
)
def test_permanent_errors(reason, is_permanent):
    assert is_permanent_reason(reason) == is_permanent
