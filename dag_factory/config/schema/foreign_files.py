"""Files of other tools among the DAGs: reported once, not key by key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.schema.key_aliases import EXPLAINED, HERE, SYNONYMS
from dag_factory.config.text.suggestions import SearchLimit, nearest, snake_case
from dag_factory.config.yaml.document import Document, Location

_HINT = "move it out of the folder; a DAG has 'schedule' and 'syncs', with 'name: connection_id' below it"


def foreign_file(document: Document, keys: Collection[str]) -> Diagnostic | None:
    """Report a document that is not a DAG: it has the keys of another tool, or none like a key of a DAG."""
    value = document.value
    if not isinstance(value, dict) or not value or "syncs" in value:
        return None
    hint = _HINT
    tool = next((name for name, is_its in _TOOLS.items() if is_its(value)), None)
    if tool is not None:
        message = f"this is not a DAG: its keys are those of {tool}"
    elif not any(_is_similar(key, keys, document.file.search_limit) for key in list(value)[:_MANY]):
        message = "this is not a DAG: none of its keys is a key of a DAG or similar to one"
        if len(value) == 1 and _is_dag(*value.values()):
            name = next(iter(value))
            hint = f"delete the line '{name}:' and unindent the rest: the file's name is the DAG's id"
    else:
        return None
    return Location(document=document).diagnostic("foreign-file", message, hint)


def _is_dag(value: object) -> bool:
    return isinstance(value, dict) and "syncs" in value


# The first keys are enough to recognise a file.
_MANY = 50


def _is_similar(key: str, keys: Collection[str], limit: SearchLimit) -> bool:
    """Whether a key is one of a DAG, the name of one in another tool, or similar to one."""
    word = snake_case(key)
    known = (keys, EXPLAINED, SYNONYMS, HERE["dag"])
    is_known = any(word in each for each in known) or key.startswith("x-")
    return is_known or nearest(key, keys, limit) is not None


_Mapping: TypeAlias = Mapping[str, Any]


def _has(*keys: str) -> Callable[[_Mapping], bool]:
    return lambda value: all(key in value for key in keys)


def _holds_tasks(value: _Mapping) -> bool:
    """Whether each key is the name of a DAG that has `tasks`."""
    below = [each for name, each in value.items() if name != "default"]
    return bool(below) and all(isinstance(each, dict) and "tasks" in each for each in below)


def _is_compose(value: _Mapping) -> bool:
    services = value.get("services")
    return isinstance(services, dict) and any(
        isinstance(each, dict) and ("image" in each or "build" in each or "<<" in each or "command" in each)
        for each in services.values()
    )


def _holds_scripts(value: _Mapping) -> bool:
    return any(isinstance(each, dict) and "script" in each for each in value.values())


# The first that fits is reported, so the ones with more keys come first.
_TOOLS: Mapping[str, Callable[[_Mapping], bool]] = {
    "a Kestra flow": _has("id", "namespace", "tasks"),
    "a Kubernetes resource": _has("apiVersion", "kind"),
    "a Helm chart": _has("apiVersion", "name", "version"),
    "a GitHub workflow": _has("on", "jobs"),
    "a CircleCI workflow": _has("version", "jobs"),
    "a GitLab pipeline": _holds_scripts,
    "Docker Compose": _is_compose,
    "octavia, Airbyte's former command": _has("resource_name", "configuration"),
    "an Airbyte connector manifest": _has("type", "check", "streams"),
    "a dbt project": _has("name", "profile", "model-paths"),
    "a dbt schema file": lambda value: "version" in value and ("models" in value or "sources" in value),
    "pre-commit hooks": _has("repos"),
    "a Meltano project": _has("version", "plugins"),
    "Prefect deployments": _has("deployments"),
    "a dbt-coves DAG": _has("nodes"),
    "a gusty task": _has("operator"),
    "Astronomer's dag-factory": _holds_tasks,
}
