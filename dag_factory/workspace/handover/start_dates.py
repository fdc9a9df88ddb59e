"""Writes the `start_date` of a DAG into its file: one line of it, and all or nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dag_factory.config.model.draft import DraftDag
from dag_factory.config.text import dates
from dag_factory.config.yaml.document import Document, parse_source
from dag_factory.config.yaml.values import Value
from dag_factory.workspace.handover.moves import HandoverError
from dag_factory.workspace.handover.yaml_edit import YamlEditError, set_key
from dag_factory.workspace.replacing import replace_file

KEY = "start_date"


@dataclass(frozen=True, kw_only=True, slots=True)
class DagFile:
    """Where a DAG is declared: the path and the name of the file, its document, and the time zone."""

    path: Path
    name: str
    document: Document
    zone: str

    def cannot_be_edited(self, draft: DraftDag) -> str | None:
        """Say why the `start_date` cannot be set by changing one line; None if it can."""
        location = draft.start_date.location
        if location.document is draft.document and location.path[:1] == ("environments",):
            environment = location.path[1]
            return f"its start_date is set for the environment '{environment}'; move it to the top of the DAG"
        try:
            text = _read(self.path)
            changed = set_key(text, self.document.index, KEY, "2026-01-31T05:30")
        except (OSError, UnicodeDecodeError) as error:
            return f"'{self.name}' cannot be read: {error}"
        except YamlEditError as error:
            return f"its start_date cannot be set in '{self.name}': {error}"
        is_writable = os.access(self.path, os.W_OK)
        return None if is_writable and changed else f"'{self.name}' cannot be written"

    def write(self, start: datetime) -> None:
        """Set the `start_date`.

        Raises:
            HandoverError: It could not be set; the message has the line to write.
        """
        text = start_text(start, self.zone)
        try:
            before = _read(self.path)
            self._check_unchanged(before)
            after = set_key(before, self.document.index, KEY, text)
            replace_file(Path(os.path.realpath(self.path)), after.encode("utf-8"))
        except (OSError, UnicodeDecodeError, YamlEditError) as error:
            message = f"'{self.name}' was not changed ({error}): write '{KEY}: {text}' into the DAG yourself"
            raise HandoverError(message) from error

    def _check_unchanged(self, text: str) -> None:
        """Refuse to edit another document: a person may have changed the file during a wait."""
        documents = parse_source(text.encode(), self.name).documents
        found = [each.value for each in documents if each.index == self.document.index]
        if not found or _without_start(found[0]) != _without_start(self.document.value):
            message = "it has been changed meanwhile"
            raise YamlEditError(message)


def _without_start(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    return {key: each for key, each in value.items() if key != KEY}


def start_text(start: datetime, zone: str) -> str:
    """Write a moment as the clocks of a time zone show it; with its offset where they show it twice."""
    local = start.astimezone(ZoneInfo(zone))
    unit = "seconds" if local.second else "minutes"
    text = local.replace(tzinfo=None).isoformat(timespec=unit)
    return text if dates.moment(text, zone) == start else local.isoformat(timespec=unit)


def _read(path: Path) -> str:
    # Bytes, since a text file's line ends would change.
    return path.read_bytes().decode("utf-8")
