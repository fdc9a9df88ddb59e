"""What to write instead of a key that is not known where it stands; used by `config.schema` alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dag_factory.config.schema.key_aliases import EXPLAINED, HERE, SYNONYMS
from dag_factory.config.text.suggestions import Patience, nearest, snake_case
from dag_factory.config.yaml.values import KeyPath


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyHelp:
    """What to write, and where that belongs (None if nobody can know).

    `home` names where the key itself would be right; None if it is no key of the language.
    """

    text: str
    meant: KeyPath | None = None
    home: str | None = None


# Where keys belong, in the order in which one that belongs to several is looked up.
_HOMES = {
    "dag": "write '{key}' at the top of the document",
    "sync": "write '{key}' on a sync, or under 'defaults' for every sync",
    "trigger": "write '{key}' in an entry of 'trigger_dags'",
    "notify": "write '{key}' under 'notify' at the top of the document",
    "schedule": "write 'schedule: {{{key}: ...}}' at the top of the document",
}

_HOME_NAMES = {
    "dag": "the DAG",
    "sync": "a sync",
    "trigger": "an entry of 'trigger_dags'",
    "notify": "'notify'",
    "schedule": "'schedule'",
}

# The keys of a sync that cannot be defaults.
_OF_ONE_SYNC = frozenset(("connection_id", "depends_on"))


def key_help(
    key: str, path: KeyPath, known: Collection[str], keys: Mapping[str, Collection[str]], patience: Patience
) -> KeyHelp:
    """Say what to write for a key of the mapping at a path, which may have the known keys.

    `keys` are those of each home: dag, sync, trigger, notify and schedule.
    """
    here = _home_at(path)
    home = next((name for name in _HOMES if key in keys[name]), None)
    if home is not None:
        special = HERE.get(here or "", {}).get(key)
        text = special[1] if special else _elsewhere(key, home)
        return KeyHelp(text=text, meant=_path_of(key, home, path), home=home)
    word = snake_case(key)
    explained = HERE.get(here or "", {}).get(word) or EXPLAINED.get(word)
    if explained is not None and word not in known:
        meant, text = explained
        return KeyHelp(text=text, meant=(*path, meant) if meant in known else _path_at_top(meant, path, keys))
    if word in SYNONYMS:
        return _written_here(SYNONYMS[word], path, known, keys)
    return _alike(key, path, known, keys, patience)


def home_name(home: str) -> str:
    """Name a home as a message does."""
    return _HOME_NAMES[home]


def _written_here(
    key: str, path: KeyPath, known: Collection[str], keys: Mapping[str, Collection[str]]
) -> KeyHelp:
    """Give our name for a foreign key, and where it belongs if not here."""
    home = next(name for name in _HOMES if key in keys[name])
    if key in known:
        return KeyHelp(text=f"write '{key}'", meant=(*path, key))
    return KeyHelp(text=_elsewhere(key, home), meant=_path_of(key, home, path))


def _path_of(key: str, home: str, path: KeyPath) -> KeyPath | None:
    """Give where a key belongs, if its home stands just once in a document."""
    top = path[:2] if path[:1] == ("environments",) else ()
    return {"dag": (*top, key), "schedule": (*top, "schedule")}.get(home)


def _path_at_top(key: str, path: KeyPath, keys: Mapping[str, Collection[str]]) -> KeyPath | None:
    return _path_of(key, "dag", path) if key in keys["dag"] else None


def _elsewhere(key: str, home: str) -> str:
    if key in _OF_ONE_SYNC:
        return f"write '{key}' on a sync, below its name under 'syncs'"
    return _HOMES[home].format(key=key)


def _alike(
    key: str, path: KeyPath, known: Collection[str], keys: Mapping[str, Collection[str]], patience: Patience
) -> KeyHelp:
    here = _home_at(path)
    elsewhere = {each: home for home in reversed(_HOMES) if home != here for each in keys[home]}
    # Of two that are as near the first is taken, which is right here.
    alike = nearest(key, dict.fromkeys((*known, *elsewhere)), patience)
    if alike is not None and alike in known:
        return KeyHelp(text=f"did you mean '{alike}'?", meant=(*path, alike))
    if alike is not None:
        home = elsewhere[alike]
        return KeyHelp(text=_elsewhere(alike, home), meant=_path_of(alike, home, path))
    if key.startswith(("x-", "x_", ".")) and here == "dag":
        return KeyHelp(text="put an anchor (&name) where the value is first used, or write 'defaults'")
    return KeyHelp(text=f"known keys here: {', '.join(known)}")


def _home_at(path: KeyPath) -> str | None:
    """Name the home that a mapping is, by its path; None for any other mapping."""
    inside = path[2:] if path[:1] == ("environments",) else path
    if not inside:
        return "dag"
    if inside == ("defaults",) or (inside[0] == "syncs" and len(inside) == 2):
        return "sync"
    if inside in (("schedule",), ("notify",)):
        return str(inside[0])
    return "trigger" if inside[0] == "trigger_dags" and len(inside) == 2 else None
