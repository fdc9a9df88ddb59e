"""Rules about defaults files: each of them, and each of their keys, applies to something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.files import ConfigFile
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.model.layers import Setting
from dag_factory.config.yaml.document import Document, Location
from dag_factory.config.yaml.values import KeyPath


def check_unused_defaults(defaults: Iterable[Document], files: Sequence[ConfigFile]) -> Iterator[Diagnostic]:
    """Each defaults file has a DAG in its folder or below; `files` are all files of the folder."""
    direct = {file.name.rpartition("/")[0] for file in files if not file.is_defaults}
    folders = {str(above) for folder in direct for above in _folders_of(folder)}
    # The last of two files in one folder is used, as in `files.defaults_above`.
    used = {file.folder: file.name for file in files if file.is_defaults}
    for document in defaults:
        folder = str(PurePosixPath(document.file.name).parent)
        winner = used.get(folder, document.file.name)
        if winner != document.file.name:
            message = f"these defaults apply to nothing: '{winner}' is used instead"
            hint = "merge the two files into one"
        elif folder not in folders:
            message = "these defaults apply to nothing: there is no DAG in this folder or below it"
            hint = "move the file to where the DAGs are, or delete it"
        else:
            continue
        yield Location(document=document).diagnostic("unused-default", message, hint)


def unused_default_keys(defaults: Iterable[Document], dags: Iterable[DraftDag]) -> list[Location]:
    """Find the keys of defaults files that apply to no DAG in any environment.

    `dags` are all DAGs in all environments. None of them may have an error: an invalid value, which is
    removed, may be the one that overrides a default.
    """
    unused = dict.fromkeys(location for document in defaults for location in _keys_of(document))
    for dag in dags:
        if not unused:
            break
        for _, setting in _settings(dag):
            if setting.location.document is not dag.document:
                unused.pop(setting.location, None)
    return list(unused)


def report_unused_default_keys(unused: Sequence[Location], dags: Iterable[DraftDag]) -> Iterator[Diagnostic]:
    """Report each unused key with the value that overrides it; `dags` as in `unused_default_keys`."""
    stronger = _stronger(unused, dags)
    for location in unused:
        if location in stronger:
            yield _unused_key(location, stronger[location])


def _keys_of(document: Document) -> Iterator[Location]:
    """Return the location of each value that another layer can replace."""
    value = document.value
    if not isinstance(value, dict):
        return
    layers = {name: overlay for name, overlay in value.get("environments", {}).items() if overlay}
    for prefix, mapping in ((), value), *((("environments", name), each) for name, each in layers.items()):
        for key, inside in mapping.items():
            if key in ("defaults", "notify"):
                yield from (Location(document=document, path=(*prefix, key, name)) for name in inside)
            elif key != "environments":
                yield Location(document=document, path=(*prefix, key))


def _settings(dag: DraftDag) -> Iterator[tuple[KeyPath, Setting]]:
    """Yield each value of a DAG, with the path at which a defaults file would set it."""
    yield from (((key,), setting) for key, setting in dag.settings.items())
    yield from ((("notify", key), setting) for key, setting in dag.notify.items())
    for sync in dag.syncs:
        yield from ((("defaults", key), setting) for key, setting in sync.settings.items())


def _stronger(locations: Sequence[Location], dags: Iterable[DraftDag]) -> dict[Location, Location]:
    """Find for each default the first value that overrides it."""
    by_path = {(location.document.file.name, *_target(location)): location for location in locations}
    names, found = {location.document.file.name for location in locations}, dict[Location, Location]()
    for dag in dags:
        if not by_path:
            break
        files = [name for name in dag.defaults_files if name in names]
        for path, setting in _settings(dag) if files else ():
            for name in files:
                location = by_path.pop((name, dag.environment, path), None)
                if location is not None:
                    found[location] = setting.location
    return found


def _target(location: Location) -> tuple[str | None, KeyPath]:
    """Return the environment in which a default applies, and the path at which it does."""
    path = location.path
    return (str(path[1]), path[2:]) if path[0] == "environments" else (None, path)


def _unused_key(location: Location, stronger: Location) -> Diagnostic:
    message = f"the default '{location.path[-1]}' applies to nothing: everything below sets its own value"
    related = (stronger.related("the first of these values is here", of_key=True),)
    hint = "delete it, or delete the key where the default should apply"
    if location.path[0] == "environments":
        hint = (
            "delete it, or write it in the DAG's own 'environments': a DAG's own keys override all defaults"
        )
    return location.diagnostic("unused-default", message, hint, of_key=True, related=related)


def _folders_of(folder: str) -> tuple[PurePosixPath, ...]:
    path = PurePosixPath(folder)
    return (path, *path.parents)
