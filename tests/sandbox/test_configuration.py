from __future__ import annotations

import pytest

from dag_factory.sandbox.configuration import Options, read_expected

ID = "1e3b5a72-7bfd-4808-a13c-204505490110"


@pytest.fixture
def expected(configs, tmp_path):
    """Return a function that reads what Airflow should load from a folder of these files."""

    def read(files):
        return read_expected(Options(configs=configs(files), dags=tmp_path, work=tmp_path))

    return read


def test_dags_modes_connections_and_pools(expected):
    money = f"""
schedule: null
syncs:
  plain: {ID}
  deferred: {{connection_id: {ID}, mode: sync, deferrable: true, airbyte_conn_id: airbyte_eu, pool: few}}
"""
    found = expected({"money.yaml": money, "off.yaml": f"enabled: false\n{money}"})
    assert found.dag_ids == {"money"}
    assert found.modes == {("money", "plain"): "async, deferrable", ("money", "deferred"): "sync, deferrable"}
    assert found.airbyte_conn_ids == {"airbyte_default", "airbyte_eu"}
    assert found.pools == {"few"}
    assert not found.has_errors_in_config


def test_an_import_error_is_expected_for_a_bad_file(expected):
    assert expected({"bad.yaml": "schedule: null\n"}).has_errors_in_config


def test_a_dag_that_the_environment_disables_is_not_expected(expected, monkeypatch):
    files = {"a.yaml": f"schedule: null\nsyncs: {{a: {ID}}}\nenvironments: {{dev: {{enabled: false}}}}\n"}
    assert expected(files).dag_ids == {"a"}
    monkeypatch.setenv("DAG_FACTORY_ENV", "dev")
    assert expected(files).dag_ids == set()
