"""Airbyte syncs in Airflow, declared in YAML.

The public face, for files in `dags/`: `config_folder`, `load_dags`, `raise_config_errors`, `sync_group` and
`ConfigError`. They are imported when they are asked for, so that checking a configuration needs no Airflow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dag_factory import garbage_collection

if TYPE_CHECKING:
    from dag_factory.config.diagnostics import ConfigError
    from dag_factory.factory.load import config_folder, load_dags, raise_config_errors, sync_group

__all__ = ["ConfigError", "config_folder", "load_dags", "raise_config_errors", "sync_group"]

_MODULES = {
    "ConfigError": "dag_factory.config.diagnostics",
    "config_folder": "dag_factory.factory.load",
    "load_dags": "dag_factory.factory.load",
    "raise_config_errors": "dag_factory.factory.load",
    "sync_group": "dag_factory.factory.load",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    if name not in _MODULES:
        message = f"module 'dag_factory' has no attribute '{name}'"
        raise AttributeError(message)
    with garbage_collection.paused():
        return getattr(import_module(_MODULES[name]), name)
