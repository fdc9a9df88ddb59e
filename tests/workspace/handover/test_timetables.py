"""The model of Airflow that the hand-overs are tested with, against Airflow's own timetables."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pendulum
import pytest

from tests.workspace.handover.playing_airbyte import HOUR, MONDAY, Plan, moment
from tests.workspace.handover.test_handover import airflow_runs


@pytest.mark.airflow
@pytest.mark.parametrize("seed", range(40))
def test_the_first_runs_are_those_of_airflow(seed, monkeypatch):
    from airflow.timetables import trigger  # noqa: PLC0415 (only with Airflow)
    from airflow.timetables.base import DataInterval, TimeRestriction  # noqa: PLC0415

    rng = random.Random(seed)
    interval = rng.choice((None, None, HOUR, 24 * HOUR))
    plan = Plan(minute=rng.randrange(60), every=rng.choice((1, 2, 24)), interval=interval)
    deployed = MONDAY + rng.randrange(60 * HOUR)
    start = moment(deployed + rng.randrange(-30 * HOUR, 10 * HOUR) // 60 * 60)
    timetable = timetable_of(trigger, plan)
    monkeypatch.setattr(trigger, "utcnow", lambda: pendulum.instance(moment(deployed)))
    runs, last = [], None
    for _ in range(3):
        restriction = TimeRestriction(pendulum.instance(start), None, catchup=False)
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = DataInterval.exact(info.run_after)
        runs.append(info.run_after.timestamp())
    assert runs == airflow_runs(plan, start, deployed, deployed + 200 * HOUR)[:3]


def timetable_of(trigger, plan):
    if plan.interval is not None:
        return trigger.DeltaTriggerTimetable(timedelta(seconds=plan.interval))
    minute, hours = replace(plan).api["cronExpression"].split()[1:3]
    return trigger.CronTriggerTimetable(f"{minute} {hours.replace('0/', '*/')} * * *", timezone="UTC")
