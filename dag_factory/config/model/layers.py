"""Defaults, environments and a document's own keys, laid over each other; each value knows where it stands.

From the weakest to the strongest: `defaults.yaml` of the top folder, its environment, those of the nearer
folders, the document, its environment. For one sync: the DAG's `airbyte_conn_id`, the merged `defaults`,
the sync's own keys. Mappings of syncs, `defaults` and `notify` are merged key by key, every other value is
replaced as a whole.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dag_factory.config.text.templates import is_template
from dag_factory.config.yaml.document import Document, Place
from dag_factory.config.yaml.values import KeyPath, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A value and where it stands."""

    value: Any
    place: Place

    def part(self, *path: str | int) -> Place:
        """Give the place of something inside the value."""
        return Place(document=self.place.document, path=(*self.place.path, *path))


Settings: TypeAlias = dict[str, Setting]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedSync:
    """A sync's name, where it is first named, and its settings, defaults included."""

    name: str
    place: Place
    settings: Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedDag:
    """A document after defaults and environment: checked by `config.rules`, then typed by `config.model`."""

    document: Document
    defaults: tuple[Document, ...]
    environment: str | None
    dag_id: Setting
    settings: Settings
    notify: Settings
    syncs: tuple[ResolvedSync, ...]

    @property
    def defaults_files(self) -> tuple[str, ...]:
        """The files whose defaults apply, that of the top folder first."""
        return tuple(layer.file.name for layer in self.defaults)

    @property
    def is_sound(self) -> bool:
        """Whether the document had no fault before the rules."""
        return self.document.is_sound

    def is_faulty(self, *path: str) -> bool:
        """Whether what stands at a path was refused already, here or in an environment."""
        faults = self.document.faults
        if not faults:  # asked often, and nearly always so
            return False
        return path in faults or ("environments", str(self.environment), *path) in faults

    def value(self, key: str, default: Value = None) -> Any:  # noqa: ANN401 (the schema has fixed its type)
        """Give a key's value, or the default where nobody has set it."""
        setting = self.settings.get(key)
        return default if setting is None else setting.value


def resolve(
    document: Document, defaults: Sequence[Document], environment: str | None, file_stem: str
) -> ResolvedDag:
    """Lay all layers over each other; `defaults` begin with the top folder's. All have passed the schema."""
    merged = _with_document(_defaults(tuple(defaults), environment), document, environment)
    return ResolvedDag(
        document=document,
        defaults=tuple(defaults),
        environment=environment,
        dag_id=merged.get("dag_id") or Setting(value=file_stem, place=Place(document=document)),
        settings=_without(merged, "dag_id", "defaults", "environments", "notify", "syncs"),
        notify=_merged_mapping(merged.get("notify")),
        syncs=tuple(_syncs(merged)),
    )


def declared_environments(document: Document) -> tuple[str, ...]:
    """Name the environments that a document declares."""
    value = document.value
    return tuple(value.get("environments", ())) if isinstance(value, dict) else ()


# While layers are merged, a mapping that is merged key by key is a dict of settings; all else is a setting.
_Tree: TypeAlias = dict[str, Any]

_MERGED_KEYS = ("defaults", "notify", "syncs")


# The DAGs of a folder come one after the other and share their defaults.
@functools.lru_cache(maxsize=8)
def _defaults(documents: tuple[Document, ...], environment: str | None) -> _Tree:
    tree: _Tree = {}
    for document in documents:
        tree = _with_document(tree, document, environment)
    return tree


def _with_document(below: _Tree, document: Document, environment: str | None) -> _Tree:
    value = document.value
    if not isinstance(value, dict):
        return below
    tree = _laid_over(below, _layer(document, (), value))
    overlay = value.get("environments", {}).get(environment)
    return (
        tree
        if overlay is None
        else _laid_over(tree, _layer(document, ("environments", str(environment)), overlay))
    )


def _layer(document: Document, path: KeyPath, mapping: dict[str, Any]) -> _Tree:
    def setting(value: Value, *keys: str) -> Setting:
        return Setting(value=value, place=Place(document=document, path=(*path, *keys)))

    tree: _Tree = {key: setting(value, key) for key, value in mapping.items() if key not in _MERGED_KEYS}
    for key in ("defaults", "notify"):
        tree[key] = {name: setting(value, key, name) for name, value in mapping.get(key, {}).items()}
    tree["syncs"] = {
        name: _sync_layer(setting(value, "syncs", name)) for name, value in mapping.get("syncs", {}).items()
    }
    return tree


def _sync_layer(sync: Setting) -> _Tree:
    if isinstance(sync.value, str):
        return {"": sync.place, "connection_id": _airbyte_spelling(sync)}
    inside = {key: Setting(value=value, place=sync.part(key)) for key, value in sync.value.items()}
    if "connection_id" in inside:
        inside["connection_id"] = _airbyte_spelling(inside["connection_id"])
    # The empty name is no key of the language: it keeps where the sync itself is named.
    return {"": sync.place, **inside}


def _airbyte_spelling(connection_id: Setting) -> Setting:
    """Write a UUID as Airbyte does, once for all that compare, show or name it."""
    text = connection_id.value
    if text.islower() or is_template(text):
        return connection_id
    return replace(connection_id, value=text.lower())


def _laid_over(below: _Tree, above: _Tree) -> _Tree:
    result = dict(below)
    for key, value in above.items():
        if isinstance(value, dict):
            result[key] = _laid_over(below[key], value) if key in below else value
        elif key != "" or key not in below:
            result[key] = value
    return result


def _syncs(merged: _Tree) -> Iterator[ResolvedSync]:
    common: Settings = {}
    if "airbyte_conn_id" in merged:
        common["airbyte_conn_id"] = merged["airbyte_conn_id"]
    common.update(_merged_mapping(merged.get("defaults")))
    for name, own in merged.get("syncs", {}).items():
        yield ResolvedSync(name=name, place=own[""], settings={**common, **_without(own, "")})


def _merged_mapping(tree: _Tree | None) -> Settings:
    return dict(tree or {})


def _without(tree: _Tree, *keys: str) -> _Tree:
    return {key: value for key, value in tree.items() if key not in keys}
