"""What names an Airbyte connection by its id: a UUID, or a template that gives one."""

from __future__ import annotations

import re

from dag_factory.config.text.templates import is_template

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def is_connection_id(text: str) -> bool:
    """Whether a text that the schema accepts for a sync is an id, and not a name."""
    return is_uuid(text) or is_template(text)


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, in capitals too."""
    return _UUID.fullmatch(text) is not None
