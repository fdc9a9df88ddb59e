"""The link to Airbyte, on both tasks and after Airflow has serialised the DAG."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from dag_factory.factory.load import load_dags
from dag_factory.operators.links import AirbyteConnectionLink

pytestmark = pytest.mark.airflow

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
PAGE = f"http://airbyte/workspaces/w/connections/{UUID}/timeline"
DAG = f"""
schedule: null
syncs:
  money: {{connection_id: {UUID}, mode: sync}}
  sales: {{connection_id: {UUID[:-1]}1, mode: async}}
"""


@pytest.fixture
def dag(configs):
    return load_dags(configs({"money.yaml": DAG}))["money"]


@pytest.mark.parametrize("task_id", ["money", "sales.trigger", "sales.wait"])
def test_every_task_has_the_link_after_serialisation(dag, task_id):
    again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    [link] = again.get_task(task_id).operator_extra_links
    assert (link.name, link.xcom_key) == ("Airbyte connection", "airbyte_url")


def test_the_link_is_the_page_that_the_task_has_found():
    assert AirbyteConnectionLink().get_link(SimpleNamespace(page=PAGE), ti_key=None) == PAGE


def test_without_a_page_the_saved_one_is_shown(monkeypatch):
    kept = SimpleNamespace(get_value=lambda **_arguments: PAGE)
    monkeypatch.setattr("dag_factory.operators.links.XCom", kept)
    assert AirbyteConnectionLink().get_link(SimpleNamespace(page=None), ti_key=None) == PAGE


def test_no_link_without_any_page(monkeypatch):
    monkeypatch.setattr(
        "dag_factory.operators.links.XCom", SimpleNamespace(get_value=lambda **_arguments: None)
    )
    assert AirbyteConnectionLink().get_link(SimpleNamespace(page=None), ti_key=None) == ""
