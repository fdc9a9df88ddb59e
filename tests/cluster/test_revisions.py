"""A commit to the git bundle counts for new runs; those under way keep the revision they began with."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.airflow_processes.scenes import MODES, Lab, Outcome, Scene, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

# The run from before the commit and the one from after it are under way together.
TWO_RUNS = {"max_active_runs": 2}
RETRIED = {"retries": 1}
ONE = Outcome(("succeeded",), "success")
ANEW = Outcome(("failed", "succeeded"), "success")


def test_another_connection(lab, estate, tell):
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
    # A retry belongs to the run, and so it syncs the old connection once more.
    assert outcomes(old) == dict.fromkeys(MODES, ANEW)
    assert outcomes(new) == dict.fromkeys(MODES, ONE)
    assert {revision(lab, scene) for scene in old} == {first}
    assert {revision(lab, scene) for scene in new} == {second}
    tell(f"{'another connection':26} old runs keep theirs, retries too; new runs follow, in all modes")


def test_a_sync_is_removed(lab, estate, tell):
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
    tell(f"{'a sync removed':26} old runs end it, new runs have none, in all modes")


def scenes(lab: Lab, name: str, sync: dict[str, object]) -> list[Scene]:
    """Write a DAG for each mode, with a connection of its own each time."""
    return [Scene(lab, name, mode, {**sync, "outlets": outlets(name, mode)}, TWO_RUNS) for mode in MODES]


def outlets(name: str, mode: str) -> list[str]:
    """Name the assets in both revisions: Airflow fails the old run where a commit takes away its asset."""
    return [f"{name}_{mode}".replace(" ", "_")]


def published(lab: Lab, estate, changed: Iterable[Scene]) -> str:
    """Commit, wait until Airflow has stored its DAGs, and return the revision.

    Airflow notes the revision with the DAG at once, but leaves a DAG that it has stored less than 30 seconds
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
    """Return the syncs of a run: the names of its tasks, or of the groups in which they are."""
    query = (
        "SELECT array_agg(split_part(task_id, '.', 1)) FROM task_instance WHERE dag_id = %s AND run_id = %s"
    )
    return set(lab.airflow.database.value(query, dag_id, run_id))
