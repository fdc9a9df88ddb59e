"""How soon a task may resume."""

from __future__ import annotations

import pytest

from dag_factory import versions
from dag_factory.operators import rescheduling

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("heartbeat", [1, 5, 60.5])
def test_a_task_resumes_after_a_heartbeat_and_the_schedulers_lag(monkeypatch, heartbeat):
    section = (
        "SCHEDULER__JOB_HEARTBEAT_SEC" if versions.VERSION < (3, 0) else "WORKERS__MIN_HEARTBEAT_INTERVAL"
    )
    monkeypatch.setenv(f"AIRFLOW__{section}", str(heartbeat))
    assert rescheduling.shortest_reschedule() == heartbeat + 10
