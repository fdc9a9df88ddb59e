"""Which cron expressions Quartz and the public API accept, and when they are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.local_airbyte.schedules.quartz_cron import cron_error, next_time, syntax_error

SATURDAY = datetime(2026, 11, 28, 9, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "cron",
    [
        "0 0 12 * * ?",
        "0 0 12 * * ? UTC",
        "0 30 6 ? * MON-FRI 2027",
        "5 59 0/6 ? jan-mar,12 6#3",
        "0 0 1 LW * ?",
    ],
)
def test_good_cron(cron):
    assert cron_error(cron) is None


@pytest.mark.parametrize(
    "cron",
    [
        *("* 0 * * * ?", "0 * * * * ?", "0 0 12 * *", "0 0 12 * * *", "0 99 * * * ?", "0 0 12 ? * ?", ""),
        *("0 */15 * * * ?", "0 0/15 * * * ?", "0 0,30 * * * ?", "0 0 25 * * ?", "0 0 1 0 * ?", "0 0 1 ? * 8"),
        *("0 0 12 * * ? Europe/Berlin", "0 0 12 * * ? CET", "0 0 12 * * ? UTC UTC", "0 0 1 ? * 6#6"),
        *("0 0 1 ? * MON,6#3", "0 0 1 1,L * ?", "0 0 1 */0 * ?", "0 0 1 *-5 * ?", "0 0 1 ,5 * ?"),
    ],
)
def test_bad_cron(cron):
    assert cron_error(cron) is not None


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 0 12 * * ?", "2026-11-28T12:00:00"),
        ("5 15 * * * ?", "2026-11-28T09:15:05"),
        ("0 0/20 * * * ?", "2026-11-28T09:20:00"),
        ("0 0 3 ? * 1", "2026-11-29T03:00:00"),  # 1 is Sunday
        ("0 0 3 ? * MON-FRI", "2026-11-30T03:00:00"),
        ("0 0 3 ? * FRI-MON", "2026-11-29T03:00:00"),
        ("0 0 3 ? * L", "2026-12-05T03:00:00"),  # L alone is Saturday
        ("0 0 3 ? * 6L", "2026-12-25T03:00:00"),  # the last Friday
        ("0 0 3 ? * 6#3", "2026-12-18T03:00:00"),  # the third Friday
        ("0 0 3 L * ?", "2026-11-30T03:00:00"),
        ("0 0 5/6 * * ?", "2026-11-28T11:00:00"),
        ("0 0 3 1 1 ? 2030", "2030-01-01T03:00:00"),
    ],
)
def test_the_next_time(cron, expected):
    assert syntax_error(cron) is None
    found = next_time(cron, "UTC", int(SATURDAY.timestamp()))
    assert datetime.fromtimestamp(found, UTC).isoformat() == expected + "+00:00"


@pytest.mark.parametrize("cron", ["0 0 3 15W * ?", "0 0 3 L-3 * ?", "0 0 3 30 2 ?", "0 0 3 * * ? 2020", "no"])
def test_there_is_no_next_time(cron):
    assert next_time(cron, "UTC", int(SATURDAY.timestamp())) is None


def test_the_next_time_is_in_its_zone():
    noon = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert next_time("0 0 12 * * ?", "Europe/Berlin", int(noon) - 1) == noon
    assert next_time("0 0 12 * * ?", "Europe/Berlin", int(noon)) == noon + 86_400


values = st.integers(0, 23)


@given(
    hours=st.sets(values, min_size=1), minute=st.integers(0, 59), days=st.sets(st.integers(1, 7), min_size=1)
)
def test_lists_of_hours_and_weekdays(hours, minute, days):
    text = f"0 {minute} {','.join(map(str, hours))} ? * {','.join(map(str, days))}"
    moment = SATURDAY.replace(second=0)
    while True:
        moment += timedelta(minutes=1)
        if moment.minute == minute and moment.hour in hours and moment.isoweekday() % 7 + 1 in days:
            break
    assert next_time(text, "UTC", int(SATURDAY.timestamp())) == moment.timestamp()
