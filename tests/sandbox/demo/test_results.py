from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dag_factory.sandbox.airbyte import Job
from dag_factory.sandbox.airflow.model import Dag, Run, Task
from dag_factory.sandbox.demo.progress import Progress
from dag_factory.sandbox.demo.results import Sync, failures, job_of, missing, rows, syncs, table

BEGIN = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)


def task(
    task_id, state="success", *, dag_id="money", operator="AirbyteTriggerSyncOperator", at=0.0, took=1.0
):
    begin = BEGIN + timedelta(seconds=at)
    return Task(
        dag_id=dag_id,
        run_id="first",
        task_id=task_id,
        state=state,
        operator=operator,
        started_at=begin,
        ended_at=begin + timedelta(seconds=took),
        rendered={"connection_id": "c0ffee"},
    )


def job(job_id, at=0.0, rows=7):
    return Job(job_id=job_id, status="succeeded", rows=rows, started_at=BEGIN + timedelta(seconds=at))


def progress(*tasks, **states) -> Progress:
    return Progress(
        dags=tuple(Dag(dag_id=name, has_schedule=True) for name in states),
        runs={
            name: Run(dag_id=name, run_id="first", run_type="manual", state=state)
            for name, state in states.items()
            if state
        },
        tasks={(item.dag_id, item.task_id): item for item in tasks},
    )


def sync(*tasks) -> Sync:
    return Sync(dag_id="money", name="in", mode="sync", tasks=tasks)


def test_tasks_are_gathered_into_syncs():
    found = syncs(
        progress(
            task("one"),
            task("two.trigger"),
            task("two.wait", operator="AirbyteJobSensor"),
            task("after", operator="TriggerDagRunOperator"),
            money="success",
        ),
        {("money", "two"): "async, deferrable"},
    )
    assert [(item.name, item.mode, len(item.tasks)) for item in found] == [
        ("one", "sync", 1),
        ("two", "async, deferrable", 2),
    ]


def test_the_mode_of_an_unknown_sync_is_that_of_its_tasks():
    found = syncs(progress(task("group.in.trigger"), task("group.in.wait"), money="success"), {})
    assert [(item.name, item.mode) for item in found] == [("group.in", "async")]


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (("success", "success"), "success"),
        (("success", "up_for_reschedule"), "up_for_reschedule"),
        (("failed", "upstream_failed"), "failed"),
    ],
)
def test_the_state_of_a_sync_is_that_of_its_first_task_without_success(states, state):
    assert sync(task("in.trigger", states[0]), task("in.wait", states[1])).state == state


def test_a_sync_lasts_from_its_first_task_to_its_last():
    assert sync(task("in.trigger"), task("in.wait", at=10, took=2.5)).seconds == 12.5
    assert sync(replace(task("in"), ended_at=None)).seconds is None


def test_the_job_is_the_one_that_the_task_names():
    assert job_of(sync(task("in")), 4, [job(5), job(4)]) == job(4)
    assert job_of(sync(task("in")), "4", [job(4)]) == job(4)


def test_without_a_name_it_is_the_newest_job_since_the_task_began():
    # Airbyte truncates the time to whole seconds, so the job seems to be older than its task.
    assert job_of(sync(task("in")), None, [job(5, at=-0.9), job(4, at=-30)]) == job(5, at=-0.9)
    assert job_of(sync(task("in")), None, [job(4, at=-30)]) is None
    assert job_of(sync(replace(task("in"), started_at=None)), None, [job(4)]) is None


def test_the_connection_is_unknown_until_it_is_rendered():
    assert sync(task("in")).connection_id == "c0ffee"
    assert sync(replace(task("in"), rendered={})).connection_id is None


def test_the_table():
    state = progress(
        task("in.trigger"), task("in.wait", at=5), task("out", "failed"), money="failed", alone=""
    )
    found = list(zip(syncs(state, {}), [job(12, rows=1_234_567), None], strict=True))
    assert table(rows(state, found)) == [
        "DAG    sync  mode   Airbyte job  state         rows  seconds",
        "alone  -     -                -  no run           -        -",
        "money  in    async           12  success  1,234,567      6.0",
        "money  out   sync             -  failed           -      1.0",
    ]


def test_failures_name_tasks_and_runs():
    state = progress(task("in", "failed"), task("out"), money="failed", good="success", alone="")
    assert failures(state) == ["money.in failed", "money: failed", "alone: no run"]


def test_missing_names_dags_that_airflow_does_not_have():
    assert missing(progress(money="success"), {"money", "zebra", "ape"}) == [
        "ape: in the configuration but not in Airflow",
        "zebra: in the configuration but not in Airflow",
    ]
