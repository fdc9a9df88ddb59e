"""The errors in `configs/`, as one entry in Airflow's list of import errors. This file creates no DAG.

They are not raised in `airbyte_syncs.py`, because an import error makes every DAG of its file stale.
"""

import airflow.providers.airbyte.operators.airbyte
import airflow.providers.airbyte.sensors.airbyte  # noqa: F401

from dag_factory import config_folder, raise_config_errors

raise_config_errors(config_folder(__file__))
