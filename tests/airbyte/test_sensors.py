"""What the sensor does between two looks; the faults' matrix has the looks themselves."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dag_factory import versions
from dag_factory.airbyte.sensors import AirbyteSyncSensor
from dag_factory.factory.load import load_dags

pytestmark = pytest.mark.airflow

DAG = """
schedule: null
syncs:
  sales: {connection_id: 1e3b5a72-7bfd-4808-a13c-204505490111, mode: async, wait_seconds: 2}
"""
BEATS = 240.0


@pytest.mark.parametrize("step", ["begins a job", "looks at a job that goes on", "takes another's place"])
def test_a_sensor_is_not_due_before_airflow_knows_that_it_has_ended(configs, monkeypatch, step):
    sensor = load_dags(configs({"money.yaml": DAG}))["money"].get_task("sales.wait")
    begins, goes_on = step == "begins a job", step == "looks at a job that goes on"
    steps = {
        "_store": SimpleNamespace(keep_facts=None, waiting=SimpleNamespace(facts={}, page=None)),
        "_begin": SimpleNamespace(means=SimpleNamespace(spread=lambda seconds: seconds)),
        "_current": None if begins else SimpleNamespace(),
        "_start": None,
        "_look": None if goes_on else SimpleNamespace(),
        "_replaced": True,
    }
    for name, answer in steps.items():
        monkeypatch.setattr(AirbyteSyncSensor, name, lambda *_arguments, answer=answer: answer)
    monkeypatch.setattr("dag_factory.airbyte.sensors.replace", lambda started, **_changes: started)
    monkeypatch.setattr(versions, "shortest_reschedule", lambda: BEATS)
    assert sensor.poke({}) is False
    assert sensor.poke_interval == BEATS
