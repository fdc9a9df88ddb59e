"""Formatting of numbers for people."""

from __future__ import annotations

import pytest

from dag_factory.airbyte.sync.formatting import bytes_text, duration_text, moved_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (75, "1 min 15 s"),
        (601, "10 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (48 * 3600, "2 days"),
        (10**9, "11574 days"),
    ],
)
def test_a_duration(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (104_448, "102 KiB"),
        (5 * 2**30, "5.0 GiB"),
        (2**63 - 1, "8388608 TiB"),
    ],
)
def test_a_number_of_bytes(number, text):
    assert bytes_text(number) == text


@pytest.mark.parametrize(
    ("rows", "size", "text"),
    [
        (None, None, ""),
        (0, None, "0 rows"),
        (1, None, "1 row"),
        (1200, 2048, "1,200 rows, 2.0 KiB"),
        (None, 0, "0 bytes"),
    ],
)
def test_what_a_job_has_moved(rows, size, text):
    assert moved_text(rows, size) == text
