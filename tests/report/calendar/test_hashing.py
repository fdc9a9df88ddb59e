"""Which expressions `H` would change."""

from __future__ import annotations

import pytest

from dag_factory.config.text.cron import cron_error, expression
from dag_factory.report.calendar.hashing import hashed_schedule, with_hash
from tests.report.dags import made_dag


@pytest.mark.parametrize(
    ("cron", "hashed"),
    [
        ("0 3 * * *", "H 3 * * *"),
        ("30 */2 * * 1-5", "H */2 * * 1-5"),
        ("*/15 * * * *", "H/15 * * * *"),
        ("0-59/20 * * * *", "H/20 * * * *"),
        ("*/7 * * * *", None),
        ("* * * * *", None),
        ("*/1 * * * *", None),
        ("0,30 * * * *", None),
        ("0-30 * * * *", None),
        ("7-59/15 * * * *", None),  # what H/15 has become
        ("@once", None),
        ("@continuous", None),
        (None, None),
    ],
)
def test_one_minute_and_a_whole_step_become_h(cron, hashed):
    dag = made_dag(dag_id="money", cron=cron)
    assert hashed_schedule(dag) == hashed
    moved = with_hash(dag)
    if hashed is None:
        assert moved is dag
    else:
        assert cron_error(hashed) is None
        assert moved.schedule.cron == expression(hashed, "money")


def test_a_disabled_dag_stays_as_it_is():
    assert hashed_schedule(made_dag(cron="0 3 * * *", enabled=False)) is None
