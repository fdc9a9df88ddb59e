"""Which connections of a snapshot are imported, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection, normal


class NothingMatchesError(Exception):
    """A pattern or a tag that no connection has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What to import, and how.

    Args:
        names: Patterns, one of which a connection's name has to match; without any, each name does.
        tags: Tags, one of which a connection has to have; as `names`.
        with_inactive: Also what is inactive or locked.
        group_by: What the connections of one DAG share; None for one DAG each.
        by_id: Write the ids of connections instead of their names.
        airbyte_conn_id: The Airflow connection of the snapshot's Airbyte.
        environment: The environment of the snapshot.
    """

    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    with_inactive: bool = False
    group_by: str | None = None
    by_id: bool = False
    airbyte_conn_id: str = "airbyte_default"
    environment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The connections to import, and how many are left out for which reason."""

    connections: tuple[SnapshotConnection, ...]
    left_out: Mapping[str, int]


COVERED, INACTIVE, DELETED = "already in a DAG", "inactive (skipped)", "deleted (skipped)"


def selected(snapshot: Snapshot, choice: Choice, covered: frozenset[str]) -> Selection:
    """Choose the connections that are in no DAG.

    Raises:
        NothingMatchesError: No connection has a name or a tag that was asked for.
    """
    _check_patterns(snapshot, choice)
    chosen: list[SnapshotConnection] = []
    left_out: Counter[str] = Counter()
    for connection in sorted(snapshot.connections.values(), key=lambda each: (each.name, each.connection_id)):
        if not _matches(connection, choice):
            continue
        reason = _reason_to_skip(connection, choice, covered)
        if reason is None:
            chosen.append(connection)
        else:
            left_out[reason] += 1
    return Selection(connections=tuple(chosen), left_out=MappingProxyType(dict(left_out)))


def _check_patterns(snapshot: Snapshot, choice: Choice) -> None:
    present = [each for each in snapshot.connections.values() if not each.is_deleted]
    for pattern in choice.names:
        if not any(_has_name(each, pattern) for each in present):
            message = f"no connection has a name like '{pattern}'"
            raise NothingMatchesError(message)
    for tag in choice.tags:
        if not any(tag in each.tags for each in present):
            known = sorted({known for each in present for known in each.tags})
            message = f"no connection has the tag '{tag}'; tags are: {', '.join(known[:20]) or 'none'}"
            raise NothingMatchesError(message)


def _matches(connection: SnapshotConnection, choice: Choice) -> bool:
    has_name = not choice.names or any(_has_name(connection, pattern) for pattern in choice.names)
    return has_name and (not choice.tags or not set(choice.tags).isdisjoint(connection.tags))


def _has_name(connection: SnapshotConnection, pattern: str) -> bool:
    # A name may itself have brackets, which mean something else in a pattern.
    return connection.name == normal(pattern) or fnmatchcase(connection.name, normal(pattern))


def _reason_to_skip(connection: SnapshotConnection, choice: Choice, covered: frozenset[str]) -> str | None:
    if connection.connection_id in covered:
        return COVERED
    if connection.is_deleted:
        return DELETED
    return None if connection.status == "active" or choice.with_inactive else INACTIVE
