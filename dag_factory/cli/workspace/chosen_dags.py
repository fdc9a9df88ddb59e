"""The DAGs that somebody names: by id, by a pattern of ids, or by the path of a configuration file."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from dag_factory.cli.main import UsageError
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.project import Resolution
from dag_factory.config.text import suggestions

_FEW = 20
_OF_PATTERNS = frozenset("*?[")


def chosen(resolution: Resolution, names: Sequence[str]) -> list[DraftDag]:
    """Return the DAGs in their order, all of them without names; raises UsageError for a name without any."""
    if not names:
        return list(resolution.drafts)
    wanted: set[int] = set()
    for name in names:
        found = named(resolution, name)
        if not found:
            raise UsageError(_unknown(resolution, name))
        wanted.update(id(draft) for draft in found)
    return [draft for draft in resolution.drafts if id(draft) in wanted]


def named(resolution: Resolution, name: str) -> list[DraftDag]:
    """Return the DAGs that a name stands for; none if it stands for nothing that could be read."""
    exact = [draft for draft in resolution.drafts if draft.dag_id.value == name]
    if exact:
        return exact
    file = _file(resolution, name)
    if file is not None:
        return [draft for draft in resolution.drafts if draft.document.file.name == file]
    if not _OF_PATTERNS.isdisjoint(name):
        return [draft for draft in resolution.drafts if fnmatchcase(draft.dag_id.value, name)]
    return []


def _file(resolution: Resolution, name: str) -> str | None:
    path = Path(name).absolute()
    return next((each.name for each in resolution.files if each.path == path), None)


def _unread_file(resolution: Resolution, name: str) -> str | None:
    """Return the file that is called as a DAG and has none: another name that is alike is not meant."""
    drafted = {draft.document.file.name for draft in resolution.drafts}
    files = (each for each in resolution.files if not each.is_defaults and each.name not in drafted)
    return next((each.name for each in files if each.stem == name), None)


def _unknown(resolution: Resolution, name: str) -> str:
    unread = _file(resolution, name) or _unread_file(resolution, name)
    if unread is not None:
        return f"'{unread}' has no DAG that can be read; see 'dag-factory validate'"
    known = [draft.dag_id.value for draft in resolution.drafts]
    what = f"there is no DAG '{name}'"
    if not _OF_PATTERNS.isdisjoint(name):
        what = f"no id of a DAG is like '{name}'"
    alike = suggestions.did_you_mean(name, known, suggestions.SearchLimit())
    return f"{what}; {alike or f'the DAGs are: {_listed(known)}'}"


def _listed(known: Sequence[str]) -> str:
    rest = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    return f"{', '.join(known[:_FEW]) or 'none'}{rest}"
