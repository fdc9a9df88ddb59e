"""The differences between Airflow 2.11 and 3.x, and nothing else; `factory` and `airbyte` import it."""

from __future__ import annotations

import os
from collections.abc import Callable
from configparser import ConfigParser
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import airflow
from airflow.providers.common.compat.sdk import DAG, Asset, AssetAll, AssetAny, XCom, conf
from airflow.triggers.base import BaseTrigger

if TYPE_CHECKING:
    from dag_factory.config.model.dag import AssetCondition

VERSION = tuple(int(part) for part in airflow.__version__.split(".")[:2])

# Where the classes live that airflow.providers.common.compat does not cover.
_TIMETABLES = "airflow.sdk" if VERSION >= (3, 2) else "airflow.timetables.trigger"
_TRIGGER_DAG_RUN = (
    "airflow.providers.standard.operators.trigger_dagrun"
    if VERSION >= (3, 0)
    else "airflow.operators.trigger_dagrun"
)
_DAG_BAG = "airflow.dag_processing.dagbag" if VERSION >= (3, 2) else "airflow.models.dagbag"


def make_dag(**arguments: Any) -> DAG:  # noqa: ANN401 (the arguments of Airflow's DAG)
    """Make a DAG; Airflow 2 knows `fail_fast` as `fail_stop`."""
    if VERSION < (3, 0) and "fail_fast" in arguments:
        arguments["fail_stop"] = arguments.pop("fail_fast")
    return DAG(**arguments)


def make_asset(text: str) -> Asset:
    """Make an asset of a URI or a name; Airflow 2.11 has no names and takes every text as URI."""
    return Asset(uri=text) if "://" in text or VERSION < (3, 0) else Asset(name=text)


def make_asset_condition(condition: AssetCondition) -> Any:  # noqa: ANN401 (assets have no common base)
    """Make what a schedule on assets takes."""
    if isinstance(condition, str):
        return make_asset(condition)
    group = AssetAll if condition.kind == "all" else AssetAny
    return group(*(make_asset_condition(part) for part in condition.parts))


def cron_timetable(expression: str, timezone: str) -> Any:  # noqa: ANN401 (another class on each version)
    """A run at each of these times.

    Given as a timetable and not as text, since what Airflow makes of text differs between versions and
    with the setting `create_cron_data_intervals`.
    """
    return _load(_TIMETABLES, "CronTriggerTimetable")(expression, timezone=timezone)


def every_timetable(distance: timedelta) -> Any:  # noqa: ANN401 (another class on each version)
    """A run each time the distance has passed."""
    return _load(_TIMETABLES, "DeltaTriggerTimetable")(distance)


def assets_or_time(assets: Any, timetable: Any) -> Any:  # noqa: ANN401 (another class on each version)
    """A run at these times and one whenever the assets have been updated."""
    if VERSION < (3, 0):
        make = _load("airflow.timetables.datasets", "DatasetOrTimeSchedule")
        return make(timetable=timetable, datasets=assets)
    module = "airflow.sdk" if VERSION >= (3, 2) else "airflow.timetables.assets"
    return _load(module, "AssetOrTimeSchedule")(timetable=timetable, assets=assets)


def trigger_dag_run_operator() -> Any:  # noqa: ANN401 (another class on each version)
    """The operator that triggers another DAG."""
    return _load(_TRIGGER_DAG_RUN, "TriggerDagRunOperator")


class Rehearsal:
    """What Airflow will do with a DAG after its file has been imported.

    One DAG that fails there gives the whole file an import error, and Airflow stops scheduling every DAG of
    the file (`dag_processing/collection.py`, `_update_import_errors`). So each is tried before it is handed
    over, in Airflow's own way: validation, executors' names, cycles, cluster policies.
    """

    def __init__(self) -> None:
        module = import_module(_DAG_BAG)
        self._bag = module.DagBag(os.devnull, collect_dags=False)
        self._check_executors = getattr(module, "_validate_executor_fields", None)

    def run(self, dag: DAG) -> None:
        """Bag a DAG as the DAG processor does; raises what Airflow raises."""
        dag.fileloc = dag.fileloc or os.devnull
        validate: Callable[[], None] = dag.validate
        validate()
        if self._check_executors is not None:
            self._check_executors(dag)
        if VERSION < (3, 0):
            self._bag.bag_dag(dag, dag)
        else:
            self._bag.bag_dag(dag)


# Whether Airflow tells a trigger that a person ended its task; before 3.3 a trigger is only cancelled.
TRIGGERS_ARE_KILLED = hasattr(BaseTrigger, "on_kill")


def keep_with_task(ti: Any, task_id: str, key: str, value: object) -> None:  # noqa: ANN401 (per version)
    """Write an XCom of another task in the run of this one; None deletes nothing and is kept as null."""
    XCom.set(
        key=key,
        value=value,
        dag_id=ti.dag_id,
        task_id=task_id,
        run_id=ti.run_id,
        map_index=-1,
    )


def read_variable(key: str) -> str | None:
    """Read an Airflow Variable; None where there is none."""
    default = {"default_var" if VERSION < (3, 0) else "default": None}
    value: str | None = _variables().get(key, **default)
    return value


