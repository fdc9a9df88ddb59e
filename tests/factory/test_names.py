"""Connections by name, on the installed Airflow: the snapshot gives the ids of the tasks."""

from __future__ import annotations

import shutil

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from dag_factory import ConfigError, load_dags, sync_group
from dag_factory.config.snapshot.model import Connector, SnapshotConnection
from dag_factory.config.snapshot.serialising import snapshot_text

pytestmark = pytest.mark.airflow

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
BY_NAME = 'schedule: "@daily"\nsyncs:\n  money: "bank → json"\n'
BY_ID = f'schedule: "@daily"\nsyncs:\n  orders: {UUID}5\n'


def snapshot(**names: str) -> str:
    nowhere = Connector(name="", type="")
    return snapshot_text(
        {},
        [
            SnapshotConnection(
                connection_id=f"{UUID}{key[-1]}",
                name=name,
                status="active",
                schedule={"scheduleType": "manual"},
                workspace_id="",
                source=nowhere,
                destination=nowhere,
            )
            for key, name in names.items()
        ],
    )


@pytest.fixture
def estate(configs, repository):
    def make(files):
        root = configs(files)
        shutil.copytree(repository / "dags", root.parent / "dags", dirs_exist_ok=True)
        return root

    return make


def connection_of(dag) -> str:
    return dag.get_task("money.trigger").connection_id


def test_a_name_becomes_the_id_of_each_task_and_of_the_asset(estate):
    root = estate({"money.yaml": BY_NAME, "../airbyte/airbyte_default.json": snapshot(c0="bank → json")})
    dag = load_dags(root)["money"]
    assert {task.connection_id for task in dag.tasks} == {f"{UUID}0"}
    (asset,) = dag.get_task("money.wait").outlets
    assert asset.uri == f"airbyte://airbyte_default/{UUID}0"
    assert f"* `bank → json` (`{UUID}0`)" in dag.doc_md


def test_the_docs_show_odd_names_on_one_line(estate):
    name = "a`b\n[x](http://y) \u202e"
    yaml = 'schedule: null\nsyncs: {money: {connection: "a`b\\n[x](http://y) \\u202e"}}\n'
    root = estate({"money.yaml": yaml, "../airbyte/airbyte_default.json": snapshot(c0=name)})
    assert f"* `` a`b\\n[x](http://y) \\u202e `` (`{UUID}0`)" in load_dags(root)["money"].doc_md


def test_each_environment_has_its_own_connection(estate, monkeypatch):
    files = {
        "money.yaml": BY_NAME,
        "../airbyte/airbyte_default.json": snapshot(c0="bank → json"),
        "../airbyte/dev/airbyte_default.json": snapshot(c1="bank → json"),
    }
    root = estate(files)
    for environment, last in (("dev", "1"), (None, "0")):
        if environment is None:
            monkeypatch.delenv("DAG_FACTORY_ENV", raising=False)
        else:
            monkeypatch.setenv("DAG_FACTORY_ENV", environment)
        assert connection_of(load_dags(root)["money"]) == f"{UUID}{last}"


@pytest.mark.parametrize(
    "content", [None, "{", snapshot(c0="another"), snapshot(c0="bank → json", c1="bank → json")]
)
def test_a_name_that_is_not_found_costs_its_own_dag_alone(estate, content):
    files = {"money.yaml": BY_NAME, "orders.yaml": BY_ID}
    if content is not None:
        files["../airbyte/airbyte_default.json"] = content
    root = estate(files)
    bag = DagBag(str(root.parent / "dags"))
    assert list(bag.dags) == ["orders"]
    (text,) = bag.import_errors.values()
    assert "configs/money.yaml:3:10: error: " in text
    assert "orders.yaml" not in text


def test_an_id_that_the_snapshot_does_not_have_is_loaded(estate):
    root = estate({"orders.yaml": BY_ID, "../airbyte/airbyte_default.json": snapshot(c0="bank → json")})
    bag = DagBag(str(root.parent / "dags"))
    assert list(bag.dags) == ["orders"]
    assert not bag.import_errors


def test_a_task_start_finds_the_same_connection(estate, monkeypatch):
    files = {
        "money.yaml": BY_NAME.replace("money:", "a: crm\n  money:"),
        "../airbyte/airbyte_default.json": snapshot(c0="bank → json", c1="crm"),
    }
    root = estate(files)
    whole = load_dags(root)["money"]
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "money")
    alone = load_dags(root)["money"]
    assert connection_of(alone) == connection_of(whole) == f"{UUID}0"
    assert alone.doc_md == whole.doc_md


def test_a_group_finds_its_connections(estate):
    root = estate({"money.yaml": BY_NAME, "../airbyte/airbyte_default.json": snapshot(c0="bank → json")})
    with DAG("host", schedule=None) as dag:
        sync_group("money", folder=root)
    assert dag.get_task("money.money.trigger").connection_id == f"{UUID}0"
    (root.parent / "airbyte" / "airbyte_default.json").unlink()
    with (
        DAG("host", schedule=None),
        pytest.raises(ConfigError, match=r"there is no airbyte/airbyte_default\.json"),
    ):
        sync_group("money", folder=root)
