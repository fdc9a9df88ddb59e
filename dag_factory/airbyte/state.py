"""The state of one sync that a later try, poke or trigger needs, as values for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """The role of the job that a task waits for."""

    OWN = "own"  # a POST of this task created it
    ADOPTED = "adopted"  # somebody else's sync, whose end counts as the result (`on_running: adopt`)
    BLOCKER = "blocker"  # a clear, reset or refresh that has to end before a sync can be submitted
    CLEARED = "cleared"  # this task's own from before a person cleared it: cancelled, then replaced


# Jobs that this task has created and may therefore cancel.
OURS = frozenset((Role.OWN, Role.CLEARED))


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncState:
    """What is known of a sync.

    `job_id` is the job to wait for and `role` what it is. `seen` is the newest job of the connection, of any
    type, before the submission. `is_submitting`: a POST may have created a job whose id is unknown; it was
    sent at `submitted_at` by the server's clock, in seconds since 1970.
    `is_reported`: a try has failed because of this job. `is_done`: a try has succeeded with it.
    `is_inherited`: an earlier try started it.
    `is_replaced`: this try has already started a job in place of a cancelled one.
    """

    seen: int | None = None
    is_submitting: bool = False
    submitted_at: float | None = None
    job_id: int | None = None
    role: Role | None = None
    is_reported: bool = False
    is_done: bool = False
    is_inherited: bool = False
    is_replaced: bool = False

    @property
    def newest_known(self) -> int:
        """The id of the newest job that is known to exist, whatever a list shows later; 0 if none is."""
        return max(self.seen or 0, self.job_id or 0)

    @property
    def may_cancel(self) -> bool:
        """Whether this task has created the job."""
        return self.role in OURS


_NAMES = tuple(each.name for each in fields(SyncState))


def state_as_json(state: SyncState) -> dict[str, Any]:
    """Convert a state to JSON values."""
    # Not `asdict`, which copies deeply: this runs at each step of each sync.
    return {name: getattr(state, name) for name in _NAMES}


def state_from_json(value: Mapping[str, Any]) -> SyncState:
    """Convert what `state_as_json` returned back to a state."""
    role = value.get("role")
    return SyncState(**{**value, "role": None if role is None else Role(role)})
