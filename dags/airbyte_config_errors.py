"""No DAG of its own: what is wrong in `configs/`, as one entry in Airflow's list of import errors.

Raised here and not in `airbyte_syncs.py`, since an import error makes every DAG of its file stale.
"""

import airflow.providers.airbyte.operators.airbyte
import airflow.providers.airbyte.sensors.airbyte  # noqa: F401

from dag_factory import config_folder, raise_config_errors

raise_config_errors(config_folder(__file__))
