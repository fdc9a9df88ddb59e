"""The switches of the whole server."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.local_airbyte.model.job import MAX_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Switches of the whole server, set through the admin path and kept over a restart."""

    strict_conflict: bool = False  # 409 for every active status, as servers before June 2026
    require_auth: bool = True
    ignore_cancel: bool = False  # DELETE answers 200 and the job goes on
    ignore_cancel_seconds: float = 0.0  # the same, only until a job is so old
    cancel_seconds: float = 0.0  # how long a job takes to stop
    list_lag: float = 0.0  # jobs younger than so many seconds are missing from GET /jobs
    clock_shift: float = 0.0  # seconds added to the machine's clock

    def __post_init__(self) -> None:
        # Written so that NaN is refused too.
        for name in ("ignore_cancel_seconds", "cancel_seconds", "list_lag"):
            if not 0 <= getattr(self, name) <= MAX_SECONDS:
                msg = f"{name} is from 0 to {MAX_SECONDS} seconds"
                raise ValueError(msg)
        if not abs(self.clock_shift) <= MAX_SECONDS:
            msg = f"clock_shift is from -{MAX_SECONDS} to {MAX_SECONDS} seconds"
            raise ValueError(msg)
