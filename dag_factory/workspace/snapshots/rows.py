"""Rows of Airbyte's lists, read by type: a false snapshot would lose what nobody can put back.

Refused is whatever its API requires and is not there (`ConnectionResponse` and its like in airbyte-platform's
`api_sdk.yaml`), and each value of another type. Taken as empty is only what real servers leave out:

* texts and lists that are empty or null, such as `prefix`, `tags` and the type of a custom connector; servers
  older than the tags (2025) and than `definitionId` (2024) have neither;
* `cronExpression` and `basicTiming`: `ConnectionReadMapper` gives a `basic` schedule without `basicTiming` to
  a connection that has no type of schedule. It always gives a `scheduleType`, also to a manual connection.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dag_factory.airbyte.api.documents import Document
from dag_factory.config.text.secret_patterns import redacted


class WrongAnswerError(Exception):
    """A row of a list is not as Airbyte's API describes it; the message names the list, the id and key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of a list, or a mapping in it: `above` are the keys that lead to it, such as 'schedule.'."""

    noun: str
    row_id: str
    values: Document
    above: str = ""

    def text(self, key: str) -> str:
        """Return a text without what looks like a secret; people write secrets into names too."""
        value = self.values.get(key)
        if isinstance(value, str):
            return _without_secrets(value)
        raise self._wrong(key, "a text")

    def word(self, key: str) -> str:
        """Return a text that is not empty."""
        if self.values.get(key) == "":
            raise self._wrong(key, "a text with content")
        return self.text(key)

    def text_or_empty(self, key: str) -> str:
        """Return a text, empty if there is none."""
        return "" if self.values.get(key) is None else self.text(key)

    def reference(self, key: str) -> str:
        """Return the id of a row of another list."""
        return self.word(key).lower()

    def inner(self, key: str) -> Row:
        """Return a mapping."""
        return self._inner(key, self.values.get(key))

    def inner_or_empty(self, key: str) -> Row:
        """Return a mapping, an empty one if there is none."""
        value = self.values.get(key)
        return self._inner(key, {} if value is None else value)

    def items(self, key: str) -> list[Row]:
        """Return the mappings of a list, none if there is no list."""
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return [self._inner(f"{key}[{index}]", each) for index, each in enumerate(value)]

    def _inner(self, key: str, value: Any) -> Row:  # noqa: ANN401 (JSON)
        if not isinstance(value, Mapping):
            raise self._wrong(key, "a mapping")
        return replace(self, values=value, above=f"{self.above}{key}.")

    def _wrong(self, key: str, wanted: str) -> WrongAnswerError:
        # Only an item of a list has a '[' in its key.
        is_missing = "[" not in key and self.values.get(key) is None
        message = (
            f"Airbyte's list of {self.noun} is not as its API describes it: "
            f"'{self.above}{key}' of {self.row_id} {'is missing' if is_missing else f'is not {wanted}'}"
        )
        return WrongAnswerError(message)


# Connections share the names of streams, types, schedules and tags.
_without_secrets = functools.lru_cache(maxsize=1_000)(redacted)
