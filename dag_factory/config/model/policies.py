"""The values of the keys that choose between a few ways."""

from __future__ import annotations

from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["sync", "async"]
OnRunning: TypeAlias = Literal["adopt", "fail", "skip"]
OnTimeout: TypeAlias = Literal["cancel", "leave"]
OnKill: TypeAlias = Literal["cancel", "leave"]
