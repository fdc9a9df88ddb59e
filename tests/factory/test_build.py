"""Building DAGs from models on the installed Airflow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator
from airflow.providers.airbyte.sensors.airbyte import AirbyteJobSensor
from airflow.providers.common.compat.sdk import DAG, BaseNotifier

from dag_factory import versions
from dag_factory.config.diagnostics import Severity
from dag_factory.config.project import load_project
from dag_factory.factory.build import build_dag, build_group
from dag_factory.factory.failures import describe_failures
from dag_factory.factory.notifiers import Callbacks, NotifierMaker

pytestmark = pytest.mark.airflow

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"


class Recorder(BaseNotifier):
    """A notifier without effect."""

    template_fields = ("text",)

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = text

    def notify(self, context):
        """Do nothing."""


@pytest.fixture
def build(configs):
    def make(text, name="money.yaml"):
        project = load_project(configs({name: text}), None)
        assert [each for each in project.diagnostics if each.severity is Severity.ERROR] == []
        (model,) = project.dags
        return build_dag(model, NotifierMaker(None).callbacks(model.notify))

    return make


def sync(**settings):
    lines = [f"    {key}: {value}" for key, value in settings.items()]
    return "\n".join(["schedule: null", "syncs:", "  money:", f"    connection_id: {UUID}0", *lines, ""])


def test_mode_sync_is_one_task(build):
    dag = build(sync(mode="sync", timeout="6m", wait_seconds=5))
    (task,) = dag.tasks
    assert isinstance(task, AirbyteTriggerSyncOperator)
    assert (task.task_id, task.connection_id, task.airbyte_conn_id) == (
        "money",
        f"{UUID}0",
        "airbyte_default",
    )
    assert (task.asynchronous, task.deferrable, task.timeout, task.wait_seconds) == (False, False, 360, 5)
    assert task.execution_timeout is None


def test_mode_sync_deferred_leaves_the_timeout_to_the_trigger(build):
    (task,) = build(sync(mode="sync", deferrable="true", timeout="6m")).tasks
    assert (task.asynchronous, task.deferrable, task.timeout) == (False, True, 360)
    assert task.execution_timeout is None


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_policies_reach_every_task(build, mode):
    terms = {"on_running": "skip", "on_timeout": "leave", "on_kill": "leave", "min_rows": 3}
    for task in build(sync(mode=mode, **terms)).tasks:
        request = task.request
        asked = (request.on_running, request.on_timeout, request.on_kill, request.min_rows)
        assert asked == ("skip", "leave", "leave", 3)


@pytest.mark.parametrize(
    ("setting", "mode", "expected"),
    [
        (None, "async", True),
        (None, "sync", False),
        ("True", "async", True),
        ("True", "sync", True),
        ("False", "async", False),
        ("False", "sync", False),
    ],
)
def test_airflows_setting_decides_where_to_wait_else_the_mode(build, monkeypatch, setting, mode, expected):
    if setting is not None:
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", setting)
    [*_, last] = build(sync(mode=mode)).tasks
    assert last.deferrable is expected


def test_the_syncs_key_overrides_airflows_setting(build, monkeypatch):
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    [*_, last] = build(sync(mode="async", deferrable="false")).tasks
    assert last.deferrable is False


def test_an_uppercase_id_is_the_same_connection_and_asset(build):
    [task] = build(sync(mode="sync").replace(UUID, UUID.upper())).tasks
    assert task.connection_id == f"{UUID}0"
    assert [asset.uri for asset in task.outlets] == [f"airbyte://airbyte_default/{UUID}0"]


@pytest.mark.parametrize("deferrable", [True, False])
def test_mode_async_is_a_group_of_trigger_and_wait(build, deferrable):
    dag = build(sync(mode="async", timeout="6m", wait_seconds=5, deferrable=str(deferrable).lower()))
    trigger, wait = (dag.get_task(f"money.{name}") for name in ("trigger", "wait"))
    assert isinstance(trigger, AirbyteTriggerSyncOperator)
    assert isinstance(wait, AirbyteJobSensor)
    assert (trigger.asynchronous, trigger.deferrable, trigger.downstream_task_ids) == (
        True,
        False,
        {"money.wait"},
    )
    assert (wait.deferrable, wait.mode, wait.poke_interval, wait.sync_timeout) == (
        deferrable,
        "reschedule",
        5,
        360,
    )
    # Airflow's own timeout allows no retry.
    assert wait.timeout > 1000 * wait.sync_timeout
    assert wait.airbyte_job_id.operator is trigger
    assert "money" in dag.task_group_dict


def test_settings_of_airflow_reach_both_tasks(build):
    dag = build(
        "owner: someone\n"
        + sync(
            retries=3,
            retry_delay="90s",
            retry_exponential_backoff="true",
            max_retry_delay="1h",
            pool="airbyte",
            pool_slots=2,
            priority_weight=7,
            queue="slow",
            trigger_rule="all_done",
            doc_md="text",
        )
    )
    for task in dag.tasks:
        assert (task.retries, task.retry_delay, task.max_retry_delay) == (
            3,
            timedelta(seconds=90),
            timedelta(hours=1),
        )
        assert task.retry_exponential_backoff
        assert (task.pool, task.pool_slots, task.priority_weight, task.queue) == ("airbyte", 2, 7, "slow")
        assert (task.owner, task.doc_md) == ("someone", "text")
    assert dag.get_task("money.trigger").trigger_rule == "all_done"
    assert dag.get_task("money.wait").trigger_rule == "all_success"


def test_outlets_belong_to_the_last_task(build):
    text = sync(outlets='["s3://bucket/key", report]')
    dag = build(text)
    assert dag.get_task("money.trigger").outlets == []
    assert [asset.uri for asset in dag.get_task("money.wait").outlets] == ["s3://bucket/key", "report"]
    assert [asset.name for asset in build(text).get_task("money.wait").outlets][1] == "report"


def test_syncs_follow_each_other_from_last_to_first_task(build):
    dag = build(
        f"""
