"""What a fault of the matrix is, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.lab import Lab

MODES = ("sync", "sync deferrable", "async", "async deferrable")

# When something happens: before the run, just before and just after a submission is made, as soon as a task
# waits for a job, and when a worker has looked at one.
BEFORE, AT, AFTER, DURING, LOOK = (
    "before",
    "at submission",
    "after submission",
    "while waiting",
    "after a look",
)

Act = Callable[["Lab"], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a run has ended: the jobs it made, how many jobs are left active (somebody else's too), the state
    of its last task, and how many tries its tasks took at most."""

    jobs: int = 1
    left: int = 0
    state: str = "success"
    tries: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """An outcome that one mode is allowed to have, and why the design cannot give a better one."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A line of the matrix.

    `faults` are the server's own from the start, `acts` what happens later, `plan` changes the connection.
    Jobs end after `job_minutes` as `ends` says, the first one first, the last end for all that follow; None
    is a job that hangs. Before that they have the `statuses` that begin at those minutes. `sync` are the
    keys of the sync in YAML beside the usual ones. `allowances` are by mode; `on_versions` are those of minor
    versions of Airflow, by version and mode, where the newest one has another outcome.
    """

    name: str
    faults: tuple[Mapping[str, Any], ...] = ()
    acts: Mapping[str, tuple[Act, ...]] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    job_minutes: float = 8.0
    ends: tuple[str | None, ...] = ("succeeded",)
    statuses: tuple[tuple[float, str], ...] = ()
    sync: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None
    clears: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    on_versions: Mapping[str, Mapping[str, Allowance]] = field(default_factory=dict)

    def expected(self, mode: str, version: str) -> Outcome:
        """What has to come of the fault in a mode, on a minor version of Airflow such as `3.1`."""
        allowance = self.on_versions.get(version, {}).get(mode) or self.allowances.get(mode)
        return self.outcome if allowance is None else allowance.outcome
