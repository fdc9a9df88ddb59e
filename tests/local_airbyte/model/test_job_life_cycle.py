"""Which status may follow which."""

from dag_factory.local_airbyte.model.job import ACTIVE_STATUSES, JOB_STATUSES
from dag_factory.local_airbyte.model.job_life_cycle import FOLLOWERS, may_follow


def test_every_active_status_may_fail_and_be_cancelled():
    assert set(FOLLOWERS) == set(JOB_STATUSES)
    assert all(may_follow(status, end) for status in ACTIVE_STATUSES for end in ("failed", "cancelled"))
    assert not may_follow("succeeded", "failed")
