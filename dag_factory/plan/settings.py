"""All other settings of a DAG and its syncs that differ; they count from the next run on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime

from dag_factory.config.model.dag import Dag, Sync, TriggeredDag
from dag_factory.config.text import durations
from dag_factory.config.text.secret_patterns import redacted
from dag_factory.plan.consequences import Consequence
from dag_factory.plan.sides import Member

# What is not a setting, or has consequences of its own.
_OTHER = frozenset(
    (
        "dag_id",
        "location",
        "defaults_files",
        "schedule",
        "start_date",
        "end_date",
        "catchup",
        "enabled",
        "syncs",
    )
)
_OTHER_OF_SYNC = frozenset(("name", "connection_id", "connection", "airbyte_conn_id", "mode"))
# Values that may be anything, also a secret.
_WITHOUT_VALUES = frozenset(("notify", "doc_md", "description"))
_DURATIONS = frozenset(("wait_seconds", "timeout", "retry_delay", "max_retry_delay", "dagrun_timeout"))
_LONGEST = 60


def of_settings(old: Member, new: Member) -> Iterator[Consequence]:
    """Yield one consequence for all settings of a DAG that differ."""
    own = list(_differences(old.dag, new.dag, _OTHER))
    changed = list(own)
    by_text: dict[str, list[str]] = {}
    before = {sync.name: sync for sync in old.dag.syncs}
    for sync in new.dag.syncs:
        # A sync that is new has nothing to compare with.
        for text in _differences(before.get(sync.name, sync), sync, _OTHER_OF_SYNC):
            by_text.setdefault(text, []).append(sync.name)
    # A default changes the same in all syncs: their names are worth a word only where it does not.
    for text, names in by_text.items():
        is_of_all = len(names) == len(new.dag.syncs)
        changed.append(text if is_of_all else f"{', '.join(repr(name) for name in names)}: {text}")
    if changed:
        names = next(iter(by_text.values()), [])
        place = new.place_of(own[0].partition(":")[0]) if own else new.place_of_sync(names[0])
        yield Consequence(kind="settings", dag_id=new.dag.dag_id, text="; ".join(changed), place=place)


def _differences(old: Dag | Sync, new: Dag | Sync, without: frozenset[str]) -> Iterator[str]:
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name not in without and before != after:
            yield f"{field.name}: {_change(field.name, before, after)}"


def _change(name: str, before: object, after: object) -> str:
    if name in _WITHOUT_VALUES:
        return "added" if before in (None, (), "") else "removed" if after in (None, (), "") else "changed"
    return f"{_value(name, before)} → {_value(name, after)}"


def _value(name: str, value: object) -> str:
    if value is None:
        # Without outlets, a sync updates an asset that is named after its connection.
        return "the default" if name == "outlets" else "none"
    if name in _DURATIONS and isinstance(value, int):
        return durations.text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    text = ", ".join(map(_word, value)) if isinstance(value, tuple) else str(value)
    shown = redacted(text) or "none"
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _word(value: object) -> str:
    return value.dag_id if isinstance(value, TriggeredDag) else str(value)
