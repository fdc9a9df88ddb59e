"""Values as rules compare them, and places inside of text; for the rules of `config` alone."""

from __future__ import annotations

from dataclasses import replace

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.layers import ResolvedDag, ResolvedSync, Setting
from dag_factory.config.text import durations
from dag_factory.config.yaml.values import KeyPath


def own_setting(dag: ResolvedDag, sync: ResolvedSync, key: str) -> Setting | None:
    """Give what somebody has set for a sync; None where a value was refused, since another shows then."""
    setting = sync.settings.get(key)
    return None if setting is None or is_refused(dag, sync, key) else setting


def is_refused(dag: ResolvedDag, sync: ResolvedSync, key: str) -> bool:
    """Whether somebody has set a value for a sync that the schema does not allow."""
    return dag.is_faulty("syncs", sync.name, key) or dag.is_faulty("defaults", key)


def dag_setting(dag: ResolvedDag, key: str) -> Setting | None:
    """Give what somebody has set for the DAG; None where it was refused, or a part of it."""
    setting = dag.settings.get(key)
    return None if setting is None or has_fault_below(dag, key) else setting


def has_fault_below(dag: ResolvedDag, key: str) -> bool:
    """Whether something at a key of the DAG was refused, here or in the environment."""
    faults = dag.document.faults
    if not faults:  # asked often, and nearly always so
        return False
    in_environment: KeyPath = ("environments", str(dag.environment), key)
    return any(fault[:1] == (key,) or fault[:3] == in_environment for fault in faults)


def seconds(setting: Setting | None) -> int | None:
    """Give a duration in seconds, if there is one."""
    return None if setting is None else durations.seconds(setting.value)


def value_of(sync: ResolvedSync, key: str, default: object) -> object:
    """Give a sync's value, or the default where nobody has set it."""
    setting = sync.settings.get(key)
    return default if setting is None else setting.value


def narrowed(diagnostic: Diagnostic, text: str, part: tuple[int, int]) -> Diagnostic:
    """Point to a part of a text (offsets) where it stands on one line as it is, without escapes."""
    span, line = diagnostic.span, diagnostic.source_line
    if line is None or span.end_line != span.line:
        return diagnostic
    written = line[span.column - 1 : span.end_column - 1]
    if not text or written.count(text) != 1:
        return diagnostic
    begin = span.column + written.index(text)
    inside = replace(span, column=begin + part[0], end_column=begin + part[1])
    return replace(diagnostic, span=inside)
