"""The DAGs that are declared in `configs/`.

Airflow only reads files that contain both `airflow` and `dag`. The provider is imported here by its full
name, so that Airflow's DAG processor imports it once, before it forks, and not at each parse.
"""

import airflow.providers.airbyte.operators.airbyte
import airflow.providers.airbyte.sensors.airbyte  # noqa: F401

from dag_factory import config_folder, load_dags

globals().update(load_dags(config_folder(__file__)))
