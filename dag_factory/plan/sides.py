"""The two sides of a comparison in one environment, and which DAG became which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from dag_factory.config.diagnostics import Diagnostic, has_errors
from dag_factory.config.model.dag import Dag
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.project import Resolution
from dag_factory.config.yaml.document import Location
from dag_factory.plan.consequences import Place, place_at

# What says nothing about whether two DAGs are the same one.
_IDENTITY = ("dag_id", "location", "defaults_files")


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A DAG of one side, with the locations of its values."""

    dag: Dag
    draft: DraftDag
    is_old: bool

    @property
    def place(self) -> Place:
        """Where the DAG is declared."""
        return self._at(self.draft.location)

    def place_of(self, key: str) -> Place:
        """Return where a key of the DAG has its value, in whatever layer; else where the DAG is."""
        if key == "schedule":
            return self._at(self.draft.schedule.location)
        setting = self.draft.settings.get(key)
        return self.place if setting is None else self._at(setting.location)

    def place_of_sync(self, name: str) -> Place:
        """Return where a sync is first named."""
        found = next((sync for sync in self.draft.syncs if sync.name == name), None)
        return self.place if found is None else self._at(found.location)

    def _at(self, location: Location) -> Place:
        return place_at(location, is_old=self.is_old)


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """The DAGs of a revision in one environment by id; `errors` are of those that cannot be made."""

    members: Mapping[str, Member]
    errors: tuple[Diagnostic, ...]

    @property
    def dags(self) -> list[Dag]:
        """The DAGs that Airflow gets."""
        return [each.dag for each in self.members.values() if each.dag.enabled]

    def error_of(self, member: Member) -> str | None:
        """Return the first error that may be why a DAG of the other side is not here."""
        file = member.dag.location.document.file.name
        above = {*member.dag.defaults_files, file}
        found = (each for each in self.errors if each.file in above or _is_above(each.file, file))
        return next((each.message for each in found), None)


def side_of(resolution: Resolution, *, is_old: bool) -> Side:
    """Arrange what was read."""
    drafts = {id(draft.document): draft for draft in resolution.drafts}
    members = {
        dag.dag_id: Member(dag=dag, draft=drafts[id(dag.location.document)], is_old=is_old)
        for dag in resolution.project.dags
    }
    errors = tuple(each for each in resolution.project.diagnostics if has_errors([each]))
    return Side(members=members, errors=errors)


def _is_above(file: str, below: str) -> bool:
    """Whether a file is the defaults of a folder in which another is, or such a folder."""
    folder, _, name = file.rpartition("/")
    is_defaults = name.lower().startswith("defaults.")
    return below.startswith(f"{file}/") or (is_defaults and below.startswith(f"{folder}/"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Which DAG became which: kept ones, renamed ones, and those that only one side has."""

    kept: tuple[tuple[Member, Member], ...]
    renamed: tuple[tuple[Member, Member], ...]
    added: tuple[Member, ...]
    removed: tuple[Member, ...]


def pairs_of(old: Side, new: Side) -> Pairs:
    """Match the DAGs of two sides by id; what is left, by what it syncs."""
    kept = tuple(
        (old.members[dag_id], new.members[dag_id]) for dag_id in old.members if dag_id in new.members
    )
    gone = [each for dag_id, each in old.members.items() if dag_id not in new.members]
    fresh = [each for dag_id, each in new.members.items() if dag_id not in old.members]
    renamed = tuple(_renamed(gone, fresh))
    return Pairs(
        kept=kept,
        renamed=renamed,
        added=tuple(each for each in fresh if all(each is not other for _, other in renamed)),
        removed=tuple(each for each in gone if all(each is not other for other, _ in renamed)),
    )


def _renamed(gone: Sequence[Member], fresh: Sequence[Member]) -> Iterator[tuple[Member, Member]]:
    """Pair DAGs that sync the same connections, the most alike first; each is in one pair."""
    by_connections: dict[frozenset[tuple[str, str]], list[Member]] = {}
    for each in fresh:
        by_connections.setdefault(_connections(each.dag), []).append(each)
    found = [
        (old, new) for old in gone for new in by_connections.get(_connections(old.dag), ()) if old.dag.syncs
    ]
    taken: set[int] = set()
    for old, new in sorted(
        found, key=lambda pair: (-_likeness(*pair), pair[0].dag.dag_id, pair[1].dag.dag_id)
    ):
        if id(old) not in taken and id(new) not in taken:
            taken |= {id(old), id(new)}
            yield old, new


def _connections(dag: Dag) -> frozenset[tuple[str, str]]:
    return frozenset((sync.airbyte_conn_id, sync.connection_id) for sync in dag.syncs)


def _likeness(old: Member, new: Member) -> int:
    names = [each.name for each in fields(Dag) if each.name not in _IDENTITY]
    same = sum(bool(getattr(old.dag, name) == getattr(new.dag, name)) for name in names)
    is_in_place = old.dag.location.document.file.name == new.dag.location.document.file.name
    return same + is_in_place
