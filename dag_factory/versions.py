"""The differences between Airflow 2.11 and 3.x."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import airflow
from airflow.providers.common.compat.sdk import DAG, Asset, AssetAll, AssetAny, conf
from airflow.triggers.base import BaseTrigger

if TYPE_CHECKING:
    from dag_factory.config.model.dag import AssetCondition

VERSION = tuple(int(part) for part in airflow.__version__.split(".")[:2])

# The modules of classes that airflow.providers.common.compat does not cover.
_TIMETABLES = "airflow.sdk" if VERSION >= (3, 2) else "airflow.timetables.trigger"
_TRIGGER_DAG_RUN = (
    "airflow.providers.standard.operators.trigger_dagrun"
    if VERSION >= (3, 0)
    else "airflow.operators.trigger_dagrun"
)


def make_dag(**arguments: Any) -> DAG:  # noqa: ANN401 (the arguments of Airflow's DAG)
    """Create a DAG; Airflow 2 calls `fail_fast` `fail_stop`."""
    if VERSION < (3, 0) and "fail_fast" in arguments:
        arguments["fail_stop"] = arguments.pop("fail_fast")
    return DAG(**arguments)


def dag_defaults() -> dict[str, Any]:
    """Look up once what Airflow 3.1 and newer would look up in its configuration again for each DAG.

    The three look-ups are a tenth of the creation of a DAG.
    """
    if VERSION < (3, 1):
        return {}
    return {
        "max_active_tasks": conf.getint("core", "max_active_tasks_per_dag"),
        "max_consecutive_failed_dag_runs": conf.getint("core", "max_consecutive_failed_dag_runs_per_dag"),
        "disable_bundle_versioning": conf.getboolean("dag_processor", "disable_bundle_versioning"),
    }


def make_asset(text: str) -> Asset:
    """Create an asset from a URI or a name; Airflow 2.11 has no names and takes every text as a URI."""
    return Asset(uri=text) if "://" in text or VERSION < (3, 0) else Asset(name=text)


def make_asset_condition(condition: AssetCondition) -> Any:  # noqa: ANN401 (assets have no common base)
    """Create the condition of a schedule on assets."""
    if isinstance(condition, str):
        return make_asset(condition)
    group = AssetAll if condition.kind == "all" else AssetAny
    return group(*(make_asset_condition(part) for part in condition.parts))


def cron_timetable(expression: str, timezone: str) -> Any:  # noqa: ANN401 (another class on each version)
    """Create the timetable of a cron expression.

    The schedule is not given as text, since the meaning of text depends on the version and on the setting
    `create_cron_data_intervals`.
    """
    return _load(_TIMETABLES, "CronTriggerTimetable")(expression, timezone=timezone)


def every_timetable(distance: timedelta) -> Any:  # noqa: ANN401 (another class on each version)
    """Create the timetable of runs at a fixed distance."""
    return _load(_TIMETABLES, "DeltaTriggerTimetable")(distance)


def assets_or_time(assets: Any, timetable: Any) -> Any:  # noqa: ANN401 (another class on each version)
    """Create the timetable of runs at these times and whenever the assets are updated."""
    if VERSION < (3, 0):
        make = _load("airflow.timetables.datasets", "DatasetOrTimeSchedule")
        return make(timetable=timetable, datasets=assets)
    module = "airflow.sdk" if VERSION >= (3, 2) else "airflow.timetables.assets"
    return _load(module, "AssetOrTimeSchedule")(timetable=timetable, assets=assets)


def trigger_dag_run_operator() -> Any:  # noqa: ANN401 (another class on each version)
    """Return the operator that triggers another DAG."""
    return _load(_TRIGGER_DAG_RUN, "TriggerDagRunOperator")


# Whether Airflow calls `on_kill` of a trigger when a person ends its task; before 3.3 it only cancels it.
TRIGGERS_ARE_KILLED = hasattr(BaseTrigger, "on_kill")


def read_variable(key: str) -> str | None:
    """Read an Airflow Variable; None if there is none."""
    default = {"default_var" if VERSION < (3, 0) else "default": None}
    value: str | None = _variables().get(key, **default)
    return value


def write_variable(key: str, value: str, description: str) -> None:
    """Write an Airflow Variable."""
    _variables().set(key, value, description=description)


def delete_variable(key: str) -> None:
    """Delete an Airflow Variable, if it exists."""
    _variables().delete(key)


def delete_variable_after_success(key: str) -> None:
    """Delete an Airflow Variable in a callback of its task's success, not before that is recorded.

    Airflow 2 calls back before it records the success, in a transaction that then has both
    (`_run_raw_task` in `airflow/models/taskinstance.py`); Airflow 3 calls back afterwards.
    """
    if VERSION < (3, 0):
        session = _load("airflow.utils.task_instance_session", "get_current_task_instance_session")()
        _variables().delete(key, session=session)
    else:
        delete_variable(key)


def _variables() -> Any:  # noqa: ANN401 (another class on each version)
    return _load("airflow.models" if VERSION < (3, 0) else "airflow.sdk", "Variable")


def heartbeat_seconds() -> float:
    """Return the heartbeat interval of a task, in seconds."""
    option = ("scheduler", "job_heartbeat_sec") if VERSION < (3, 0) else ("workers", "min_heartbeat_interval")
    seconds: float = conf.getfloat(*option, fallback=5.0)
    return seconds


def state_of_deferred(ti: Any) -> str | None:  # noqa: ANN401 (another class on each version)
    """Read the state of a trigger's task, in a thread of a triggerer; None if the task is gone."""
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


# The DAG processor of 3.0, which runs the callbacks of DAGs, does not pass such requests on to the database.
CALLBACKS_CAN_ASK = VERSION != (3, 0)


def failed_task_ids(dag: DAG, run_id: str) -> list[str]:
    """Read in a callback which tasks of a run have failed, in the DAG's order."""
    states = (
        _states_in_database(dag.dag_id, run_id) if VERSION < (3, 0) else _states_of_run(dag.dag_id, run_id)
    )
    return [task.task_id for task in dag.tasks if states.get(task.task_id) == "failed"]


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
    """Whether the deployment has cluster policies, which may change a DAG each time that they run."""
    settings = import_module("airflow.settings")
    manager = settings.get_policy_plugin_manager() if VERSION >= (3, 2) else settings.POLICY_PLUGIN_MANAGER
    hooks = manager.hook
    # Airflow's own policy, which does nothing, is one of them.
    return len(hooks.dag_policy.get_hookimpls()) > 1 or len(hooks.task_policy.get_hookimpls()) > 1


def _load(module: str, name: str) -> Any:  # noqa: ANN401 (that is what it is for)
    return getattr(import_module(module), name)
