"""What a change does to one DAG or to the whole folder: values that the reports write."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.config.yaml.document import Location
from dag_factory.plan.kinds import KINDS, RANKS, Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a consequence comes from: a line of a file, counted from 1; `is_old` in the old revision."""

    file: str
    line: int
    is_old: bool = False


def place_at(location: Location, *, is_old: bool = False) -> Place:
    """Return the line of a location."""
    return Place(file=location.document.file.name, line=location.span().line, is_old=is_old)


@dataclass(frozen=True, kw_only=True, slots=True)
class Consequence:
    """One consequence.

    Args:
        kind: The name of its kind.
        dag_id: The DAG; None for the whole folder.
        text: What happens, so that it reads well after the DAG's id.
        details: What differs between DAGs to which the same happens, such as the names of tasks.
        place: The line to show it at, if there is one.
        runs: How many runs Airflow makes at once.
        environments: Those in which it happens; empty for all. None is the configuration without one.
    """

    kind: str
    dag_id: str | None
    text: str
    details: tuple[str, ...] = ()
    place: Place | None = None
    runs: int = 0
    environments: tuple[str | None, ...] = ()

    @property
    def what(self) -> Kind:
        """Its kind."""
        return KINDS[self.kind]

    @property
    def order(self) -> tuple[int, int, str, str]:
        """The most dangerous first."""
        return (RANKS[self.kind], -self.runs, self.dag_id or "", self.text)
