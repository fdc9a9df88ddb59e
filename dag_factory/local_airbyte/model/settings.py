"""Settings of the whole server."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.local_airbyte.model.job import MAX_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Settings of the whole server, changed through the admin path and kept across restarts."""

    strict_conflict: bool = False  # 409 for every active status, as before June 2026
    require_auth: bool = True
    ignore_cancel: bool = False  # DELETE answers 200 and the job continues
    ignore_cancel_seconds: float = 0.0  # the same, but only until a job has this age
    cancel_seconds: float = 0.0  # how long a cancelled job takes to stop
    list_lag: float = 0.0  # GET /jobs leaves out jobs younger than this
    run_schedules: bool = False  # start the syncs of active connections with a schedule
    clock_shift: float = 0.0  # seconds added to the machine's clock

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        for name in ("ignore_cancel_seconds", "cancel_seconds", "list_lag"):
            if not 0 <= getattr(self, name) <= MAX_SECONDS:
                message = f"{name} must be from 0 to {MAX_SECONDS} seconds"
                raise ValueError(message)
        if not abs(self.clock_shift) <= MAX_SECONDS:
            message = f"clock_shift must be from -{MAX_SECONDS} to {MAX_SECONDS} seconds"
            raise ValueError(message)
