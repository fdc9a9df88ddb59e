"""What an import has to know of a folder of configuration files: what it covers, and which defaults apply."""

from __future__ import annotations

import functools
import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dag_factory.config.diagnostics import Diagnostic, has_errors, sort_unique
from dag_factory.config.files import ConfigFile, Listing, defaults_above, list_below_top
from dag_factory.config.model.draft import DraftDag, DraftSync, draft_from
from dag_factory.config.model.layers import MergedDefaults
from dag_factory.config.model.task_ids import trigger_task_id
from dag_factory.config.project import Resolution, resolve_project
from dag_factory.config.rules.connections import check_placeholder
from dag_factory.config.rules.defaults import unused_default_keys
from dag_factory.config.schema.check import DAG_SCHEMA
from dag_factory.config.snapshot.snapshots import Snapshots, snapshots_beside
from dag_factory.config.text.templates import is_template
from dag_factory.config.tree import read_tree
from dag_factory.config.yaml.document import Document, Location, parse_source

_PROBE = b"schedule: null\nsyncs: {probe: 1e3b5a72-7bfd-4808-a13c-204505490110}\n"
_SCHEMA_COMMENT = re.compile(r"\A# yaml-language-server: \$schema=(\S+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class DagFolder:
    """The DAGs that are there, in every environment, and a folder for new ones.

    Args:
        name: The displayed name of the folder for new files.
        defaults: The defaults that apply to new files, the top folder's first.
        environments: None, each environment that a file declares, and the one that was asked for.
        declared: The environments that files declare.
        drafts: The DAGs in all of these environments.
        own_names: The names of the DAGs and of the files.
        schema: The schema that the files name for editors, as a path from above the top folder or a URL.
        snapshots: Those in which names of connections are looked up.
    """

    name: str
    defaults: tuple[Document, ...]
    environments: tuple[str | None, ...]
    declared: tuple[str, ...]
    drafts: tuple[DraftDag, ...]
    own_names: frozenset[str]
    schema: str | None
    snapshots: Snapshots

    @functools.cached_property
    def covered(self) -> frozenset[str]:
        """The ids of the connections that a DAG uses in some environment."""
        ids = (sync.connection_id.value for draft in self.drafts for sync in draft.syncs)
        return frozenset(each for each in ids if each is not None and not is_template(each))

    @functools.cached_property
    def templates(self) -> frozenset[str]:
        """The templates that give connection ids: which connections they cover is not known."""
        ids = (sync.connection_id.value for draft in self.drafts for sync in draft.syncs)
        return frozenset(each for each in ids if each is not None and is_template(each))

    @functools.cached_property
    def schema_comment(self) -> str | None:
        """The comment for editors that new files begin with."""
        if self.schema is None or "://" in self.schema:
            return None if self.schema is None else f"# yaml-language-server: $schema={self.schema}"
        return f"# yaml-language-server: $schema={posixpath.relpath(self.schema, self.name)}"

    def drafts_of(self, text: str, dag_id: str) -> list[DraftDag]:
        """Return what a new file becomes in each environment."""
        return self._in_each_environment(text.encode(), dag_id)

    def airbyte_conn_id(self, environment: str | None) -> str:
        """Return the Airflow connection that a new DAG has without naming one."""
        return self._probe_in(environment).airbyte_conn_id.value

    def has_conn_id_of_syncs(self, environment: str | None) -> bool:
        """Whether the defaults name it among those of syncs, which win over the DAG's own."""
        probe = self._probe_in(environment)
        return probe.airbyte_conn_id.is_set and "defaults" in probe.airbyte_conn_id.location.path

    def tags(self, environment: str | None) -> tuple[str, ...]:
        """Return the tags that a new DAG has without naming any."""
        return next(each for each in self._probes if each.environment == environment).tags.value

    @functools.cached_property
    def catches_up(self) -> bool:
        """Whether the defaults turn catchup on."""
        return any(each.catchup.value for each in self._probes)

    @functools.cached_property
    def taken(self) -> frozenset[str]:
        """Names that a new DAG must not have: those that are there, and those of DAGs that are triggered."""
        triggers = (each for draft in (*self.drafts, *self._probes) for each in draft.trigger_dags)
        return self.own_names | {each.dag_id.value for each in triggers}

    @functools.cached_property
    def trigger_tasks(self) -> frozenset[str]:
        """The ids of tasks that the defaults give each DAG to trigger others."""
        return frozenset(
            trigger_task_id(trigger.dag_id.value, number)
            for probe in self._probes
            for number, trigger in enumerate(probe.trigger_dags, start=1)
        )

    def unused_defaults(self, new: Iterable[DraftDag]) -> list[Location]:
        """Return the defaults that apply to nothing once there are these new DAGs."""
        return unused_default_keys(self.defaults, [*self.drafts, *new])

    @functools.cached_property
    def _probes(self) -> list[DraftDag]:
        return self._in_each_environment(_PROBE, "probe")

    def _probe_in(self, environment: str | None) -> DraftSync:
        return next(each for each in self._probes if each.environment == environment).syncs[0]

    def _in_each_environment(self, data: bytes, dag_id: str) -> list[DraftDag]:
        document = parse_source(data, f"{self.name}/{dag_id}.yaml").documents[0]
        return [
            draft_from(document, self.defaults, environment, dag_id, self._merged, self.snapshots)
            for environment in self.environments
        ]

    @functools.cached_property
    def _merged(self) -> MergedDefaults:
        return MergedDefaults()


def read_dag_folder(
    root: Path, below: PurePosixPath, environment: str | None
) -> DagFolder | tuple[Diagnostic, ...]:
    """Read the files below the top folder; return their errors if there are any.

    Args:
        root: The top folder.
        below: The folder for new files, from the top folder on. It need not exist.
        environment: An environment that counts even if no file declares it.
    """
    snapshots = snapshots_beside(root)
    plain = resolve_project(root, None)
    environments = (None, *dict.fromkeys((*plain.project.environments, *filter(None, [environment]))))
    resolutions = [plain, *(resolve_project(root, each) for each in environments[1:])]
    # Where each environment has its own Airbyte, names are looked up in none without an environment.
    checked = resolutions if snapshots.has_one_for_all or not snapshots.environments else resolutions[1:]
    errors = [each for resolution in checked for each in _errors(resolution)]
    if errors:
        return sort_unique(errors)
    listing = list_below_top(root)
    name = (PurePosixPath(listing.name) / below).as_posix()
    drafts = tuple(draft for each in resolutions for draft in each.drafts)
    return DagFolder(
        name=name,
        defaults=_defaults_of(listing, snapshots, name),
        environments=environments,
        declared=plain.project.environments,
        drafts=drafts,
        own_names=frozenset(
            (
                *(draft.dag_id.value for draft in drafts),
                *(file.stem for file in listing.files if not file.is_defaults),
                *_names_in(root / below),
            )
        ),
        schema=_schema(root, drafts),
        snapshots=snapshots,
    )


def _errors(resolution: Resolution) -> Sequence[Diagnostic]:
    """Return the errors without those of placeholders, which say nothing about what is covered."""
    placeholders = {
        (each.file, each.span) for draft in resolution.drafts for each in check_placeholder(draft)
    }
    found = (each for each in resolution.project.diagnostics if has_errors([each]))
    return [each for each in found if (each.file, each.span) not in placeholders]


def _defaults_of(listing: Listing, snapshots: Snapshots, folder: str) -> tuple[Document, ...]:
    files = [file for file in listing.files if file.is_defaults]
    documents = {
        checked.file.name: checked.documents for checked in read_tree(listing, snapshots, files).checked
    }
    above = defaults_above(
        ConfigFile(os_path="", name=f"{folder}/new.yaml"), {file.folder: file for file in files}
    )
    return tuple(document for file in above for document in documents[file.name])


def _names_in(folder: Path) -> list[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 (names, not paths)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [*names, *(name.rpartition(".")[0] for name in names)]


def _schema(root: Path, drafts: Iterable[DraftDag]) -> str | None:
    """Return the schema that the other files name for editors; without other files, the one beside them."""
    own = f"schemas/{DAG_SCHEMA}"
    files = {draft.document.file.name: draft.document.file.text for draft in drafts}
    if not files:
        return own if (root.parent / own).is_file() else None
    named = ((name, _SCHEMA_COMMENT.match(text)) for name, text in files.items())
    name, found = next(((name, found) for name, found in named if found), ("", None))
    if found is None or "://" in found[1]:
        return None if found is None else found[1]
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1]))
