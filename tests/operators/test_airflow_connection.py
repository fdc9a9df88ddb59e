"""The Airflow connection, as people fill it in."""

from __future__ import annotations

import asyncio
import json

import pytest

from dag_factory.airbyte.api.access import Access
from dag_factory.airbyte.sync.errors import SyncError
from dag_factory.operators import airflow_connection

pytestmark = pytest.mark.airflow

HOST = "http://airbyte/api/public/v1"


@pytest.fixture
def read(monkeypatch):
    """Read an Airflow connection with these fields."""

    def read_one(**fields) -> Access:
        known = {"conn_type": "airbyte", "host": HOST, **fields}
        value = json.dumps({name: value for name, value in known.items() if value is not None})
        monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", value)
        return airflow_connection.access("airbyte_default")

    return read_one


def test_all_fields(read):
    extra = {"timeout": "120", "give_up_after": 30, "proxies": {"https": "http://proxy:3128"}}
    assert read(login="id", password="secret", schema="oauth/token", extra=extra) == Access(
        conn_id="airbyte_default",
        host=HOST,
        client_id="id",
        client_secret="secret",
        token_url="oauth/token",
        timeout=120.0,
        give_up_after=30.0,
        proxies=(("https://", "http://proxy:3128"),),
    )


def test_only_a_host(read):
    assert read() == Access(conn_id="airbyte_default", host=HOST, timeout=60.0, give_up_after=600.0)


@pytest.mark.parametrize("host", [f" {HOST}", f"{HOST}\n", f"\t{HOST} "])
def test_blanks_around_a_host_do_not_matter(read, host):
    assert read(host=host).host == HOST


@pytest.mark.parametrize("host", [None, "", " ", "\n"])
def test_a_missing_host_says_what_to_write(read, host):
    with pytest.raises(SyncError) as error:
        read(host=host)
    assert str(error.value) == (
        "Airflow connection 'airbyte_default' has no host: write the API's URL, ending in /v1"
    )


@pytest.mark.parametrize(("key", "default"), [("timeout", "60"), ("give_up_after", "600")])
@pytest.mark.parametrize(
    "value",
    ["soon", "", 0, -1, "nan", "inf", "-inf", True, False, [], {}, "1e999", 10**400, "12 s"],
    ids=repr,
)
def test_seconds_have_to_be_a_number_above_0(read, key, default, value):
    with pytest.raises(SyncError) as error:
        read(extra={key: value})
    assert str(error.value) == (
        f"Airflow connection 'airbyte_default': '{key}' in its extra must be a number of seconds above 0: "
        f'write {{"{key}": {default}}}'
    )


@pytest.mark.parametrize(("value", "seconds"), [(None, 60.0), ("0.5", 0.5), (" 5 ", 5.0), (1e9, 1e9)])
def test_seconds_may_be_text(read, value, seconds):
    assert read(extra={"timeout": value}).timeout == seconds


@pytest.mark.parametrize("proxies", [7, ["http://proxy"], {"http": None}, {"http": "gopher://u:hidden@p"}])
def test_proxies_that_cannot_be_used_say_what_to_write(read, proxies):
    with pytest.raises(SyncError) as error:
        read(extra={"proxies": proxies})
    assert str(error.value) == (
        "Airflow connection 'airbyte_default': 'proxies' in its extra must be the URL of a proxy, or one "
        'for each scheme: write {"proxies": {"https": "http://proxy:3128"}}'
    )


def test_a_triggers_lookup_gives_the_same(read):
    expected = read(login="id", password="secret")
    assert asyncio.run(airflow_connection.access_in_loop("airbyte_default")) == expected
