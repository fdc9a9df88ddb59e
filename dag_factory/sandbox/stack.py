"""The whole stack: a local Airbyte and an Airflow connected to it, started and stopped together."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dag_factory.sandbox.airbyte import AirbyteAccess
from dag_factory.sandbox.airflow.api import AirflowApi
from dag_factory.sandbox.airflow.dags_folder import dags_folder
from dag_factory.sandbox.airflow.home import AirflowHome, components, connections, environment, migration
from dag_factory.sandbox.configuration import Expected, Options
from dag_factory.sandbox.console import Console
from dag_factory.sandbox.processes.child import Child, Command, run_to_end, running, wait_until
from dag_factory.sandbox.snapshot import pull_snapshots

START_SECONDS = 180.0
CLIENT_ID, CLIENT_SECRET = "local-airbyte", "local-airbyte-secret"
# The last line that `dag-factory local-airbyte` prints before it serves.
_READY = re.compile(r"local Airbyte ready on (\S+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to start, in which folder, and Airflow's port."""

    options: Options
    expected: Expected
    folder: Path
    port: int
    paused_at_creation: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A running stack; `airflow` is logged in, `children` are all its processes."""

    home: AirflowHome
    airbyte: AirbyteAccess
    airflow: AirflowApi
    children: tuple[Child, ...]
    data: Path


@contextmanager
def stack(plan: Plan, console: Console) -> Iterator[Stack]:
    """Start everything, yield it when it is ready, and stop it however the block is left."""
    home = AirflowHome(
        folder=plan.folder / "airflow",
        dags=dags_folder(plan.options.dags, plan.options.configs, plan.folder),
        logs=plan.folder / "logs",
        port=plan.port,
        paused_at_creation=plan.paused_at_creation,
    )
    own = environment(home, os.environ)
    data = plan.folder / "airbyte"
    with running([_local_airbyte(plan, data, own)]) as (airbyte_child,):
        _migrate(home, own, console)
        airbyte = _ready_airbyte(airbyte_child, console)
        for line in pull_snapshots(
            plan.options.configs, plan.expected.airbyte_conn_ids, airbyte, plan.folder
        ):
            console.line(line)
        with_connections = {**own, **connections(airbyte, plan.expected.airbyte_conn_ids)}
        with running(components(home, with_connections)) as airflow_children, AirflowApi(home.url) as api:
            children = (airbyte_child, *airflow_children)
            _wait_for_airflow(api, children, console)
            api.create_pools(plan.expected.pools)
            try:
                yield Stack(home=home, airbyte=airbyte, airflow=api, children=children, data=data)
            finally:
                console.line("stopping Airflow and the local Airbyte")


def _local_airbyte(plan: Plan, data: Path, environment: Mapping[str, str]) -> Command:
    faker = ("--source-faker", str(plan.options.source_faker)) if plan.options.source_faker else ()
    where = ("--port", "0", "--data", str(data), "--configs", str(plan.options.configs))
    options = (*where, "--no-samples", *faker)
    return Command(
        name="the local Airbyte",
        argv=(sys.executable, "-m", "dag_factory", "local-airbyte", *options),
        environment={
            **environment,
            "LOCAL_AIRBYTE_CLIENT_ID": CLIENT_ID,
            "LOCAL_AIRBYTE_CLIENT_SECRET": CLIENT_SECRET,
            "PYTHONUNBUFFERED": "1",
        },
        log=plan.folder / "logs" / "local-airbyte.log",
    )


def _migrate(home: AirflowHome, environment: Mapping[str, str], console: Console) -> None:
    home.folder.mkdir(exist_ok=True)
    tick = console.waiting("preparing Airflow's database")
    run_to_end(migration(home, environment), timeout_seconds=START_SECONDS, tick=tick)


def _ready_airbyte(child: Child, console: Console) -> AirbyteAccess:
    tick = console.waiting("starting the local Airbyte")
    if not wait_until(lambda: _url(child) is not None, [child], timeout_seconds=START_SECONDS, tick=tick):
        child.fail(f"was not ready after {START_SECONDS:.0f} s")
    url = _url(child)
    assert url is not None  # noqa: S101 (for the type checker: it was there a moment ago)
    return AirbyteAccess(url=url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


def _url(child: Child) -> str | None:
    found = _READY.search(child.command.log.read_text(encoding="utf-8"))
    return found[1] if found else None


def _wait_for_airflow(api: AirflowApi, children: tuple[Child, ...], console: Console) -> None:
    tick = console.waiting("starting Airflow")
    if not wait_until(api.is_healthy, children, timeout_seconds=START_SECONDS, tick=tick):
        children[1].fail(f"was not ready after {START_SECONDS:.0f} s")
    api.log_in()
