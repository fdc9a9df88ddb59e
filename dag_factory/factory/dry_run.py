"""A dry run of what Airflow does with a DAG after importing its file."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

from airflow.providers.common.compat.sdk import DAG

from dag_factory.versions import VERSION

_DAG_BAG = "airflow.dag_processing.dagbag" if VERSION >= (3, 2) else "airflow.models.dagbag"


class DryRun:
    """Checks DAGs one by one as the DAG processor does: validation, executors, cycles, policies.

    If one DAG fails there, the whole file has an import error and Airflow stops scheduling every DAG of the
    file (`dag_processing/collection.py`, `_update_import_errors`). So the loader checks each DAG before it
    hands it to Airflow.
    """

    def __init__(self) -> None:
        module = import_module(_DAG_BAG)
        self._bag = module.DagBag(os.devnull, collect_dags=False)
        self._check_executors = getattr(module, "_validate_executor_fields", None)

    def run(self, dag: DAG) -> None:
        """Add a DAG to a DagBag as the DAG processor does; raises whatever Airflow raises."""
        dag.fileloc = dag.fileloc or os.devnull
        validate: Callable[[], None] = dag.validate
        validate()
        if self._check_executors is not None:
            self._check_executors(dag)
        if VERSION < (3, 0):
            self._bag.bag_dag(dag, dag)
        else:
            self._bag.bag_dag(dag)
