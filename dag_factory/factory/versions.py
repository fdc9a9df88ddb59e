"""The differences between Airflow 2.11 and 3.x, and nothing else; only `factory` imports this module."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import airflow
from airflow.providers.common.compat.sdk import DAG, Asset, AssetAll, AssetAny

if TYPE_CHECKING:
    from dag_factory.config.model import AssetCondition

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


def has_cluster_policies() -> bool:
    """Whether the deployment has policies of its own, which may change a DAG each time that they see it."""
    settings = import_module("airflow.settings")
    manager = settings.get_policy_plugin_manager() if VERSION >= (3, 2) else settings.POLICY_PLUGIN_MANAGER
    hooks = manager.hook
    # Airflow's own policy, which does nothing, is one of them.
    return len(hooks.dag_policy.get_hookimpls()) > 1 or len(hooks.task_policy.get_hookimpls()) > 1


def _load(module: str, name: str) -> Any:  # noqa: ANN401 (that is what it is for)
    return getattr(import_module(module), name)
