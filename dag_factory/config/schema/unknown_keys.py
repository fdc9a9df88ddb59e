"""Hints for keys that are unknown, or known only in another section: what to write instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dag_factory.config.schema.key_aliases import EXPLAINED, HERE, SYNONYMS
from dag_factory.config.text.suggestions import SearchLimit, nearest, snake_case
from dag_factory.config.yaml.values import KeyPath

# The keys of each section, by its name.
Sections: TypeAlias = Mapping[str, Collection[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyHint:
    """What to write, and the path of the key that was meant (None if it is not certain).

    `section` is the section that the key belongs to; None if the language does not have the key.
    """

    text: str
    meant: KeyPath | None = None
    section: str | None = None


# What to write for a key of each section. A key of several sections belongs to the first of them.
_SECTIONS = {
    "dag": "write '{key}' at the top of the document",
    "sync": "write '{key}' on a sync, or under 'defaults' for every sync",
    "trigger": "write '{key}' in an entry of 'trigger_dags'",
    "notify": "write '{key}' under 'notify' at the top of the document",
    "schedule": "write 'schedule: {{{key}: ...}}' at the top of the document",
}

_SECTION_NAMES = {
    "dag": "the DAG",
    "sync": "a sync",
    "trigger": "an entry of 'trigger_dags'",
    "notify": "'notify'",
    "schedule": "'schedule'",
}

# The keys of a sync that cannot be defaults.
_OF_ONE_SYNC = frozenset(("connection_id", "connection", "depends_on"))


def key_hint(
    key: str, path: KeyPath, known: Collection[str], sections: Sections, limit: SearchLimit
) -> KeyHint:
    """Say what to write instead of a key of the mapping at a path.

    Args:
        key: The unknown key.
        path: The path of the mapping.
        known: The keys that the mapping may have.
        sections: The keys of each section: dag, sync, trigger, notify and schedule.
        limit: Bounds the search for a similar key.
    """
    here = _section_at(path)
    section = _section_of(key, sections)
    if section is not None:
        special = HERE.get(here or "", {}).get(key)
        text = special[1] if special else _elsewhere(key, section)
        return KeyHint(text=text, meant=_path_of(key, section, path), section=section)
    word = snake_case(key)
    explained = HERE.get(here or "", {}).get(word) or EXPLAINED.get(word)
    if explained is not None and word not in known:
        meant, text = explained
        return KeyHint(
            text=text, meant=(*path, meant) if meant in known else _path_at_top(meant, path, sections)
        )
    if word in SYNONYMS:
        return _synonym(SYNONYMS[word], path, known, sections)
    return _similar(key, path, known, sections, limit)


def section_name(section: str) -> str:
    """Name a section for a message."""
    return _SECTION_NAMES[section]


def _section_of(key: str, sections: Sections) -> str | None:
    return next((name for name in _SECTIONS if key in sections[name]), None)


def _synonym(key: str, path: KeyPath, known: Collection[str], sections: Sections) -> KeyHint:
    """Name the key for which another tool has another name, and its section if that is not here."""
    section = _section_of(key, sections) or "dag"
    if key in known:
        return KeyHint(text=f"write '{key}'", meant=(*path, key))
    return KeyHint(text=_elsewhere(key, section), meant=_path_of(key, section, path))


def _path_of(key: str, section: str, path: KeyPath) -> KeyPath | None:
    """Return the path at which a key belongs, if its section occurs once in a document."""
    top = path[:2] if path[:1] == ("environments",) else ()
    return {"dag": (*top, key), "schedule": (*top, "schedule")}.get(section)


def _path_at_top(key: str, path: KeyPath, sections: Sections) -> KeyPath | None:
    return _path_of(key, "dag", path) if key in sections["dag"] else None


def _elsewhere(key: str, section: str) -> str:
    if key in _OF_ONE_SYNC:
        return f"write '{key}' on a sync, below its name under 'syncs'"
    return _SECTIONS[section].format(key=key)


def _similar(
    key: str, path: KeyPath, known: Collection[str], sections: Sections, limit: SearchLimit
) -> KeyHint:
    here = _section_at(path)
    elsewhere = {each: name for name in reversed(_SECTIONS) if name != here for each in sections[name]}
    # The first of equally similar keys wins: one that is known here.
    similar = nearest(key, dict.fromkeys((*known, *elsewhere)), limit)
    if similar is not None and similar in known:
        return KeyHint(text=f"did you mean '{similar}'?", meant=(*path, similar))
    if similar is not None:
        section = elsewhere[similar]
        return KeyHint(text=_elsewhere(similar, section), meant=_path_of(similar, section, path))
    if key.startswith(("x-", "x_", ".")) and here == "dag":
        return KeyHint(text="put an anchor (&name) where the value is first used, or use 'defaults'")
    return KeyHint(text=f"known keys here: {', '.join(known)}")


def _section_at(path: KeyPath) -> str | None:
    """Name the section that a mapping is, by its path; None for any other mapping."""
    inside = path[2:] if path[:1] == ("environments",) else path
    if not inside:
        return "dag"
    if inside == ("defaults",) or (inside[0] == "syncs" and len(inside) == 2):
        return "sync"
    if inside in (("schedule",), ("notify",)):
        return str(inside[0])
    return "trigger" if inside[0] == "trigger_dags" and len(inside) == 2 else None
