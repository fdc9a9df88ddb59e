"""Rules about notifiers, as far as their text shows an error."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.config.diagnostics import Diagnostic
from dag_factory.config.model.draft import DraftDag
from dag_factory.config.text.notifier_paths import notifier_path_error


def check_notifiers(dag: DraftDag, prefixes: tuple[str, ...] | None) -> Iterator[Diagnostic]:
    """The import path of a notifier is one that the loader imports."""
    for setting in dag.notify.values():
        for index, entry in enumerate(setting.value):
            path = entry.get("notifier") if isinstance(entry, dict) else None
            error = notifier_path_error(path, prefixes) if isinstance(path, str) else None
            if error is not None:
                location = setting.location.part(index, "notifier")
                yield location.diagnostic("bad-notifier", error.message, error.hint)
