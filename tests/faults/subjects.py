"""The operators under test: ours, which the loader makes from YAML, and the provider's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import yaml
from airbyte_api._hooks.clientcredentials import ClientCredentialsHook
from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator
from airflow.providers.airbyte.sensors.airbyte import AirbyteJobSensor
from airflow.providers.common.compat.sdk import DAG

from dag_factory.airbyte import clock
from dag_factory.airbyte.clock import Clock
from dag_factory.config.text import durations
from dag_factory.factory.load import load_dags
from tests.faults.faults import Fault
from tests.faults.lab import Lab

# The keys of every case's sync, unless the fault overrides them.
DEFAULTS = {"wait_seconds": 120, "timeout": "6h", "retries": 2, "retry_delay": "5m"}
START = datetime(2024, 1, 1).astimezone()


class Ours:
    """DAGs as this package makes them from configurations."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_dag(self, lab: Lab, fault: Fault, mode: str, dag_id: str) -> DAG:
        """Write a configuration and load it."""
        sync = {
            "connection_id": lab.connection_id,
            "mode": mode.split(maxsplit=1)[0],
            "deferrable": "deferrable" in mode,
            **DEFAULTS,
            **fault.sync,
        }
        root = self._folder / dag_id
        root.mkdir()
        document = {"schedule": None, "start_date": START.date(), "syncs": {"money": sync}}
        (root / f"{dag_id}.yaml").write_text(yaml.safe_dump(document))
        return load_dags(root)[dag_id]

    @contextmanager
    def at_speed(self, lab: Lab) -> Iterator[None]:
        """Make the operators wait in the lab's virtual time."""
        fast = Clock(
            monotonic=lab.clock.monotonic,
            now=lab.clock.now,
            sleep=lab.wait,
            sleep_in_loop=partial(_wait_in_loop, lab),
            jitter=lambda seconds: seconds,
            first_pause=lambda seconds: seconds,
        )
        with patch.object(clock, "SYSTEM_CLOCK", fast):
            yield


class Provider:
    """DAGs with the provider's operator and sensor, with a timeout and without holding a worker slot."""

    def make_dag(self, lab: Lab, fault: Fault, mode: str, dag_id: str) -> DAG:
        """Make a DAG as the provider's documentation shows it."""
        keys = {**DEFAULTS, **fault.sync}
        dag = DAG(dag_id, schedule=None, start_date=START)
        common = {
            "dag": dag,
            "deferrable": "deferrable" in mode,
            "retries": keys["retries"],
            "retry_delay": timedelta(seconds=durations.seconds(keys["retry_delay"])),
        }
        timeout = durations.seconds(keys["timeout"])
        start = AirbyteTriggerSyncOperator(
            task_id="trigger" if mode.startswith("async") else "money",
            connection_id=lab.connection_id,
            asynchronous=mode.startswith("async"),
            wait_seconds=keys["wait_seconds"],
            timeout=timeout,
            # According to its documentation this cancels a job that takes too long, deferred or not.
            execution_timeout=timedelta(seconds=timeout),
            **common,
        )
        if mode.startswith("async"):
            start >> AirbyteJobSensor(
                task_id="wait",
                airbyte_job_id=start.output,
                mode="reschedule",
                poke_interval=keys["wait_seconds"],
                timeout=timeout,
                **common,
            )
        return dag

    @contextmanager
    def at_speed(self, lab: Lab) -> Iterator[None]:
        """Make the provider's modules wait in the lab's virtual time, without tokens of earlier cases."""
        ClientCredentialsHook._sessions.clear()
        virtual_time = SimpleNamespace(sleep=lab.wait, monotonic=lab.clock.monotonic, time=lab.clock.now)
        package = "airflow.providers.airbyte"
        with ExitStack() as stack:
            for module in ("hooks", "operators", "sensors", "triggers"):
                stack.enter_context(patch(f"{package}.{module}.airbyte.time", virtual_time))
            loop = SimpleNamespace(sleep=partial(_wait_in_loop, lab), CancelledError=asyncio.CancelledError)
            stack.enter_context(patch(f"{package}.triggers.airbyte.asyncio", loop))
            yield


async def _wait_in_loop(lab: Lab, seconds: float) -> None:
    """Wait in a trigger, which may be cancelled meanwhile."""
    await lab.wait_in_loop(seconds)
    await lab.run.settle()
