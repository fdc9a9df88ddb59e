"""Hand-overs: hundreds of random ones against an Airbyte that plays time, and the ones with a story."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dag_factory.workspace.handover import (
    AirbyteUnansweredError,
    DagToMove,
    Handover,
    HandoverError,
    Target,
    cannot_put_back,
    same_schedule,
)
from tests.workspace.playing_airbyte import HOUR, MONDAY, KilledError, Plan, PlayedAirbyte, moment

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


class File:
    """The DAG's file: its start_date, and whether writing it kills the process before or after."""

    def __init__(self, airbyte):
        self.airbyte, self.start = airbyte, LONG_AGO
        self.writes = 0

    def write(self, start):
        self.airbyte._maybe_kill()
        self.start = start
        self.writes += 1
        self.airbyte._maybe_kill()


def dag_of(airbyte, file):
    plan = next(iter(airbyte.connections.values())).plan
    targets = tuple(
        Target(connection_id=name, name=name, airbyte=airbyte, old=each.plan.api)
        for name, each in airbyte.connections.items()
    )
    return DagToMove(
        dag_id="money",
        targets=targets,
        is_interval=plan.interval is not None,
        first_run=lambda start: first_slot(plan, start),
        start_date=file.start,
        write_start=file.write,
    )


def first_slot(plan, start):
    """Return Airflow's first run with a start_date; its slots are whole minutes."""
    seconds = start.timestamp()
    if plan.interval is not None:
        return start
    minutes = replace(plan, second=0)
    return moment(minutes.next_slot(-int(-seconds // 1) - 1))


def taken_over(airbyte, file, said=None):
    """Take over until it is done, however often it is interrupted; return the last outcome."""
    kills = 0
    while True:
        try:
            outcome = Handover(clock=airbyte, tell=(said or []).append).run(dag_of(airbyte, file))
        except KilledError:
            kills += 1
            airbyte.kill = airbyte.kill if kills < 6 else 0
            airbyte.advance(airbyte.rng.choice((0, 20, 600, 2 * HOUR, 9 * HOUR, 30 * HOUR)))
            continue
        if outcome.refused is None:
            return outcome, kills
        assert not outcome.left_manual or airbyte.trouble or kills
        airbyte.advance(airbyte.rng.choice((60, 900)))


def airflow_runs(plan, start, deployed, end):
    """Return the moments of Airflow's runs until `end`, of a DAG that it first sees at `deployed`."""
    begin = start.timestamp()
    if plan.interval is not None:
        first = max(begin, deployed)
        return [first + count * plan.interval for count in range(int((end - first) // plan.interval) + 1)]
    minutes = replace(plan, second=0)
    first = minutes.next_slot(-int(-begin // 1) - 1)
    newest = minutes.next_slot(deployed - plan.every * HOUR)
    slot, runs = max(first, newest), []
    while slot <= end:
        runs.append(slot)
        slot = minutes.next_slot(slot)
    return runs


def plans(rng):
    if rng.random() < 0.3:
        plan = Plan(interval=rng.choice((1, 2, 6, 24)) * HOUR)
        return {"a": plan}
    plan = Plan(minute=rng.randrange(60), second=rng.choice((0, 0, 0, 30)), every=rng.choice((1, 1, 2, 6, 24)))
    return {name: plan for name in "abc"[: rng.choice((1, 1, 2, 3))]}


def near_a_slot(rng, airbyte):
    """Bring the time to a moment that is often near a start of Airbyte."""
    airbyte.advance(rng.randrange(10 * HOUR, 60 * HOUR))
    dues = [each.due[0] for each in airbyte.connections.values() if each.due]
    if dues and rng.random() < 0.7:
        airbyte.advance(max(0, min(dues) - airbyte.time + rng.randrange(-70, 70)))


def played(seed):
    rng = random.Random(seed)
    airbyte = PlayedAirbyte(
        rng, plans(rng), trouble=rng.choice((0, 0, 0.1, 0.3)), kill=rng.choice((0, 0, 0, 0.05, 0.15))
    )
    near_a_slot(rng, airbyte)
    file = File(airbyte)
    outcome, kills = taken_over(airbyte, file)
    return airbyte, file, outcome, kills


def check_slots(airbyte, file, outcome, kills, deployed):
    flagged = {target.connection_id for target in outcome.twice}
    end = deployed + 50 * HOUR
    for name, connection in airbyte.connections.items():
        plan = connection.plan
        runs = airflow_runs(plan, file.start, deployed, end)
        served = {job.slot - job.slot % 60 for job in connection.jobs if job.cancelled is None}
        skipped = {slot - slot % 60 for slot in connection.skipped}
        slot = connection.jobs[0].slot
        while slot <= end:
            at = slot - slot % 60
            if at in runs:
                assert at not in served or name in flagged, f"{moment(at)} is served twice"
            elif at not in served | skipped:
                # It fell into the time before the deployment; one run serves all of them.
                assert at < runs[0] <= deployed, f"{moment(at)} is missed"
                assert kills or at >= file.start.timestamp(), f"{moment(at)} is missed"
            slot = plan.next_slot(slot)


def check_interval(airbyte, file, deployed):
    (connection,) = airbyte.connections.values()
    newest = max(job.created for job in connection.jobs if job.cancelled is None)
    runs = airflow_runs(connection.plan, file.start, deployed, deployed + 50 * HOUR)
    assert runs[0] == max(deployed, newest + connection.plan.interval)


@pytest.mark.parametrize("part", range(8))
def test_no_slot_is_missed_and_none_is_served_twice(part):
    for seed in range(part * 60, part * 60 + 60):
        airbyte, file, outcome, kills = played(seed)
        deployed = airbyte.time + airbyte.rng.choice((0, 60, 1200, 5 * HOUR, 40 * HOUR))
        connections = airbyte.connections.values()
        assert all(each.is_manual for each in connections), seed
        # Only an interruption, or a lost answer, between two connections of one DAG can part them.
        assert not outcome.twice or (len(connections) > 1 and (kills or airbyte.trouble)), seed
        try:
            if next(iter(connections)).plan.interval is None:
                check_slots(airbyte, file, outcome, kills, deployed)
            else:
                check_interval(airbyte, file, deployed)
        except AssertionError as error:
            message = f"seed {seed}: {error}"
            raise AssertionError(message) from error
