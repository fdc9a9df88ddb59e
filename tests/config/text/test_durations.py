"""Durations from text to seconds and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.config.text import durations


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(360, 360), ("90s", 90), ("6m", 360), ("1h30m", 5400), ("2d", 172_800), ("1d1h1m1s", 90_061)],
)
def test_seconds(value, seconds):
    assert durations.seconds(value) == seconds


@given(st.integers(min_value=1, max_value=10**8))
def test_text_is_read_back(seconds):
    assert durations.seconds(durations.text(seconds)) == seconds
