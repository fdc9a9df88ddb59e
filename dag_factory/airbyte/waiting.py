"""What the sensor knows from one look to the next, and where it is kept; only `sensors` imports this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dag_factory import versions
from dag_factory.airbyte.memory import KEY


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """The facts of the last start, and of the present try: until when it waits, in seconds since 1970, how
    many looks in a row came to nothing, how many of those to an answer that no waiting changes, whether the
    job is that of an earlier try, and whether it was replaced."""

    facts: Mapping[str, int] = field(default_factory=dict)
    page: str | None = None
    try_number: int = 0
    end_time: float = 0.0
    failures: int = 0
    stubborn: int = 0
    is_inherited: bool = False
    is_replaced: bool = False


class WaitingStore:
    """Keeps it as an XCom of the task that started the job: the sensor's own are wiped at every look."""

    def __init__(self, ti: Any, task_id: str, start: Waiting) -> None:  # noqa: ANN401 (per version)
        self._ti = ti
        self._task_id = task_id
        kept = ti.xcom_pull(task_ids=task_id, key=KEY)
        self.waiting = Waiting(**kept) if kept else start

    def begin_try(self, try_number: int, end_time: float) -> None:
        """Forget what belongs to an earlier try, but for its job."""
        earlier = self.waiting.try_number
        if earlier != try_number:
            start = Waiting(facts=self.waiting.facts, page=self.waiting.page, is_inherited=earlier != 0)
            self.change(**asdict(replace(start, try_number=try_number, end_time=end_time)))

    def keep_facts(self, facts: Mapping[str, int]) -> None:
        """Keep the facts of a start."""
        self.change(facts=dict(facts))

    def change(self, **changes: Any) -> None:  # noqa: ANN401 (fields of Waiting)
        """Keep what has changed."""
        self.waiting = replace(self.waiting, **changes)
        versions.keep_with_task(self._ti, self._task_id, KEY, asdict(self.waiting))
