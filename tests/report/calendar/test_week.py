"""Weeks with and without clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from dag_factory.report.calendar.week import Cell, clock_changes, iso_week, week_from


def test_an_ordinary_week_has_ten_thousand_and_eighty_minutes():
    week = week_from(date(2026, 6, 1), "Europe/Berlin")
    assert len(week.cells) == 7 * 24 * 60
    assert (week.first, week.end) == (
        datetime(2026, 5, 31, 22, tzinfo=UTC),
        datetime(2026, 6, 7, 22, tzinfo=UTC),
    )
    assert set(week.lengths.values()) == {60}
    assert list(clock_changes(week)) == []


def test_a_minute_is_in_the_hour_that_clocks_show():
    week = week_from(date(2026, 3, 28), "Europe/Berlin")
    minute = week.minute(datetime(2026, 3, 29, 1, 5, tzinfo=UTC))
    assert week.cells[minute] == Cell(day=1, hour=3)
    assert week.cells[minute - 6] == Cell(day=1, hour=1)
    assert week.local(minute).isoformat() == "2026-03-29T03:05:00+02:00"


@pytest.mark.parametrize(
    ("zone", "first", "notes"),
    [
        (
            "Europe/Berlin",
            date(2026, 3, 23),
            ["Sun 2026-03-29: the clocks change, and the hour from 02:00 does not exist"],
        ),
        (
            "Europe/Berlin",
            date(2026, 10, 25),
            ["Sun 2026-10-25: the clocks change, and the hour from 02:00 comes twice, counted together"],
        ),
        (
            "Australia/Lord_Howe",
            date(2026, 10, 1),
            ["Sun 2026-10-04: the clocks change, and the hour from 02:00 has 30 minutes"],
        ),
        (
            "Australia/Lord_Howe",
            date(2026, 4, 1),
            ["Sun 2026-04-05: the clocks change, and the hour from 01:00 has 90 minutes"],
        ),
        (
            "America/Santiago",
            date(2026, 9, 6),  # the day begins at 01:00
            ["Sun 2026-09-06: the clocks change, and the hour from 00:00 does not exist"],
        ),
        (
            "America/Santiago",
            date(2026, 4, 5),  # the hour before this day comes again on the day before
            [],
        ),
    ],
)
def test_hours_of_another_length_are_named(zone, first, notes):
    week = week_from(first, zone)
    assert list(clock_changes(week)) == notes
    assert sum(week.lengths.values()) == len(week.cells)


def test_a_day_that_a_zone_has_skipped_has_no_hours():
    week = week_from(date(2011, 12, 28), "Pacific/Apia")
    assert [sum(week.lengths[Cell(day=day, hour=hour)] for hour in range(24)) for day in range(7)] == [
        1440, 1440, 0, 1440, 1440, 1440, 1440,
    ]  # fmt: skip


def test_a_week_begins_on_monday():
    assert iso_week(date(2026, 3, 29)) == iso_week(date(2026, 3, 23)) == date(2026, 3, 23)
