"""Which import paths of notifiers are allowed, by their text alone: `validate` imports nothing.

The loader checks a path here before it imports it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

# The environment variable with which an administrator of Airflow restricts the paths.
PREFIXES_VARIABLE = "DAG_FACTORY_NOTIFIER_PREFIXES"

# Python's own list does not have its test package.
_STANDARD_LIBRARY = frozenset({*sys.stdlib_module_names, *sys.builtin_module_names, "test"})

# Packages of several providers: the name of a distribution has the part after it too.
_FAMILIES = frozenset({"apache", "atlassian", "cncf", "common", "dbt", "ibm", "microsoft"})


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidNotifier:
    """The error of a notifier, and what to do about it."""

    message: str
    hint: str


def prefixes_from(text: str | None) -> tuple[str, ...] | None:
    """Read the allowed prefixes, separated by commas; None, which allows all, if there is no text."""
    if text is None or not text.strip():
        return None
    return tuple(each.strip().removesuffix(".") for each in text.split(",") if each.strip(" ."))


def notifier_path_error(path: str, prefixes: tuple[str, ...] | None) -> InvalidNotifier | None:
    """Find the reason why a path is not imported; None if it is allowed.

    A prefix consists of whole parts: `a.b` allows `a.b.C`, but not `a.bc.D`.
    """
    parts = path.split(".")
    if len(parts) == 1 or not all(part.isidentifier() and part.isascii() for part in parts):
        message = f"'{path}' is not an import path"
        return InvalidNotifier(message=message, hint="write package.module.ClassName")
    private = next((part for part in parts if part.startswith("_")), None)
    if private is not None:
        message = f"the notifier '{path}' is not imported: '{private}' is private"
        return InvalidNotifier(message=message, hint="write the public import path of the class")
    if parts[0] in _STANDARD_LIBRARY:
        message = f"the notifier '{path}' is not imported: '{parts[0]}' is part of Python itself"
        return InvalidNotifier(message=message, hint="write the path of a subclass of Airflow's BaseNotifier")
    if prefixes is not None and not any(_is_below(path, prefix) for prefix in prefixes):
        message = f"the notifier '{path}' is not imported: {PREFIXES_VARIABLE} does not allow it"
        allowed = " or ".join(f"'{prefix}'" for prefix in prefixes)
        hint = f"write one below {allowed}, or extend the variable" if allowed else "extend the variable"
        return InvalidNotifier(message=message, hint=hint)
    return None


def provider_of(path: str) -> str | None:
    """Name the distribution of the Airflow provider that a path belongs to; None if it belongs to none."""
    parts = path.split(".")
    if parts[:2] != ["airflow", "providers"] or len(parts) < 4:
        return None
    name = parts[2:4] if parts[2] in _FAMILIES else parts[2:3]
    return "-".join(("apache-airflow-providers", *(each.replace("_", "-") for each in name)))


def _is_below(path: str, prefix: str) -> bool:
    return f"{path}.".startswith(f"{prefix}.")
