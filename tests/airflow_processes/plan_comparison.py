"""What `dag-factory plan` says of each DAG and what Airflow does, as values to compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dag_factory.config.model.task_ids import trigger_task_id

# Longer than Airflow takes to see a change: an interval without catchup counts from that moment.
TOLERANCE = timedelta(minutes=8)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What happens to a DAG.

    Args:
        runs: How many scheduled runs Airflow makes at once, or when the DAG is unpaused.
        first: When the first of them is scheduled for.
        next: When the next run is; "" if the plan says nothing of it.
        is_gone: Whether Airflow loses the DAG.
        is_paused: Whether it appears paused.
        hangs: Whether a run under way stays running.
        tasks_gone: The ids of the tasks that the DAG loses.
        tasks_new: Those that it gets, or what they begin with.
        removed: The ids of the tasks under way that become `removed`.
        lost: The assets of the DAG's tasks that Airflow marks as inactive.
        is_unreached: Whether it waits for an asset that nothing updates any more.
        triggers_nothing: Whether it triggers a DAG that is gone.
        is_conditional: Whether it has the runs only if Airflow has never had it.
    """

    runs: int = 0
    first: datetime | None = None
    next: datetime | str | None = ""
    is_gone: bool = False
    is_paused: bool = False
    hangs: bool = False
    tasks_gone: frozenset[str] = frozenset()
    tasks_new: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    is_unreached: bool = False
    triggers_nothing: bool = False
    is_conditional: bool = False

    def __str__(self) -> str:
        """Describe what is remarkable, without times, which differ from day to day."""
        return "; ".join(self._words()) or "no run"

    def _words(self) -> Iterator[str]:
        if self.runs:
            count = "1 run" if self.runs == 1 else f"{self.runs} runs"
            yield f"{count}, if Airflow has not had it before" if self.is_conditional else count
        words = {
            "no next run": self.next is None and not self.is_gone,
            "paused": self.is_paused,
            "gone": self.is_gone,
            "its run hangs": self.hangs,
            f"{len(self.lost)} asset inactive": self.lost,
            "waits in vain": self.is_unreached,
            "triggers nothing": self.triggers_nothing,
        }
        yield from (word for word, holds in words.items() if holds)
        tasks = {"loses": self.tasks_gone, "gets": self.tasks_new, "removed under way:": self.removed}
        for word, names in tasks.items():
            if names:
                yield f"{word} {', '.join(f'`{name}`' for name in sorted(names))}"


def said(plan: Mapping[str, Any], running: frozenset[str]) -> dict[str, Facts]:
    """Read the facts of each DAG in a plan as JSON; `running` are the DAGs with a run under way."""
    facts: dict[str, Facts] = {}
    for each in plan["consequences"]:
        dag_id = each["dag_id"]
        if dag_id is None:
            continue
        is_running = dag_id in running and "a run of '" not in each["text"]
        facts[dag_id] = _with(each, facts.get(dag_id, Facts()), is_running=is_running)
        if each["kind"] == "history":
            old = _found(r"was '([^']+)'", each["text"])
            facts[old] = replace(facts.get(old, Facts()), is_gone=True, hangs=old in running)
    return facts


def _with(each: Mapping[str, Any], facts: Facts, *, is_running: bool) -> Facts:
    """Add what a consequence says."""
    read = _READERS.get(each["kind"])
    more = _SIMPLE.get(each["kind"], {}) if read is None else read(each["text"], each["details"])
    found = {**more, "runs": each["runs"]} if each["runs"] else more
    for name in ("tasks_gone", "tasks_new"):
        if name in found:
            found = {**found, name: getattr(facts, name) | found[name]}
    facts = replace(facts, **found)
    hangs = facts.hangs or (each["kind"] == "runs-hang" and is_running)
    return replace(facts, hangs=hangs, removed=facts.tasks_gone if is_running else facts.removed)


def _runs(text: str, details: list[str]) -> dict[str, Any]:
    is_conditional = "if Airflow has not had it before" in text
    return {"first": _moment("; ".join(details) or text), "is_conditional": is_conditional}


def _added(text: str, _: list[str]) -> dict[str, Any]:
    once = {"runs": 1} if "runs once when it is unpaused" in text else {}
    return {"is_paused": "appears paused" in text, **once}


def _new_sync(text: str, _: list[str]) -> dict[str, Any]:
    name = _found("sync '([^']+)'", text)
    return {"tasks_new": frozenset({f"{name}.trigger", f"{name}.wait"})}


def _tasks(text: str, details: list[str]) -> dict[str, Any]:
    trigger = re.fullmatch("no longer triggers '(.+)'", text)
    if trigger is not None:
        return {"tasks_gone": frozenset({trigger_task_id(trigger[1], 1)})}
    gone, _, new = details[0].removesuffix(" removed").partition(" → ")
    return {"tasks_gone": frozenset(gone.split(", ")), "tasks_new": frozenset(filter(None, new.split(", ")))}


_READERS: Mapping[str, Callable[[str, list[str]], dict[str, Any]]] = {
    "runs-now": _runs,
    "backfill": _runs,
    "added": _added,
    "history": lambda text, _: {"is_paused": "a new DAG, paused" in text},
    "enabled": lambda text, _: {"is_paused": "else paused" in text, "is_conditional": True},
    "schedule": lambda _, details: {"next": _moment(details[0])} if details else {},
    "tasks-removed": _tasks,
    "sync-added": _new_sync,
    "tasks-fail": lambda _, details: {"lost": frozenset(details)},
}
_SIMPLE: Mapping[str, dict[str, Any]] = {
    "removed": {"is_gone": True},
    "disabled": {"is_gone": True},
    "broken": {"is_gone": True},
    "stops": {"next": None},
    "unreached": {"is_unreached": True},
    "trigger-fails": {"triggers_nothing": True},
}


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


def _moment(text: str) -> datetime:
    at = _found(r"(\d{4}-\d\d-\d\d \d\d:\d\d) UTC", text)
    return datetime.fromisoformat(at).replace(tzinfo=UTC)


def agree(one: Facts, other: Facts, *, is_known: bool) -> bool:
    """Whether what is said is what happened, as far as it is said.

    Of a DAG that Airflow has known before nothing is said if that depends on whether it has.
    """
    if one.is_conditional:
        if is_known:
            one = replace(one, runs=other.runs, first=other.first, is_paused=other.is_paused)
        one = replace(one, is_conditional=False)
    if one.next == "":
        other = replace(other, next="")
    if one.first is None:
        other = replace(other, first=None)
    moments = ((one.first, other.first), (one.next, other.next))
    rest = [replace(each, first=None, next="") for each in (one, other)]
    return rest[0] == rest[1] and all(_are_near(*each) for each in moments)


def _are_near(one: datetime | str | None, other: datetime | str | None) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= TOLERANCE
    return one == other
