"""Hand-overs: hundreds of random ones against an Airbyte that plays time, and the ones with a story."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dag_factory.workspace.handover.api_schedules import cannot_put_back, same_schedule
from dag_factory.workspace.handover.handover import Handover
from dag_factory.workspace.handover.moves import (
    AirbyteRefusedError,
    AirbyteUnansweredError,
    DagToMove,
    HandoverError,
    Target,
)
from tests.workspace.handover.playing_airbyte import (
    HOUR,
    MONDAY,
    KilledError,
    Plan,
    PlayedAirbyte,
    PlayedJob,
    moment,
)

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


class File:
    """The DAG's file: its start_date, and whether writing it kills the process before or after."""

    def __init__(self, airbyte):
        self.airbyte, self.start = airbyte, LONG_AGO
        self.writes = 0
        self.lost: set[str] = set()  # of which an attempt has said that a slot is lost

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
        file.lost |= {target.connection_id for target in outcome.missed}
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
    plan = Plan(
        minute=rng.randrange(60), second=rng.choice((0, 0, 0, 30)), every=rng.choice((1, 1, 2, 6, 24))
    )
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
        rng,
        plans(rng),
        trouble=rng.choice((0, 0, 0.1, 0.3)),
        kill=rng.choice((0, 0, 0, 0.05, 0.15)),
        skew=rng.choice((0, 0, -10, 10)),
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
            elif at not in served | skipped and name not in file.lost:
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


def served_by_airflow(airbyte, runs):
    """Let Airflow start its jobs at these moments, up to half an hour late."""
    for run in runs:
        airbyte.advance(max(0, run - airbyte.time) + airbyte.rng.choice((1, 20, 300)))
        for connection in airbyte.connections.values():
            job = PlayedJob(
                job_id=airbyte.rng.randrange(10**9),
                slot=None,
                created=airbyte.time,
                starts=airbyte.time,
                ends=airbyte.time + airbyte.rng.choice((20, 300, 1500)),
            )
            connection.jobs.append(job)


@pytest.mark.parametrize("part", range(4))
def test_a_take_over_of_what_airflow_runs_by_now_moves_none_of_its_slots(part):
    """Until the next pull the snapshot shows the old schedule, so that a second run takes the DAG again."""
    for seed in range(part * 40, part * 40 + 40):
        airbyte, file, _, _ = played(10_000 + seed)
        airbyte.kill, airbyte.trouble = 0, 0
        plan = next(iter(airbyte.connections.values())).plan
        deployed = airbyte.time + airbyte.rng.choice((0, 60, 1200))
        runs = airflow_runs(plan, file.start, deployed, deployed + 60 * HOUR)[: airbyte.rng.randrange(1, 4)]
        served_by_airflow(airbyte, runs)
        airbyte.advance(airbyte.rng.choice((0, 5, 60, 1200)))
        served_by_airflow(
            airbyte, [run for run in airflow_runs(plan, file.start, deployed, airbyte.time) if run > runs[-1]]
        )
        last = max(airflow_runs(plan, file.start, deployed, airbyte.time))
        taken_over(airbyte, file)
        following = replace(plan, second=0).next_slot(last) if plan.interval is None else last + plan.interval
        # Airflow's next run is the first slot after its last one that is not before the start.
        late = 0 if plan.interval is None else 1800
        assert file.start.timestamp() <= following + late, f"seed {seed}: {moment(following)} would be missed"


# Hand-overs with a story.


def still(plan=None, names="a"):
    """Return an Airbyte without surprises, twenty minutes after its last slot, and a file."""
    rng = random.Random(1)
    rng.choice = lambda values: values[0]
    rng.random = lambda: 0.99
    chosen = plan or Plan(minute=0)
    airbyte = PlayedAirbyte(rng, dict.fromkeys(names, chosen))
    airbyte.advance(5 * HOUR + 20 * 60)
    return airbyte, File(airbyte)


def run(airbyte, file):
    said = []
    return Handover(clock=airbyte, tell=said.append).run(dag_of(airbyte, file)), said


