"""The state of a sync, and its round trip through JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.airbyte.state import Role, SyncState, state_as_json, state_from_json

STATES = st.builds(
    SyncState,
    seen=st.none() | st.integers(0, 2**63 - 1),
    is_submitting=st.booleans(),
    job_id=st.none() | st.integers(1, 2**63 - 1),
    role=st.none() | st.sampled_from(Role),
    is_reported=st.booleans(),
    is_inherited=st.booleans(),
    is_replaced=st.booleans(),
)


@given(STATES)
def test_json_and_back(state):
    assert state_from_json(json.loads(json.dumps(state_as_json(state)))) == state


@pytest.mark.parametrize(
    ("role", "may_cancel"),
    [(None, False), (Role.OWN, True), (Role.CLEARED, True), (Role.ADOPTED, False), (Role.BLOCKER, False)],
)
def test_only_jobs_of_the_task_may_be_cancelled(role, may_cancel):
    assert SyncState(role=role).may_cancel == may_cancel
