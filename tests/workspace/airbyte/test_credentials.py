"""Credentials from environment variables: what Airflow would read, or one line that shows no value."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dag_factory.workspace.airbyte.credentials import CredentialsError, access_from

SECRET = "Sehr-Geheim-4711"
HOST = "https://airbyte.example.com/api/public/v1"
NAME = "AIRFLOW_CONN_AIRBYTE_DEFAULT"


def access(text: str):
    return access_from({NAME: text}, "airbyte_default")


def in_json(**values: object):
    return access(json.dumps({"conn_type": "airbyte", "host": HOST, **values}))


def refusal(variables: dict[str, str], conn_id: str = "airbyte_default") -> str:
    with pytest.raises(CredentialsError) as caught:
        access_from(variables, conn_id)
    return str(caught.value)


def test_json():
    found = in_json(login="me", password=SECRET, schema="oauth/token", extra={"timeout": 7})
    assert (found.host, found.client_id, found.client_secret) == (HOST, "me", SECRET)
    assert (found.token_url, found.timeout, found.conn_id) == ("oauth/token", 7.0, "airbyte_default")


def test_a_uri():
    found = access(f"airbyte://https://me:{SECRET}@airbyte.example.com%2Fapi%2Fpublic%2Fv1/?timeout=7")
    assert (found.host, found.client_id, found.client_secret) == (HOST, "me", SECRET)
    assert found.timeout == 7.0


def test_a_uri_keeps_the_port_and_the_case_of_the_path():
    assert access("airbyte://http://LocalHost%3A8006%2FApi%2Fv1").host == "http://LocalHost:8006/Api/v1"


def test_the_extra_may_be_json_in_text():
    assert in_json(extra='{"timeout": "9"}').timeout == 9.0


def test_proxies():
    proxies = in_json(extra={"proxies": {"https": "http://proxy:3128"}}).proxies
    assert proxies == (("https://", "http://proxy:3128"),)


def test_the_defaults():
    found = in_json()
    assert (found.client_id, found.client_secret, found.needs_token) == (None, None, False)
    assert (found.token_url, found.timeout, found.proxies) == ("v1/applications/token", 60.0, ())


def test_the_name_of_the_variable_is_in_upper_case():
    text = json.dumps({"host": HOST})
    assert access_from({"AIRFLOW_CONN_AIRBYTE_EU-1": text}, "Airbyte_eu-1").host == HOST


def test_three_variables():
    found = access_from(
        {"AIRBYTE_URL": HOST, "AIRBYTE_CLIENT_ID": "me", "AIRBYTE_CLIENT_SECRET": SECRET}, "airbyte_eu"
    )
    assert (found.host, found.client_id, found.client_secret) == (HOST, "me", SECRET)


def test_an_airbyte_without_authentication_needs_only_the_url():
    found = access_from({"AIRBYTE_URL": f" {HOST}\n"}, "airbyte_default")
    assert (found.host, found.needs_token) == (HOST, False)


def test_the_airflow_connection_comes_first():
    variables = {NAME: json.dumps({"host": HOST}), "AIRBYTE_URL": "https://other.example.com/v1"}
    assert access_from(variables, "airbyte_default").host == HOST


def test_an_empty_variable_is_not_set():
    assert access_from({NAME: "", "AIRBYTE_URL": HOST}, "airbyte_default").host == HOST


@pytest.mark.parametrize("variables", [{}, {NAME: ""}, {NAME: " \n"}, {"AIRBYTE_URL": " "}])
def test_without_variables_it_says_which_to_set(variables):
    said = refusal(variables)
    assert said == (f"set {NAME} as for Airflow, or AIRBYTE_URL, AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET")


@pytest.mark.parametrize(
    ("given_one", "missing"),
    [
        ("AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"),
        ("AIRBYTE_CLIENT_SECRET", "AIRBYTE_CLIENT_ID"),
    ],
)
def test_half_of_the_credentials(given_one, missing):
    said = refusal({"AIRBYTE_URL": HOST, given_one: SECRET})
    assert said == f"{missing} is not set, but the other half of the credentials is"


BROKEN = {
    "cut JSON": f'{{"host": "{HOST}", "password": "{SECRET}"',
    "deep JSON": '{"a":' * 100_000,
    "a number of too many digits": '{"port": ' + "1" * 5_000 + "}",
    "no host": json.dumps({"password": SECRET}),
    "an empty host": json.dumps({"host": "", "password": SECRET}),
    "an extra that is not JSON": json.dumps({"host": HOST, "extra": SECRET}),
    "an extra that is a list": json.dumps({"host": HOST, "extra": [SECRET]}),
    "a list in text as extra": json.dumps({"host": HOST, "extra": json.dumps([SECRET])}),
    "a timeout in words": json.dumps({"host": HOST, "extra": {"timeout": SECRET}}),
    "a timeout of 0": json.dumps({"host": HOST, "password": SECRET, "extra": {"timeout": 0}}),
    "an endless timeout": json.dumps({"host": HOST, "extra": {"timeout": "inf"}}),
    "a timeout that is true": json.dumps({"host": HOST, "extra": {"timeout": True}}),
    "a timeout that is no float": json.dumps({"host": HOST, "extra": {"timeout": 10**400}}),
    "a timeout that is a list": json.dumps({"host": HOST, "extra": {"timeout": [SECRET]}}),
    "a proxy that is no URL": json.dumps({"host": HOST, "extra": {"proxies": SECRET}}),
    "a proxy with a port in words": json.dumps({"host": HOST, "extra": {"proxies": f"http://p:{SECRET}"}}),
    "proxies that are a number": json.dumps({"host": HOST, "extra": {"proxies": 7}}),
    "a proxy of another kind": json.dumps({"host": HOST, "extra": {"proxies": f"ftp://me:{SECRET}@p"}}),
    "not a URI": SECRET,
    "a URI without a host": f"airbyte://:{SECRET}@",
    "a port in words": f"airbyte://me@host:{SECRET}",
    "an open bracket": f"airbyte://me:{SECRET}@[::1",
    "a slash in the password": f"airbyte://me:a/{SECRET}@host",
    "credentials before the host's scheme": f"airbyte://me:{SECRET}@https://airbyte.example.com/v1",
    "three schemes": f"airbyte://https://me:{SECRET}@host/?proxies=http://proxy",
    "a control character": f"airbyte://me:{SECRET}\x00@ho\nst:port",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_one_line_without_a_secret(text):
    said = refusal({NAME: text})
    assert NAME in said
    assert "\n" not in said
    assert SECRET not in said


def test_the_credentials_are_not_in_the_text_of_an_access():
    found = in_json(password=SECRET, extra={"proxies": f"http://me:{SECRET}@proxy:3128"})
    assert SECRET not in repr(found)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
# Text that some part of a URI would end at.
PIECES = st.sampled_from(("/", "@", ":", "?", "#", "%", "%2F", "&", "=", "+", " ", "[", "]", "A", "ä", "😀"))
TEXTS = st.one_of(WORDS, st.lists(PIECES, min_size=1, max_size=8).map("".join))
HOSTS = st.one_of(
    st.just("localhost"),
    st.from_regex(
        r"(https?://)?[a-zA-Z0-9.-]{1,20}(:[0-9]{2,5})?(/[A-Za-z0-9._~-]{1,8}){0,4}/?", fullmatch=True
    ),
)
EXTRAS = st.dictionaries(
    st.sampled_from(("timeout", "give_up_after", "x", "ä b", "__extra")),
    st.one_of(st.integers(1, 10**6), st.floats(0.1, 1e6), st.integers(1, 999).map(str)),
)
FIELDS = {
    "host": HOSTS,
    "login": st.none() | TEXTS,
    "password": st.none() | TEXTS,
    "schema": st.none() | TEXTS,
    "extra": st.none() | EXTRAS,
    "port": st.none() | st.integers(1, 65535),
}


@pytest.mark.airflow
@pytest.mark.parametrize("library", ["airflow.models.connection", "airflow.sdk"])
class TestAsAirflowReadsIt:
    """The real Airflow and this package read the same from the same text."""

    @given(values=st.fixed_dictionaries(FIELDS))
    def test_json(self, library, values):
        real = connection_class(library)
        same(json.dumps({"conn_type": "airbyte", **values}), real)

    @given(values=st.fixed_dictionaries(FIELDS))
    @example(values={"host": "http://localhost:8006/api/public/v1", "login": "a", "password": "/@:?#%"})
    def test_a_uri(self, library, values):
        real = connection_class(library)
        extra = values.get("extra")
        connection = real(
            conn_id="airbyte_default",
            conn_type="airbyte",
            **{**values, "extra": None if extra is None else json.dumps(extra)},
        )
        same(connection.get_uri(), real)


def connection_class(library: str):
    return pytest.importorskip(library).Connection


def same(text: str, real) -> None:
    """Compare with what tasks would use of the same text."""
    text = text.strip()
    connection = (
        real.from_json(text, conn_id="airbyte_default")
        if text.startswith("{")
        else real(conn_id="airbyte_default", uri=text)
    )
    if not (connection.host or "").strip():
        assert "has no host" in refusal({NAME: text})
        return
    found = access(text)
    assert found.host == connection.host.strip()
    assert (found.client_id or None) == (connection.login or None)
    assert (found.client_secret or None) == (connection.password or None)
    assert found.token_url == (connection.schema or "v1/applications/token")
    assert found.timeout == float(connection.extra_dejson.get("timeout", 60.0))
