"""A commit to the git bundle applies to new runs; active runs keep the revision that they started with."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.airflow_processes.scenes import MODES, Lab, Outcome, Scene, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

# The runs from before and after the commit are active at the same time.
TWO_RUNS = {"max_active_runs": 2}
RETRIED = {"retries": 1}
ONE = Outcome(("succeeded",), "success")
STARTED_OVER = Outcome(("failed", "succeeded"), "success")


def test_another_connection(lab, estate, report):
    old = scenes(lab, "moved", RETRIED)
    first = published(lab, estate, old)
    begin(old)
    new = scenes(lab, "moved", {**RETRIED, "wait_seconds": 7})
    second = published(lab, estate, new)
    begin(new)
    for scene in old:
        scene.end_job("failed")
    for scene in old:
        scene.wait_for_jobs(2)
    for scene in (*old, *new):
        scene.let_succeed()
    # A retry belongs to its run, so it syncs the old connection again.
    assert outcomes(old) == dict.fromkeys(MODES, STARTED_OVER)
    assert outcomes(new) == dict.fromkeys(MODES, ONE)
    assert {revision(lab, scene) for scene in old} == {first}
    assert {revision(lab, scene) for scene in new} == {second}
    report(f"{'another connection':26} old runs keep theirs, retries too; new runs follow, in all modes")


def test_a_sync_is_removed(lab, estate, report):
    old = scenes(lab, "shrunk", RETRIED)
    published(lab, estate, old)
    begin(old)
    for scene in old:
        other = lab.make_connection(f"{scene.dag_id}-other")
        sync = {"connection_id": other, "outlets": outlets("shrunk", scene.mode), **MODES[scene.mode]}
        lab.write(scene.dag_id, {"other": sync}, **TWO_RUNS)
    published(lab, estate, old)
    runs = {scene.dag_id: lab.api.start_run(scene.dag_id) for scene in old}
    for scene in old:
        scene.let_succeed()
    assert outcomes(old) == dict.fromkeys(MODES, ONE)
    for dag_id, run_id in runs.items():
        wait_for(lambda key=(dag_id, run_id): ended(lab, *key), f"the new run of {dag_id} ends")
        assert lab.airflow.database.run_state(dag_id, run_id) == "success"
        assert task_groups(lab, dag_id, run_id) == {"other"}
    report(f"{'a sync removed':26} old runs end it, new runs have none, in all modes")


def scenes(lab: Lab, name: str, sync: dict[str, object]) -> list[Scene]:
    """Write a DAG for each mode, each with a new connection."""
    return [Scene(lab, name, mode, {**sync, "outlets": outlets(name, mode)}, TWO_RUNS) for mode in MODES]


def outlets(name: str, mode: str) -> list[str]:
    """Return the assets of both revisions: Airflow fails the old run if a commit removes its asset."""
    return [f"{name}_{mode}".replace(" ", "_")]


def published(lab: Lab, estate, changed: Iterable[Scene]) -> str:
    """Commit, wait until Airflow has stored its DAGs, and return the revision.

    Airflow records the revision with the DAG at once, but leaves a DAG that it stored less than 30 seconds
    ago to a later parse (`models/serialized_dag.py`, `write_dag`); a run in between has the old tasks.
    """
    commit = estate.publish()
    dag_ids = [scene.dag_id for scene in changed]
    query = "SELECT count(DISTINCT dag_id) FROM dag_version WHERE dag_id = ANY(%s) AND bundle_version = %s"
    wait_for(
        lambda: lab.airflow.database.value(query, dag_ids, commit) == len(dag_ids), "Airflow stores the DAGs"
    )
    return commit


def begin(chosen: list[Scene]) -> None:
    for scene in chosen:
        scene.begin()
    for scene in chosen:
        scene.wait_for_jobs(1)
        scene.wait_for_waiting()


def outcomes(chosen: list[Scene]) -> dict[str, Outcome]:
    return {scene.mode: scene.outcome() for scene in chosen}


def revision(lab: Lab, scene: Scene) -> str:
    query = "SELECT bundle_version FROM dag_run WHERE dag_id = %s AND run_id = %s"
    return lab.airflow.database.value(query, scene.dag_id, scene.run_id)


def ended(lab: Lab, dag_id: str, run_id: str) -> bool:
    return lab.airflow.database.run_state(dag_id, run_id) in ("success", "failed")


def task_groups(lab: Lab, dag_id: str, run_id: str) -> set[str]:
    """Return the syncs of a run: the names of its tasks, or of their task groups."""
    query = (
        "SELECT array_agg(split_part(task_id, '.', 1)) FROM task_instance WHERE dag_id = %s AND run_id = %s"
    )
    return set(lab.airflow.database.value(query, dag_id, run_id))