schedule: null
syncs:
  a: {UUID}0
  b: {{connection_id: {UUID}1, mode: sync, depends_on: [a]}}
  c: {{connection_id: {UUID}2, depends_on: [a, b]}}
trigger_dags:
  - reports
  - {{dag_id: only.b, after: [b], conf: {{x: 1}}, wait_for_completion: true, trigger_rule: all_done}}
"""
    )
    upstream = {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks}
    assert upstream == {
        "a.trigger": [],
        "a.wait": ["a.trigger"],
        "b": ["a.wait"],
        "c.trigger": ["a.wait", "b"],
        "c.wait": ["c.trigger"],
        "trigger_reports": ["a.wait", "b", "c.wait"],
        "trigger_only.b": ["b"],
    }
    plain, waiting = dag.get_task("trigger_reports"), dag.get_task("trigger_only.b")
    assert (plain.trigger_dag_id, plain.wait_for_completion, plain.deferrable) == ("reports", False, False)
    assert (waiting.conf, waiting.wait_for_completion, waiting.deferrable) == ({"x": 1}, True, True)
    assert waiting.trigger_rule == "all_done"


def test_keys_of_the_dag(build):
    dag = build(
        """
description: Money
tags: [b, a]
timezone: Europe/Berlin
start_date: 2026-01-01
end_date: 2027-01-01T05:00
catchup: true
max_active_runs: 2
max_active_tasks: 3
dagrun_timeout: 2h
is_paused_upon_creation: false
fail_fast: true
"""
        + sync().replace("schedule: null", 'schedule: "0 5 * * *"')
    )
    assert (dag.dag_id, dag.description, set(dag.tags)) == ("money", "Money", {"a", "b"})
    assert (dag.start_date, dag.end_date) == (
        datetime(2025, 12, 31, 23, tzinfo=UTC),
        datetime(2027, 1, 1, 4, tzinfo=UTC),
    )
    assert (dag.catchup, dag.max_active_runs, dag.max_active_tasks) == (True, 2, 3)
    assert (dag.dagrun_timeout, dag.is_paused_upon_creation, dag.fail_fast) == (
        timedelta(hours=2),
        False,
        True,
    )
    assert dag.timetable.expression == "0 5 * * *"


def test_docs_show_the_file_and_its_yaml(build):
    text = "doc_md: My text\n" + sync() + "# ``` and ````\n"
    assert (
        build(text).doc_md
        == f"My text\n\nGenerated from `configs/money.yaml`:\n\n`````yaml\n{text.strip()}\n`````"
    )


def test_notifiers_are_created_for_each_dag(build):
    notifier = f"{__name__}.Recorder"
    text = f"""
notify:
  on_failure: [{{notifier: {notifier}, text: failed}}]
  on_success: [{{notifier: {notifier}}}]
  on_retry: [{{notifier: {notifier}}}]
"""
    first, second = (build(text + sync(retries=1)) for _ in range(2))
    described, failure = first.on_failure_callback
    assert (described, failure.text) == (describe_failures, "failed")
    assert failure is not second.on_failure_callback[1]
    assert len(first.on_success_callback) == 2
    assert all(len(task.on_retry_callback) == 2 for task in first.tasks)


def test_the_docs_show_no_secret(configs):
    token = "gh" + "p_" + "example0" * 5
    root = configs(
        {
            "money.yaml": f"schedule: null\ndescription: x {token}\ndoc_md: |\n  fine\n  {token}\n"
            f"trigger_dags: [{{dag_id: a, conf: {{password: open-sesame}}}}]\n"
            f"syncs:\n  money:\n    connection_id: {UUID}0\n"
            f"    doc_md: y {token}\n    description: z {token}\n"
        }
    )
    dag = build_dag(load_project(root, None).dags[0], Callbacks())
    texts = [dag.doc_md, dag.description, *(task.doc_md for task in dag.tasks)]
    texts += [group.tooltip for group in dag.task_group.get_task_group_dict().values()]
    with DAG("host", schedule=None):
        texts.append(build_group(load_project(root, None).dags[0], Callbacks(), "group").tooltip)
    assert token not in str(texts)
    assert "sesame" not in str(texts)
    assert "fine" in dag.doc_md
    assert "connection_id" in dag.doc_md


def test_the_defaults_are_those_that_airflow_looks_up_itself(configs, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG", "7")
    monkeypatch.setenv("AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG", "3")
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DISABLE_BUNDLE_VERSIONING", "True")
    (model,) = load_project(configs({"money.yaml": sync()}), None).dags
    given, looked_up = build_dag(model, Callbacks(), versions.dag_defaults()), build_dag(model, Callbacks())
    names = ("max_active_tasks", "max_consecutive_failed_dag_runs", "disable_bundle_versioning")
    assert (
        [getattr(given, name) for name in names]
        == [getattr(looked_up, name) for name in names]
        == [7, 3, True]
    )


def test_a_models_own_value_is_stronger_than_a_default(configs):
    (model,) = load_project(configs({"money.yaml": sync() + "max_active_tasks: 2\n"}), None).dags
    assert build_dag(model, Callbacks(), {"max_active_tasks": 16}).max_active_tasks == 2