def test_a_quiet_hand_over_starts_with_the_next_minute():
    airbyte, file = still()
    outcome, said = run(airbyte, file)
    assert file.start == outcome.start_date == moment(MONDAY + 5 * HOUR + 21 * 60)
    assert airbyte.changes == [("a", "manual")]
    assert said == []


@pytest.mark.parametrize("seconds", [-20, -10, -1, 0, 1, 15, 28])
def test_nothing_is_changed_around_a_slot(seconds):
    airbyte, file = still()
    airbyte.advance(40 * 60 + seconds)
    outcome, said = run(airbyte, file)
    assert airbyte.time >= MONDAY + 6 * HOUR + 30
    gap = "for a gap between the starts of its syncs in Airbyte"
    assert said == [f"{dag_of(airbyte, file).dag_id}: waiting until 06:00:30 UTC, {gap}"]
    assert outcome.missed == outcome.twice == ()
    assert airbyte.connections["a"].jobs[-1].slot == MONDAY + 6 * HOUR
    assert file.start == moment(MONDAY + 6 * HOUR + 60)


def test_a_queued_job_is_waited_for():
    airbyte, file = still()
    job = airbyte.connections["a"].jobs[-1]
    job.starts = airbyte.time + 300
    job.ends = airbyte.time + 400
    _, said = run(airbyte, file)
    assert job.cancelled is None
    assert said[0] == f"waiting for job {job.job_id} of 'a' (a): it is queued, and would be cancelled"
    assert airbyte.time >= job.starts


def test_a_job_that_stays_queued_ends_the_attempt():
    airbyte, file = still()
    airbyte.connections["a"].jobs[-1].starts = airbyte.time + 20 * 60
    began = airbyte.time
    outcome, _ = run(airbyte, file)
    assert "has been queued for 15 minutes; try again later" in outcome.refused
    assert airbyte.changes == []
    assert 15 * 60 <= airbyte.time - began <= 16 * 60


def test_a_running_job_goes_on():
    airbyte, file = still()
    job = airbyte.connections["a"].jobs[-1]
    job.ends = airbyte.time + HOUR
    outcome, said = run(airbyte, file)
    assert outcome.moved
    assert job.cancelled is None
    assert said == []


def test_a_refusal_puts_the_others_back():
    airbyte, file = still(names="abc")
    airbyte.refusals["c"] = "409 Connection is locked"
    outcome, _ = run(airbyte, file)
    assert outcome.refused == "409 Connection is locked"
    assert [target.name for target in outcome.put_back] == ["a", "b"]
    assert airbyte.changes == [("a", "manual"), ("b", "manual"), ("a", "cron"), ("b", "cron")]
    assert file.writes == 0


def test_a_refusal_of_the_first_changes_nothing():
    airbyte, file = still(names="ab")
    airbyte.refusals["a"] = "403"
    outcome, _ = run(airbyte, file)
    assert (outcome.refused, outcome.moved, outcome.put_back, airbyte.changes) == ("403", (), (), [])


def test_a_slot_that_is_lost_on_the_way_back_is_said():
    airbyte, file = still(names="ab")
    airbyte.advance(38 * 60)
    move = airbyte.set_schedule

    def slow(connection_id, schedule):
        if connection_id == "b":
            airbyte.advance(200)
            raise AirbyteRefusedError
        move(connection_id, schedule)

    airbyte.set_schedule = slow
    outcome, _ = run(airbyte, file)
    assert [target.name for target in outcome.put_back] == ["a"]
    assert [target.name for target in outcome.missed] == ["a"]


def test_an_interval_cannot_be_put_back():
    airbyte, file = still(Plan(interval=24 * HOUR), names="ab")
    airbyte.refusals["b"] = "403"
    outcome, said = run(airbyte, file)
    assert [target.name for target in outcome.left_manual] == ["a"]
    assert said[-1] == "'a' (a) cannot be put back: the public API cannot set an interval"


def test_another_schedule_than_in_the_snapshot_is_refused():
    airbyte, file = still()
    dag = dag_of(airbyte, file)
    target = replace(dag.targets[0], old=Plan(minute=5).api)
    outcome = Handover(clock=airbyte, tell=print).run(replace(dag, targets=(target,)))
    assert "has another schedule than in the committed snapshot" in outcome.refused
    assert airbyte.changes == []


