"""Merges defaults, environments and a document's own keys; each value knows its location.

From the weakest to the strongest: `defaults.yaml` of the top folder, its environment, those of the nearer
folders, the document, its environment. For one sync: the DAG's `airbyte_conn_id`, the merged `defaults`,
the sync's own keys. Mappings of syncs, `defaults` and `notify` are merged key by key, every other value is
replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from dag_factory.config.text.connection_ids import is_connection_id
from dag_factory.config.text.templates import is_template
from dag_factory.config.yaml.document import Document, Location
from dag_factory.config.yaml.values import KeyPath, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A value as it is written, and where."""

    value: Any
    location: Location


Settings: TypeAlias = dict[str, Setting]


# While layers are merged, a mapping that is merged key by key is a dict of settings; all else is a setting.
_Tree: TypeAlias = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Merged:
    """What a DAG's layers give together: its own keys, those of `notify`, and its syncs by name.

    A sync has the location where it is first named, and its settings with the defaults.
    """

    settings: Settings
    notify: Settings
    syncs: dict[str, tuple[Location, Settings]]


class MergedDefaults:
    """Defaults laid over each other, once for all DAGs that share them in an environment."""

    def __init__(self) -> None:
        self._trees: dict[tuple[tuple[Document, ...], str | None], _Tree] = {}

    def tree(self, documents: tuple[Document, ...], environment: str | None) -> _Tree:
        """Return what files of defaults say together, the top folder's first."""
        key = (documents, environment)
        if key not in self._trees:
            tree: _Tree = {}
            for document in documents:
                tree = _with_document(tree, document, environment)
            self._trees[key] = tree
        return self._trees[key]


def merged_layers(
    document: Document, defaults: tuple[Document, ...], environment: str | None, shared: MergedDefaults
) -> Merged:
    """Lay a document over its defaults, the top folder's first; all have passed the schema."""
    merged = _with_document(shared.tree(defaults, environment), document, environment)
    return Merged(
        settings=_without(merged, "defaults", "environments", "notify", "syncs"),
        notify=dict(merged.get("notify") or {}),
        syncs=dict(_syncs(merged)),
    )


def declared_environments(document: Document) -> tuple[str, ...]:
    """Name the environments that a document declares."""
    value = document.value
    return tuple(value.get("environments", ())) if isinstance(value, dict) else ()


_MERGED_KEYS = ("defaults", "notify", "syncs")


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
        return Setting(value=value, location=Location(document=document, path=(*path, *keys)))

    tree: _Tree = {key: setting(value, key) for key, value in mapping.items() if key not in _MERGED_KEYS}
    for key in ("defaults", "notify"):
        tree[key] = {name: setting(value, key, name) for name, value in mapping.get(key, {}).items()}
    tree["syncs"] = {
        name: _sync_layer(setting(value, "syncs", name)) for name, value in mapping.get("syncs", {}).items()
    }
    return tree


def _sync_layer(sync: Setting) -> _Tree:
    if isinstance(sync.value, str):
        is_id = is_connection_id(sync.value)
        named = {"connection_id": _airbyte_spelling(sync)} if is_id else {"connection": sync}
        return {"": sync.location, **named}
    inside = {
        key: Setting(value=value, location=sync.location.part(key)) for key, value in sync.value.items()
    }
    if "connection_id" in inside:
        inside["connection_id"] = _airbyte_spelling(inside["connection_id"])
    # No key has an empty name: it holds the location of the sync's own name.
    return {"": sync.location, **inside}


def _airbyte_spelling(connection_id: Setting) -> Setting:
    """Write a UUID in lower case as Airbyte does, before anything compares or shows it."""
    text = connection_id.value
    if text.islower() or is_template(text):
        return connection_id
    return replace(connection_id, value=text.lower())


# A layer that names a sync's connection in one way hides the other way below it.
_OTHER_WAY = {"connection": "connection_id", "connection_id": "connection"}


def _laid_over(below: _Tree, above: _Tree) -> _Tree:
    result = {key: value for key, value in below.items() if _OTHER_WAY.get(key) not in above}
    for key, value in above.items():
        if isinstance(value, dict):
            result[key] = _laid_over(below[key], value) if key in below else value
        elif key != "" or key not in below:
            result[key] = value
    return result


def _syncs(merged: _Tree) -> Iterator[tuple[str, tuple[Location, Settings]]]:
    common: Settings = {}
    if "airbyte_conn_id" in merged:
        common["airbyte_conn_id"] = merged["airbyte_conn_id"]
    common.update(merged.get("defaults") or {})
    for name, own in merged.get("syncs", {}).items():
        yield name, (own[""], {**common, **_without(own, "")})


def _without(tree: _Tree, *keys: str) -> _Tree:
    return {key: value for key, value in tree.items() if key not in keys}
