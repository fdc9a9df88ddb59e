"""Fixtures with an in-memory Airbyte."""

from __future__ import annotations

import pytest

from tests.airbyte.fake_airbyte import FakeAirbyte


@pytest.fixture
def airbyte():
    return FakeAirbyte(run_seconds=480)
