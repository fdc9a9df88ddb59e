"""What schedules mean, and when they make a sync due."""

import pytest

from dag_factory.local_airbyte.schedules.schedule import (
    Cron,
    Interval,
    ScheduleError,
    due_at,
    read_schedule,
    shown_schedule,
)

NOON = 1_795_867_200.0  # 2026-11-28T12:00:00Z
DAILY = Cron(expression="0 0 12 * * ?", zone="UTC")


def cron(text: str) -> dict:
    return {"scheduleType": "cron", "cronExpression": text}


def basic(text: str) -> dict:
    return {"scheduleType": "basic", "basicTiming": text}


@pytest.mark.parametrize(
    ("document", "schedule"),
    [
        ({"scheduleType": "manual"}, None),
        (cron("0 0 12 * * ?"), DAILY),
        (cron("0 0 12 * * ? UTC"), DAILY),
        (cron("0 0 12 * * ? Europe/Berlin"), Cron(expression="0 0 12 * * ?", zone="Europe/Berlin")),
        (cron("0 0/15 12 ? * MON 2027 CET"), Cron(expression="0 0/15 12 ? * MON 2027", zone="CET")),
        (cron("0 0 12 ? * MON 2027"), Cron(expression="0 0 12 ? * MON 2027", zone="UTC")),
        (basic("Every 24 HOURS"), Interval(seconds=86_400)),
        (basic("Every 2 MONTHS"), Interval(seconds=60 * 86_400)),
    ],
)
def test_a_schedule_is_read(document, schedule):
    assert read_schedule(document) == schedule
    assert read_schedule(shown_schedule(document)) == schedule


@pytest.mark.parametrize(
    "document",
    [
        *(None, {}, {"scheduleType": "hourly"}, cron("0 0 12 * *"), cron("0 0 12 * * ? Mars/Base"), cron("")),
        *(basic("24 HOURS"), basic("Every 0 HOURS"), basic("Every 1 YEARS"), {"scheduleType": "basic"}),
        *(cron("0 0 12 * * ? ../etc"), cron("0 0 12 * * ? Europe")),
    ],
)
def test_no_schedule(document):
    with pytest.raises(ScheduleError):
        read_schedule(document)


def test_the_zone_is_shown():
    assert shown_schedule(cron("0 0 12 * * ?")) == cron("0 0 12 * * ? UTC")
    assert shown_schedule(cron("0 0 12 * * ? CET")) == cron("0 0 12 * * ? CET")


def test_nothing_is_due_without_a_schedule():
    assert due_at(None, waiting_since=NOON, last_sync=NOON) is None


def test_an_interval_counts_from_the_last_sync():
    hour = Interval(seconds=3600)
    assert due_at(hour, waiting_since=NOON, last_sync=NOON - 60) == NOON + 3540
    assert due_at(hour, waiting_since=NOON, last_sync=NOON - 7200) == NOON - 3600  # overdue: at once
    assert due_at(hour, waiting_since=NOON, last_sync=None) == NOON


def test_a_cron_expression_counts_from_the_begin_of_the_wait():
    assert due_at(DAILY, waiting_since=NOON - 1, last_sync=None) == NOON
    assert due_at(DAILY, waiting_since=NOON + 0.5, last_sync=NOON - 90_000) == NOON + 86_400
    # A job that has just begun is not followed by another one for the same time.
    assert due_at(DAILY, waiting_since=NOON - 1, last_sync=NOON - 2) == NOON + 86_400
