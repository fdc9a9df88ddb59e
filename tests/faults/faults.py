"""The faults of the matrix and their expected outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.lab import Lab

MODES = ("sync", "sync deferrable", "async", "async deferrable")

# When an act happens: before the run, just before and just after a submission, as soon as a task waits for a
# job, and after a worker has polled a job.
BEFORE, AT, AFTER, DURING, POLLED = (
    "before",
    "at submission",
    "after submission",
    "while waiting",
    "after a poll",
)

Act = Callable[["Lab"], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of a run.

    `jobs` counts the jobs that it created, `left` the jobs still active, including other people's. `state` is
    the state of its last task, `tries` the largest number of tries of any task.
    """

    jobs: int = 1
    left: int = 0
    state: str = "success"
    tries: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """A different outcome allowed in one mode, and why the design cannot do better."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A row of the matrix.

    `faults` are active on the server from the start, `acts` happen later, and `plan` changes the connection.
    Jobs end after `job_minutes`, each with its entry in `ends`; the last entry also applies to all further
    jobs, and None means that a job hangs. Until then they take each of `statuses` at its minute. `sync` has
    the YAML keys of the sync in addition to the usual ones. `allowances` are by mode; `on_versions`, by minor
    version of Airflow and mode, are for versions whose outcome differs from the newest.
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
        """Return the expected outcome in a mode, on a minor version of Airflow such as `3.1`."""
        allowance = self.on_versions.get(version, {}).get(mode) or self.allowances.get(mode)
        return self.outcome if allowance is None else allowance.outcome
