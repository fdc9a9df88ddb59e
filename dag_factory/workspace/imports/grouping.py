"""Which connections share a DAG, and what the DAG is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dag_factory.config.snapshot.model import SnapshotConnection
from dag_factory.workspace.imports.schedules import Translation, translated
from dag_factory.workspace.imports.yaml_text import quoted

# What one file may hold, with some room, and what a sync takes beside its name.
_MOST_SYNCS, _MOST_CHARACTERS, _SIZE = 500, 200_000, 380


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The connections of one DAG, and what the DAG is called."""

    name: str
    fallback: str
    description: str | None
    members: tuple[SnapshotConnection, ...]
    schedule: Translation
    status: str


def groups_of(connections: Sequence[SnapshotConnection], group_by: str | None) -> Iterator[Group]:
    """Yield the connections of each new DAG; `group_by` is one of GROUPS, or None for one DAG each."""
    if group_by is None:
        for each in connections:
            yield _group(each.name, f"connection_{each.connection_id[:8]}", each.name, [each])
        return
    groups: dict[tuple[str, str, str], list[SnapshotConnection]] = {}
    label_of = _LABELS[group_by]
    for each in connections:
        key = (label_of(each), _schedule_label(each), each.status)
        groups.setdefault(key, []).append(each)
    schedules = Counter(label for label, _, status in groups if status == "active")
    for (label, schedule, status), members in groups.items():
        is_active = status == "active"
        is_only = group_by == "schedule" or (is_active and schedules[label] == 1)
        name = (label if is_only else f"{label} {schedule}") + ("" if is_active else f" {status}")
        description = None if label in ("", _UNTAGGED, schedule) else f"Syncs of the {group_by} {label}"
        for part in _parts(members):
            yield _group(name, f"{group_by}_{members[0].connection_id[:8]}", description, part)


def _group(name: str, fallback: str, description: str | None, members: Sequence[SnapshotConnection]) -> Group:
    return Group(
        name=name,
        fallback=fallback,
        description=description,
        members=tuple(members),
        schedule=translated(members[0].schedule),
        status=members[0].status,
    )


def _schedule_label(connection: SnapshotConnection) -> str:
    schedule = translated(connection.schedule)
    if schedule.is_manual:
        return "unscheduled" if schedule.problem else "manual"
    return f"cron {schedule}" if schedule.cron else str(schedule)


_UNTAGGED = "untagged"


_LABELS: Mapping[str, Callable[[SnapshotConnection], str]] = MappingProxyType(
    {
        "source": lambda each: each.source.name,
        "destination": lambda each: each.destination.name,
        "schedule": _schedule_label,
        "tag": lambda each: min(each.tags, default=_UNTAGGED),
    }
)
GROUPS = tuple(_LABELS)


def _parts(members: Sequence[SnapshotConnection]) -> Iterator[list[SnapshotConnection]]:
    """Split what does not fit into one file."""
    part: list[SnapshotConnection] = []
    characters = 0
    for each in members:
        size = _SIZE + len(quoted(each.name))
        if len(part) >= _MOST_SYNCS or (part and characters + size > _MOST_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(each)
        characters += size
    yield part
