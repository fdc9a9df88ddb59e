"""The options of the command line, and what Airflow should load from the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dag_factory.config.diagnostics import has_errors
from dag_factory.config.model.dag import Sync
from dag_factory.config.project import Project, load_project

DEFAULT_CONN_ID = "airbyte_default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of `demo` and `up`; everything is written to the folder `work`."""

    configs: Path
    dags: Path
    work: Path
    source_faker: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What Airflow should load from the configuration, and the connections and pools that it needs."""

    dag_ids: frozenset[str]
    has_errors_in_config: bool
    modes: Mapping[tuple[str, str], str]
    airbyte_conn_ids: frozenset[str]
    pools: frozenset[str]


def read_expected(options: Options) -> Expected:
    """Read the configuration as Airflow will, in the environment that DAG_FACTORY_ENV names."""
    return expected_from(load_project(options.configs, os.environ.get("DAG_FACTORY_ENV") or None))


def expected_from(project: Project) -> Expected:
    """Return what Airflow should load from a project."""
    dags = [dag for dag in project.dags if dag.enabled]
    syncs = [sync for dag in project.dags for sync in dag.syncs]
    conn_ids = {sync.airbyte_conn_id for sync in syncs if "{{" not in sync.airbyte_conn_id}
    return Expected(
        dag_ids=frozenset(dag.dag_id for dag in dags),
        has_errors_in_config=has_errors(project.diagnostics),
        modes={(dag.dag_id, sync.name): _mode(sync) for dag in dags for sync in dag.syncs},
        airbyte_conn_ids=frozenset({DEFAULT_CONN_ID, *conn_ids}),
        pools=frozenset(sync.pool for sync in syncs if sync.pool is not None),
    )


def _mode(sync: Sync) -> str:
    return f"{sync.mode}, deferrable" if sync.is_deferred else sync.mode
