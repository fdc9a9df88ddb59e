"""The policies of a sync, and what they are where a configuration names none."""

from __future__ import annotations

from typing import Literal, TypeAlias

OnRunning: TypeAlias = Literal["adopt", "fail", "skip"]
OnTimeout: TypeAlias = Literal["cancel", "leave"]
OnKill: TypeAlias = Literal["cancel", "leave"]

ON_RUNNING: OnRunning = "adopt"
ON_TIMEOUT: OnTimeout = "cancel"
ON_KILL: OnKill = "cancel"
