"""What the protocol of a sync is told and what it gives; everything in this package may import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dag_factory.airbyte.api import Api
from dag_factory.airbyte.model import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the configuration asks for; times are seconds."""

    connection_id: str
    wait_seconds: float
    timeout: float
    on_running: Literal["adopt", "fail", "skip"] = "adopt"
    on_timeout: Literal["cancel", "leave"] = "cancel"
    min_rows: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A job to wait for. One that is not ours is never cancelled by us.

    An inherited one was started by an earlier try of the same task, which may be cancelling it just now.
    """

    job: Job
    is_ours: bool
    is_inherited: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """What is known of earlier tries of the same task.

    `seen` is the newest job before the last submission, or, where nothing could be kept, `age` is how long
    ago the run began, in seconds. `adopted` is a job that a try has found running and waited for, `judged`
    the last one that a try has told the outcome of.
    """

    seen: int | None = None
    age: float | None = None
    adopted: int | None = None
    judged: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """A look that came to nothing, and how many seconds to leave the server alone. A stubborn answer is one
    that no waiting changes."""

    text: str
    pause: float
    is_stubborn: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """The means of a protocol: the calls, seconds that never go back, and a spread that varies a pause."""

    api: Api
    clock: Callable[[], float]
    spread: Callable[[float], float]
