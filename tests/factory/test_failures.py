"""Values added to the context of notifications, in callbacks of runs and of tasks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dag_factory import versions
from dag_factory.factory.failures import FailedTask, describe_failures, describe_success
from dag_factory.operators import results

pytestmark = pytest.mark.airflow

DAG = SimpleNamespace(dag_id="ads")
TI = SimpleNamespace(task_id="meta.wait")


@pytest.fixture
def queries(monkeypatch):
    """A stand-in for Airflow's API that records the queries."""
    questions = []

    def failed_task_ids(dag, run_id):
        questions.append((dag.dag_id, run_id))
        return ["google", "meta.wait"]

    def read_page(dag_id, run_id, task_id):
        questions.append((dag_id, run_id, task_id))
        return f"https://airbyte.example.com/{task_id}" if task_id == "meta.wait" else None

    monkeypatch.setattr(versions, "failed_task_ids", failed_task_ids)
    monkeypatch.setattr(results, "read_page", read_page)
    monkeypatch.setattr(versions, "CALLBACKS_CAN_ASK", True)
    return questions


def test_a_run_names_all_failed_tasks(queries):
    context = {"dag": DAG, "run_id": "run", "reason": "task_failure", "ti": TI}
    describe_failures(context)
    assert (context["reason"], context["exception"]) == ("task_failure", None)
    assert context["failed_tasks"] == [
        FailedTask(task_id="google"),
        FailedTask(task_id="meta.wait", airbyte_url="https://airbyte.example.com/meta.wait"),
    ]
    text = ", ".join(map(str, context["failed_tasks"]))
    assert text == "google, meta.wait (https://airbyte.example.com/meta.wait)"
    assert queries[0] == ("ads", "run")


@pytest.mark.usefixtures("queries")
def test_a_run_without_a_task_from_airflow_is_queried_too():
    context = {"dag": DAG, "run_id": "run", "reason": "timed_out"}
    describe_failures(context)
    assert [each.task_id for each in context["failed_tasks"]] == ["google", "meta.wait"]


@pytest.mark.parametrize("exception", [None, ValueError("no")])
def test_a_task_names_itself(queries, exception):
    context = {"dag": DAG, "run_id": "run", "ti": TI}
    if exception:
        context["exception"] = exception
    describe_failures(context)
    assert (context["reason"], context["exception"]) == (None, exception)
    assert [each.task_id for each in context["failed_tasks"]] == ["meta.wait"]
    assert queries == [("ads", "run", "meta.wait")]


def test_a_successful_task_names_none(queries):
    context = {"dag": DAG, "run_id": "run", "ti": TI}
    describe_success(context)
    assert (context["reason"], context["exception"], context["failed_tasks"]) == (None, None, [])
    assert queries == []


def test_the_last_task_is_named_if_airflow_cannot_be_queried(queries, monkeypatch):
    monkeypatch.setattr(versions, "CALLBACKS_CAN_ASK", False)
    context = {"dag": DAG, "run_id": "run", "reason": "task_failure", "ti": TI}
    describe_failures(context)
    assert context["failed_tasks"] == [FailedTask(task_id="meta.wait")]
    assert queries == []


@pytest.mark.usefixtures("queries")
def test_texts_can_be_rendered_even_if_the_query_fails(monkeypatch):
    def fail(*_):
        raise ConnectionError

    monkeypatch.setattr(versions, "failed_task_ids", fail)
    context = {"dag": DAG, "run_id": "run", "reason": "task_failure", "ti": TI}
    with pytest.raises(ConnectionError):  # which Airflow logs
        describe_failures(context)
    assert context["exception"] is None
    assert context["failed_tasks"] == [FailedTask(task_id="meta.wait")]
