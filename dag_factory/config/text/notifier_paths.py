"""Which import paths of notifiers are followed, decided from their text: nothing is imported to decide it.

`validate` asks here, and so does the loader before it imports anything.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

# The variable of the environment with which whoever operates Airflow restricts the paths.
PREFIXES_VARIABLE = "DAG_FACTORY_NOTIFIER_PREFIXES"

# Python's own list leaves out its tests.
_STANDARD_LIBRARY = frozenset({*sys.stdlib_module_names, *sys.builtin_module_names, "test"})

# What several providers share: the part after it belongs to the name of their distribution too.
_FAMILIES = frozenset({"apache", "atlassian", "cncf", "common", "dbt", "ibm", "microsoft"})


@dataclass(frozen=True, kw_only=True, slots=True)
class NotifierFault:
    """What is wrong with a notifier, and what to do about it."""

    message: str
    help: str


def prefixes_from(text: str | None) -> tuple[str, ...] | None:
    """Read what the variable says, separated by commas; None, for all, where it is unset or empty."""
    if text is None or not text.strip():
        return None
    return tuple(each.strip().removesuffix(".") for each in text.split(",") if each.strip(" ."))


def path_fault(path: str, prefixes: tuple[str, ...] | None) -> NotifierFault | None:
    """Say why a path is not followed; None if it is.

    A prefix is made of whole parts: `a.b` allows `a.b.C`, and not `a.bc.D`.
    """
    parts = path.split(".")
    if len(parts) == 1 or not all(part.isidentifier() and part.isascii() for part in parts):
        message = f"'{path}' is no import path"
        return NotifierFault(message=message, help="write package.module.ClassName")
    private = next((part for part in parts if part.startswith("_")), None)
    if private is not None:
        message = f"the notifier '{path}' is not imported: '{private}' is private"
        return NotifierFault(message=message, help="name the class where its package offers it to others")
    if parts[0] in _STANDARD_LIBRARY:
        message = f"the notifier '{path}' is not imported: '{parts[0]}' is part of Python itself"
        return NotifierFault(message=message, help="name a subclass of Airflow's BaseNotifier")
    if prefixes is not None and not any(_is_below(path, prefix) for prefix in prefixes):
        message = f"the notifier '{path}' is not imported: {PREFIXES_VARIABLE} does not allow it"
        allowed = " or ".join(f"'{prefix}'" for prefix in prefixes) or "nothing"
        return NotifierFault(message=message, help=f"name one below {allowed}, or extend the variable")
    return None


def provider_of(path: str) -> str | None:
    """Name the distribution of an Airflow provider that has a path; None for what is no provider's."""
    parts = path.split(".")
    if parts[:2] != ["airflow", "providers"] or len(parts) < 4:
        return None
    name = parts[2:4] if parts[2] in _FAMILIES else parts[2:3]
    return "-".join(("apache-airflow-providers", *(each.replace("_", "-") for each in name)))


def _is_below(path: str, prefix: str) -> bool:
    return f"{path}.".startswith(f"{prefix}.")