def write_variable(key: str, value: str, description: str) -> None:
    """Write an Airflow Variable."""
    _variables().set(key, value, description=description)


def delete_variable(key: str) -> None:
    """Delete an Airflow Variable, if it is there."""
    _variables().delete(key)


def _variables() -> Any:  # noqa: ANN401 (another class on each version)
    return _load("airflow.models" if VERSION < (3, 0) else "airflow.sdk", "Variable")


# How many seconds a scheduler may take to hear of the end of what ran a task: mostly one or two, more than
# three on a busy machine (Airflow 3.1.8).
HEARING_SECONDS = 10.0


def shortest_reschedule() -> float:
    """How soon a rescheduled or deferred task may go on, in seconds.

    What runs a task tells of its end only with its next heartbeat, and the scheduler hears of it in its next
    loop. A task that is due before that is still running to the executor, and Airflow fails it
    (`jobs/scheduler_job_runner.py`, `process_executor_events`).
    """
    option = ("scheduler", "job_heartbeat_sec") if VERSION < (3, 0) else ("workers", "min_heartbeat_interval")
    beat: float = conf.getfloat(*option, fallback=5.0)
    return beat + HEARING_SECONDS


def default_deferrable() -> bool | None:
    """Read `[operators] default_deferrable`; None where nobody has set it, which Airflow takes for false.

    Airflow writes a configuration file with all its defaults (`false` here, as it spells it), so a file says
    something only where its text is another one.
    """
    option = ("operators", "default_deferrable")
    is_set = f"AIRFLOW__{'__'.join(option).upper()}" in os.environ
    if not is_set and ConfigParser.has_option(conf, *option):
        is_set = ConfigParser.get(conf, *option, raw=True) != conf.get_default_value(*option, raw=True)
    return conf.getboolean(*option) if is_set else None


def state_of_deferred(ti: Any) -> str | None:  # noqa: ANN401 (another class on each version)
    """Ask from a triggerer's thread for the state of the task of a trigger; None if the task is gone."""
    if VERSION < (3, 0):
        return _state_in_database(ti)
    runtime = _load("airflow.sdk.execution_time.task_runner", "RuntimeTaskInstance")
    states = runtime.get_task_states(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    )
    found: dict[str, Any] = states.get(ti.run_id, {})
    return next((str(getattr(state, "value", state)) for state in found.values()), None)


def _state_in_database(ti: Any) -> str | None:  # noqa: ANN401 (another class on each version)
    model = _load("airflow.models.taskinstance", "TaskInstance")
    with _load("airflow.utils.session", "create_session")() as session:
        key = (model.dag_id == ti.dag_id, model.task_id == ti.task_id, model.run_id == ti.run_id)
        state = session.query(model.state).filter(*key, model.map_index == ti.map_index).scalar()
    return None if state is None else str(state)


# The DAG processor of 3.0, which runs the callbacks of DAGs, hands no such questions on to the database.
CALLBACKS_CAN_ASK = VERSION != (3, 0)


def failed_task_ids(dag: DAG, run_id: str) -> list[str]:
    """Ask in a callback for the tasks of a run that have failed, in the DAG's order."""
    states = (
        _states_in_database(dag.dag_id, run_id) if VERSION < (3, 0) else _states_of_run(dag.dag_id, run_id)
    )
    return [task.task_id for task in dag.tasks if states.get(task.task_id) == "failed"]


def read_xcom(dag_id: str, run_id: str, task_id: str, key: str) -> Any:  # noqa: ANN401 (what was written)
    """Read an XCom in a callback; None where there is none."""
    return XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, key=key)


def _states_of_run(dag_id: str, run_id: str) -> dict[str, str]:
    runtime = _load("airflow.sdk.execution_time.task_runner", "RuntimeTaskInstance")
    states = runtime.get_task_states(dag_id=dag_id, run_ids=[run_id]).get(run_id, {})
    return {task_id: str(getattr(state, "value", state)) for task_id, state in states.items()}


def _states_in_database(dag_id: str, run_id: str) -> dict[str, str]:
    model = _load("airflow.models.taskinstance", "TaskInstance")
    with _load("airflow.utils.session", "create_session")() as session:
        found = session.query(model.task_id, model.state).filter(
            model.dag_id == dag_id, model.run_id == run_id
        )
        return {task_id: str(state) for task_id, state in found}


def has_cluster_policies() -> bool:
    """Whether the deployment has policies of its own, which may change a DAG each time that they see it."""
    settings = import_module("airflow.settings")
    manager = settings.get_policy_plugin_manager() if VERSION >= (3, 2) else settings.POLICY_PLUGIN_MANAGER
    hooks = manager.hook
    # Airflow's own policy, which does nothing, is one of them.
    return len(hooks.dag_policy.get_hookimpls()) > 1 or len(hooks.task_policy.get_hookimpls()) > 1


def _load(module: str, name: str) -> Any:  # noqa: ANN401 (that is what it is for)
    return getattr(import_module(module), name)
