"""The picture of the tasks, which are those that Airflow gets."""

from __future__ import annotations

import pytest

from dag_factory.config.project import load_project
from dag_factory.factory.build import build_dag
from dag_factory.factory.notifiers import Callbacks
from dag_factory.report.task_graph import draw, steps_of, upstream_of

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
DIAMOND = f"""
schedule: null
syncs:
  report: {{connection_id: {UUID}3, depends_on: [left, right], trigger_rule: all_done}}
  left: {{connection_id: {UUID}1, depends_on: [top]}}
  right: {{connection_id: {UUID}2, depends_on: [top], mode: sync}}
  top: {UUID}0
  alone: {UUID}4
trigger_dags:
  - after_all
  - {{dag_id: "{{{{ var.value.next }}}}", after: [left], wait_for_completion: true}}
"""


@pytest.fixture
def dag(configs):
    def make(text: str):
        return load_project(configs({"money.yaml": text}), None).dags[0]

    return make


def test_a_picture_shows_order_groups_and_triggered_dags(dag):
    assert draw(steps_of(dag(DIAMOND))) == [
        "top [trigger → wait]",
        "├─ left [trigger → wait]",
        "│  ├─ report [trigger → wait]  (also after right; trigger_rule all_done)",
        "│  │  └─ trigger_after_all ⇒ the DAG after_all  (also after left, right, top, alone)",
        "│  └─ trigger_dag_2 ⇒ the DAG {{ var.value.next }}, and waits for its run",
        "└─ right",
        "alone [trigger → wait]",
    ]


def test_one_sync_is_one_line(dag):
    assert draw(steps_of(dag(f"schedule: null\nsyncs:\n  money: {UUID}0\n"))) == ["money [trigger → wait]"]


@pytest.mark.airflow
def test_the_tasks_are_those_of_airflow(dag):
    made = dag(DIAMOND)
    built = {task.task_id: set(task.upstream_task_ids) for task in build_dag(made, Callbacks()).tasks}
    assert {task: set(before) for task, before in upstream_of(steps_of(made)).items()} == built


@pytest.mark.airflow
def test_the_tasks_of_the_examples_are_those_of_airflow(repository):
    for made in load_project(repository / "configs", None).dags:
        built = {task.task_id: set(task.upstream_task_ids) for task in build_dag(made, Callbacks()).tasks}
        assert {task: set(before) for task, before in upstream_of(steps_of(made)).items()} == built
