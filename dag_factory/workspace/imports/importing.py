"""Connections of a snapshot that are in no DAG, as the configuration files of new DAGs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dag_factory.config.files import DEFAULTS_STEM
from dag_factory.config.rules.schedule import check_short_schedule
from dag_factory.config.snapshot.model import Snapshot, SnapshotConnection
from dag_factory.config.text.secret_patterns import redacted, shape_of
from dag_factory.config.text.templates import is_template, shell_variable
from dag_factory.config.yaml.document import Location
from dag_factory.workspace.imports.dag_folder import DagFolder
from dag_factory.workspace.imports.dag_names import UniqueNames, dag_name, sync_name
from dag_factory.workspace.imports.dag_text import DagText, SyncText, dag_text
from dag_factory.workspace.imports.grouping import Group, groups_of
from dag_factory.workspace.imports.schedules import Translation, translated
from dag_factory.workspace.imports.selection import Choice, Selection
from dag_factory.workspace.imports.yaml_text import can_be_written, quoted


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedFile:
    """A new file: its DAG's id, the file's text, what it syncs, and when."""

    dag_id: str
    text: str
    connections: tuple[SnapshotConnection, ...]
    schedule: Translation
    problems: tuple[str, ...]

    @property
    def is_scheduled_twice(self) -> bool:
        """Whether both Airbyte and the DAG start its syncs."""
        is_active = any(each.is_scheduled and each.status == "active" for each in self.connections)
        return is_active and not self.schedule.is_manual


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The files of an import, and remarks about all of them."""

    files: tuple[PlannedFile, ...]
    remarks: tuple[str, ...]


def plan(selection: Selection, snapshot: Snapshot, choice: Choice, folder: DagFolder) -> Plan:
    """Plan the files of new DAGs. What they hold passes `validate --strict`."""
    groups = list(groups_of(selection.connections, choice.group_by))
    files = _files(groups, snapshot, choice, folder, with_tags=True)
    unused = _unused(files, folder)
    remarks = []
    if any(each.path[-1] == "tags" for each in unused):
        files = _files(groups, snapshot, choice, folder, with_tags=False)
        remarks.append("the tags of Airbyte are left out: every DAG would replace those of the defaults")
    remarks += [
        f"the default '{'.'.join(map(str, each.path))}' in {each.document.file.name} applies to nothing"
        " any more: every DAG sets its own value"
        for each in _unused(files, folder)
    ]
    return Plan(files=tuple(files), remarks=tuple(remarks))


def _unused(files: Iterable[PlannedFile], folder: DagFolder) -> list[Location]:
    """Return the defaults that apply to nothing only because of these files."""
    if not folder.defaults:
        return []
    new = [draft for file in files for draft in folder.drafts_of(file.text, file.dag_id)]
    before = set() if not folder.drafts else set(folder.unused_defaults(()))
    return [each for each in folder.unused_defaults(new) if each not in before] if new else []


def _files(
    groups: Sequence[Group], snapshot: Snapshot, choice: Choice, folder: DagFolder, *, with_tags: bool
) -> list[PlannedFile]:
    names = UniqueNames((DEFAULTS_STEM, *folder.taken))
    texts = _Texts(snapshot=snapshot, choice=choice, folder=folder, with_tags=with_tags)
    return [
        _file(group, names.unused(dag_name(group.name, group.fallback)), texts, folder) for group in groups
    ]


def _file(group: Group, dag_id: str, texts: _Texts, folder: DagFolder) -> PlannedFile:
    dag = texts.dag(group, dag_id)
    text = dag_text(dag)
    if any(any(check_short_schedule(draft)) for draft in folder.drafts_of(text, dag_id)):
        text = dag_text(replace(dag, runs_often=True))
    return PlannedFile(
        dag_id=dag_id,
        text=text,
        connections=group.members,
        schedule=group.schedule,
        problems=tuple(_problems(group.members)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """Makes the contents of DAGs, all with the same choices."""

    snapshot: Snapshot
    choice: Choice
    folder: DagFolder
    with_tags: bool

    def dag(self, group: Group, dag_id: str) -> DagText:
        """Return the contents of a DAG."""
        environment, airbyte_conn_id = self.choice.environment, self.choice.airbyte_conn_id
        inherits = self.folder.airbyte_conn_id(environment) == airbyte_conn_id
        return DagText(
            heading=self.folder.schema_comment,
            description=_description(group, dag_id),
            status=group.status,
            schedule=group.schedule,
            comments=tuple(dict.fromkeys((*_problems(group.members), *_notes(group.members)))),
            stops_catchup=self.folder.catches_up,
            tags=self._tags(group.members),
            airbyte_conn_id=None if inherits else airbyte_conn_id,
            is_conn_id_of_syncs=self.folder.has_conn_id_of_syncs(environment),
            syncs=tuple(self._syncs(group.members)),
        )

    def _tags(self, members: Sequence[SnapshotConnection]) -> tuple[str, ...]:
        """Return the tags that all connections have, beside those of the defaults, which they replace."""
        common = set.intersection(*(set(each.tags) for each in members))
        inherited = self.folder.tags(self.choice.environment)
        new = [tag for tag in sorted(common) if _is_usable_tag(tag) and tag not in inherited]
        return (*inherited, *new) if new and self.with_tags else ()

    def _syncs(self, members: Sequence[SnapshotConnection]) -> Iterator[SyncText]:
        names = UniqueNames(self.folder.trigger_tasks)
        for each in members:
            by_name = not self.choice.by_id and _is_usable_name(each.name, self.snapshot)
            yield SyncText(
                name=names.unused(sync_name(each.name, f"connection_{each.connection_id[:8]}")),
                connection_id=each.connection_id,
                connection=each.name,
                by_name=by_name,
            )


def _description(group: Group, dag_id: str) -> str | None:
    text = group.description
    if text is None or text == dag_id or not text.strip() or shape_of(text) is not None:
        return None
    return "".join(each if can_be_written(each) else "\ufffd" for each in text)[:_LONGEST_DESCRIPTION]


_LONGEST_DESCRIPTION = 2_000
_LONGEST_NAME, _LONGEST_TAG = 256, 100
_UUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _is_usable_name(name: str, snapshot: Snapshot) -> bool:
    """Whether a name finds its connection, and nothing takes it for anything else."""
    is_short = len(name.strip()) > 0 and len(name) <= _LONGEST_NAME
    return is_short and len(snapshot.named(name)) == 1 and _is_plain(name) and not _UUID.fullmatch(name)


def _is_usable_tag(tag: str) -> bool:
    return 0 < len(tag) <= _LONGEST_TAG and _is_plain(tag)


def _is_plain(text: str) -> bool:
    """Whether a configuration may hold a text: not a template, nor what looks like a secret."""
    is_replaced = is_template(text) or "${" in text or shell_variable(text) is not None
    return can_be_written(text) and not is_replaced and shape_of(text) is None


def _problems(members: Sequence[SnapshotConnection]) -> Iterator[str]:
    for each in members:
        schedule = translated(each.schedule)
        if schedule.problem is not None:
            whose = "" if len(members) == 1 else f" of {quoted(redacted(each.name))}"
            yield f'Airbyte\'s schedule "{schedule.original}"{whose} has no equivalent: {schedule.problem}'


def _notes(members: Sequence[SnapshotConnection]) -> Iterator[str]:
    for each in members:
        schedule = translated(each.schedule)
        yield from (f'Airbyte: "{schedule.original}"; {note}' for note in schedule.notes)
