"""The entry point for Airflow's provider manager.

Airflow 2 shows an operator's link only if its class is registered so; Airflow 3 needs no registration.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any


def provider_info() -> dict[str, Any]:
    """Return the fields of Airflow's `provider_info.schema.json`."""
    return {
        "package-name": "airbyte-dag-factory",
        "name": "Airbyte DAG factory",
        "description": "Airbyte syncs, declared in YAML files",
        "versions": [version("airbyte-dag-factory")],
        "extra-links": ["dag_factory.operators.links.AirbyteConnectionLink"],
    }
