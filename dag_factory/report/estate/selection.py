"""Which DAGs of the list are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from dag_factory.report.estate.rows import Environment, Listed, Row


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Names or globs; a DAG has to match one of each kind that is given.

    `is_in_window` asks for the DAGs that run in the window of the list.
    """

    dags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    is_in_window: bool = False

    def has(self, row: Row) -> bool:
        """Whether a row is asked for; one that cannot be created has no values that could match."""
        return all(_matches(patterns, values(row)) for patterns, values in self._wanted()) and (
            row.may_run or not self.is_in_window
        )

    def may_have(self, row: Row) -> bool:
        """Whether a DAG that cannot be created might be asked for, by its id and file."""
        return _matches(self.dags, (row.name,)) and _matches(self.files, (row.file,))

    def _wanted(self) -> Iterable[tuple[Sequence[str], Callable[[Row], Iterable[str | None]]]]:
        yield self.dags, lambda row: (row.name,)
        yield self.owners, lambda row: (row.owner,)
        yield self.tags, lambda row: row.tags
        yield self.files, lambda row: (row.file,)
        yield self.connections, _connections


def selected(rows: Sequence[Listed], selection: Selection) -> list[Listed]:
    """Return the rows that are asked for; those of a window in the order of their runs."""
    chosen = [each for each in rows if selection.has(each.row)]
    return sorted(chosen, key=_first_run) if selection.is_in_window else chosen


def _first_run(listed: Listed) -> datetime:
    # What only Airflow knows comes last.
    return listed.row.next_run or datetime.max.replace(tzinfo=UTC)


def wanted_in(
    rows: Sequence[Listed], environments: Sequence[Environment]
) -> frozenset[tuple[Environment, str | None]]:
    """Return the DAGs of rows by environment."""
    return frozenset(
        (environment, each.row.dag_id)
        for each in rows
        for environment in (environments if each.environments is None else each.environments)
    )


def is_glob(pattern: str) -> bool:
    """Whether a pattern may match other names than itself."""
    return any(char in pattern for char in "*?[")


def matches(pattern: str, value: str) -> bool:
    """Whether a name or glob matches; `*` matches any characters, a slash too."""
    return value == pattern or fnmatchcase(value, pattern)


def _matches(patterns: Sequence[str], values: Iterable[str | None]) -> bool:
    known = [value for value in values if value is not None]
    return not patterns or any(matches(pattern, value) for pattern in patterns for value in known)


def _connections(row: Row) -> Iterable[str | None]:
    for sync in row.syncs:
        yield sync.connection
        yield sync.connection_id
        # Airbyte writes UUIDs in lower case, people do not.
        yield sync.connection_id.upper()
