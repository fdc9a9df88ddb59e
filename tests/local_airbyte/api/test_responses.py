"""Times and durations are formatted as Java formats them."""

import pytest

from dag_factory.local_airbyte.api.responses import java_duration, java_time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00Z"), (61.9, "1970-01-01T00:01:01Z"), (1_767_225_600, "2026-01-01T00:00Z")],
)
def test_times_are_formatted_as_java_does(seconds, text):
    assert java_time(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "PT0S"), (59, "PT59S"), (60, "PT1M"), (29172, "PT8H6M12S"), (90000, "PT25H"), (-61, "PT-1M-1S")],
)
def test_durations_are_formatted_as_java_does(seconds, text):
    assert java_duration(seconds) == text