def test_an_answer_that_never_comes_is_no_success():
    airbyte, file = still()

    def lost(*_):
        message = "timeout"
        raise AirbyteUnansweredError(message)

    airbyte.set_schedule = lost
    outcome, _ = run(airbyte, file)
    assert outcome.refused == "'a' (a) could not be set to 'manual': Airbyte does not show it"
    assert outcome.left_manual == outcome.moved == ()


def test_a_job_that_the_move_has_cancelled_is_run_by_airflow():
    """Somebody's schedule has begun while the request was under way: the slot is not served."""
    airbyte, file = still()
    airbyte.advance(35 * 60)
    plan = airbyte.set_schedule

    def slow(*arguments):
        job = airbyte.connections["a"].jobs
        airbyte.advance(MONDAY + 6 * HOUR + 2 - airbyte.time)
        job[-1].starts = airbyte.time + 60
        plan(*arguments)

    airbyte.set_schedule = slow
    outcome, _ = run(airbyte, file)
    assert airbyte.connections["a"].jobs[-1].cancelled
    assert [target.name for target in outcome.missed] == ["a"]
    assert file.start == moment(MONDAY + 6 * HOUR)


def test_a_schedule_that_is_not_understood_is_said():
    airbyte, file = still()
    airbyte.connections["a"].plan = Odd()
    outcome, said = run(airbyte, file)
    assert outcome.moved
    assert "the schedule '0 0 99 * * ? UTC' is not understood" in said[0]
    assert "whether it starts a job now is not known" in said[0]


class Odd(Plan):
    api = {"scheduleType": "cron", "cronExpression": "0 0 99 * * ? UTC"}  # noqa: RUF012


def test_a_file_that_cannot_be_written_is_said():
    airbyte, file = still()

    def full(_):
        message = "write 'start_date: x' into the DAG yourself"
        raise HandoverError(message)

    outcome = Handover(clock=airbyte, tell=print).run(replace(dag_of(airbyte, file), write_start=full))
    assert outcome.refused == "write 'start_date: x' into the DAG yourself"
    assert [target.name for target in outcome.moved] == ["a"]


def test_a_second_run_writes_nothing():
    airbyte, file = still()
    run(airbyte, file)
    airbyte.advance(600)
    outcome, _ = run(airbyte, file)
    assert (outcome.start_date, outcome.moved, file.writes) == (None, (), 1)


def test_an_interrupted_run_days_ago_serves_the_missed_slot():
    airbyte, file = still(Plan(minute=0, every=24))
    airbyte.connections["a"].is_manual = True
    airbyte.connections["a"].due = None
    airbyte.advance(30 * HOUR)
    outcome, _ = run(airbyte, file)
    assert [target.name for target in outcome.missed] == ["a"]
    assert file.start == moment(MONDAY + 27 * HOUR)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ({"scheduleType": "cron", "cronExpression": "0 5 3 * * ? UTC"}, None),
        ({"scheduleType": "cron", "cronExpression": "0 5 * * * ?"}, None),
        ({"scheduleType": "cron", "cronExpression": "0 5 3 * * ? Europe/Berlin"}, "time zone"),
        ({"scheduleType": "cron", "cronExpression": "0 0/15 * * * ? UTC"}, "hourly"),
        ({"scheduleType": "cron", "cronExpression": "0 5,35 * * * ? UTC"}, "hourly"),
        ({"scheduleType": "cron", "cronExpression": "30/5 5 * * * ? UTC"}, "hourly"),
        ({"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}, "interval"),
    ],
)
def test_what_the_api_can_put_back(schedule, reason):
    found = cannot_put_back(schedule)
    assert found is None if reason is None else reason in found


def test_a_zone_is_utc_where_none_is_written():
    with_zone, without = (
        {"scheduleType": "cron", "cronExpression": f"0 5 3 * * ?{zone}"} for zone in (" UTC", "")
    )
    assert same_schedule(with_zone, without)
    assert same_schedule({}, {"scheduleType": "manual"})
    assert not same_schedule({}, without)
