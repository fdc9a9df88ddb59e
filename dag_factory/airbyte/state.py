"""The state of one sync, as a later try, poke or trigger needs it. Plain values that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What the job that a task waits for is to the task."""

    OWN = "own"  # a POST of this task made it
    ADOPTED = "adopted"  # somebody else's sync, whose end counts as the result (`on_running: adopt`)
    BLOCKER = "blocker"  # it has to end before a sync can be submitted: a clear, reset or refresh
    CLEARED = "cleared"  # this task's own, from before a person cleared the task: cancelled, then replaced


# What this task made, and may therefore cancel.
OURS = frozenset((Role.OWN, Role.CLEARED))


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncState:
    """What is known of a sync.

    `job_id` is the job to wait for and `role` what it is. `seen` is the newest job of the connection, of any
    type, before the submission; with `is_submitting` a POST may have made a job whose id is unknown, which
    was sent when the server's clock said `submitted_at`, in seconds since 1970.
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
        """The newest job that is known to have been there, whatever a list says later; 0 if none is."""
        return max(self.seen or 0, self.job_id or 0)

    @property
    def may_cancel(self) -> bool:
        """Whether the job is this task's own."""
        return self.role in OURS


_NAMES = tuple(each.name for each in fields(SyncState))


def state_as_json(state: SyncState) -> dict[str, Any]:
    """Write a state as `state_from_json` reads it."""
    # Not `asdict`, which copies deeply: this is done at each step of each sync.
    return {name: getattr(state, name) for name in _NAMES}


def state_from_json(value: Mapping[str, Any]) -> SyncState:
    """Read what `state_as_json` wrote."""
    role = value.get("role")
    return SyncState(**{**value, "role": None if role is None else Role(role)})
