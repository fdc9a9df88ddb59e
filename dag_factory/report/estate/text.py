"""The list and the requirements as columns of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from dag_factory.report.estate.requirements import Place, Requirement
from dag_factory.report.estate.rows import Environment, Listed, ListedSync, Row
from dag_factory.report.estate.table import Cell, Column, Table, table

_FEW = 3


def list_table(rows: Sequence[Listed], width: int | None) -> Table:
    """Draw the list; `width` is that of the terminal, None for any."""
    each = [listed.row for listed in rows]
    # A line needs a name: where no id is known, or for grep.
    needs_file = width is None or any(row.dag_id is None for row in each)
    return table(
        [
            Column(title="DAG", cells=[_one(row.dag_id) for row in each], is_needed=True),
            _environments([row.environments for row in rows]),
            Column(title="SCHEDULE", cells=[(_schedule(row, width),) for row in each], is_needed=True),
            Column(title="NEXT RUN", cells=[_one(_next_run(row)) for row in each], is_needed=True),
            Column(title="OWNER", cells=[_one(row.owner) for row in each]),
            Column(title="FILE", cells=[(row.file,) for row in each], is_needed=needs_file),
            Column(title="TAGS", cells=[row.tags for row in each]),
            Column(title="SYNCS", cells=[tuple(sync.name for sync in row.syncs) for row in each]),
            Column(title="POOLS", cells=[row.pools for row in each]),
            Column(title="NOTIFIERS", cells=[row.notifiers for row in each]),
            Column(title="CONNECTIONS", cells=[tuple(map(connection_text, row.syncs)) for row in each]),
        ],
        width,
    )


def requirements_table(found: Sequence[Requirement], width: int | None) -> Table:
    """Draw a line for each requirement, with the first places and DAGs; JSON and CSV have them all."""
    needed_by = [list(dict.fromkeys(chain.from_iterable(each.by_place.values()))) for each in found]
    return table(
        [
            Column(title="KIND", cells=[(each.kind,) for each in found], is_needed=True),
            Column(title="NAME", cells=[(each.name,) for each in found], is_needed=True),
            _environments([each.environments for each in found]),
            Column(title="SET AT", cells=[_few(map(_place_text, each.by_place), width) for each in found]),
            Column(title="NEEDED BY", cells=[_few(dag_ids, width) for dag_ids in needed_by]),
        ],
        width,
    )


def _few(names: Iterable[str], width: int | None) -> Cell:
    """Return the first names, and how many follow; what fits on a terminal, the table itself decides."""
    every = tuple(names)
    rest = len(every) - _FEW
    return (*every[:_FEW], f"and {rest} more") if width is None and rest > 1 else every


def environments_cell(environments: Sequence[Environment]) -> Cell:
    """Name environments; the configuration without one is `none`."""
    return tuple("none" if each is None else each for each in environments)


def _environments(each: Sequence[Sequence[Environment] | None]) -> Column:
    """Name the environments of each line; no column is drawn where all lines are for all of them."""
    is_empty = all(environments is None for environments in each)
    return Column(
        title="ENVIRONMENTS",
        cells=[
            () if is_empty else ("all",) if environments is None else environments_cell(environments)
            for environments in each
        ],
    )


def _schedule(row: Row, width: int | None) -> str:
    """Say when a DAG runs, with the zone, or why it does not; on a terminal assets are only counted."""
    if row.is_broken:
        return f"error: {', '.join(row.errors)}"
    if not row.enabled:
        return "disabled"
    schedule = row.schedule if width is None else row.brief
    return f"{schedule} {row.timezone}" if row.timezone else schedule


def connection_text(sync: ListedSync) -> str:
    """Name a connection and its id."""
    return sync.connection_id if sync.connection is None else f"{sync.connection} ({sync.connection_id})"


def _next_run(row: Row) -> str | None:
    if row.next_run is None:
        return "unknown" if row.may_run else None
    return row.next_run.isoformat(sep=" ", timespec="minutes")


def _place_text(place: Place) -> str:
    return "default" if place.file is None else f"{place.file}:{place.line}"


def _one(value: str | None) -> Cell:
    return () if value is None else (value,)
