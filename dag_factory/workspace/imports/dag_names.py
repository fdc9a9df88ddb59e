"""Names for DAGs and syncs, made from the names that people gave to connections."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from dag_factory.config.text.secret_patterns import shape_of

# Airflow and file systems allow more; nobody reads more.
LONGEST = 100

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_GAP = re.compile(r"_[_-]*_")
_EDGES = "-._"


class UniqueNames:
    """Gives each name once. Names that differ only in upper and lower case count as the same."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def unused(self, name: str) -> str:
        """Return the name, with a number after it if it is taken, and take it."""
        found, number = name, 1
        while found.lower() in self._taken:
            number += 1
            found = f"{name[: LONGEST - len(f'_{number}')]}_{number}"
        self._taken.add(found.lower())
        return found


def dag_name(text: str, fallback: str) -> str:
    """Make a DAG's id of a text: letters without accents, digits, dashes, dots and underscores.

    Args:
        text: What people call it.
        fallback: The name if nothing of the text is left, or if it may be a secret.
    """
    if shape_of(text) is not None:
        return fallback
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(each for each in decomposed if not unicodedata.combining(each))
    name = _GAP.sub("_", _NOT_IN_NAMES.sub("_", letters))[:LONGEST].strip(_EDGES)
    return fallback if not name or shape_of(name) is not None else name


def sync_name(text: str, fallback: str) -> str:
    """Make the name of a sync of a text: as a DAG's id, without dots."""
    return dag_name(text, fallback).replace(".", "_")
