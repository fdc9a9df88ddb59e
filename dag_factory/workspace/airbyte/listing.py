"""Reads whole lists from an Airbyte whose pages have no order: an id may come twice, another not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from dag_factory.airbyte.api.documents import PAGE, Document

# Reads the page that begins at an offset.
ReadPage: TypeAlias = Callable[[int], Sequence[Document]]

# Passes over a list until each id has been seen. In an order that is new for each page, a pass over ten pages
# shows about two thirds of the ids, so that ten thousand need about twenty.
_MAX_PASSES = 40
_MAX_ROWS = 1_000_000
# How often two complete readings are compared.
_MAX_READINGS = 4


class NotWholeError(Exception):
    """The list changes while it is read, or does not show all of its ids."""


def whole_list(read_page: ReadPage, key: str) -> list[Document]:
    """Read a list until two complete readings have the same ids; a list of one page is one reading.

    Airbyte sorts no list (airbyte-platform, `ConnectionServiceJooqImpl`), and rows move between pages when
    somebody changes one. Raises NotWholeError.

    Args:
        read_page: Reads the page that begins at an offset.
        key: The key of an item's id.
    """
    before = _complete_reading(read_page, key)
    if len(before) < PAGE:
        return list(before.values())
    for _ in range(_MAX_READINGS - 1):
        after = _complete_reading(read_page, key)
        if after.keys() == before.keys():
            return list(after.values())
        before = after
    message = "the list has changed each time it was read"
    raise NotWholeError(message)


def _complete_reading(read_page: ReadPage, key: str) -> dict[str, Document]:
    """Pass over the list until as many ids have been seen as it has rows.

    A list that repeats the same rows in the same places is complete after its second pass.
    """
    seen: dict[str, Document] = {}
    before: list[str] = []
    for _ in range(_MAX_PASSES):
        rows = _one_pass(read_page, key)
        ids = [each_id for each_id, _ in rows]
        if before and len(ids) != len(before):
            seen = {}  # something has come or gone
        seen.update(rows)
        if len(seen) == len(ids) or ids == before:
            return seen
        before = ids
    message = f"after {_MAX_PASSES} passes some ids have not been seen"
    raise NotWholeError(message)


def _one_pass(read_page: ReadPage, key: str) -> list[tuple[str, Document]]:
    """Read to the first empty page; neither a short page nor a missing `next` is the end."""
    rows: list[tuple[str, Document]] = []
    while page := read_page(len(rows)):
        rows += [(str(each[key]), each) for each in page]
        if len(rows) > _MAX_ROWS:
            message = f"it has over {_MAX_ROWS:,} rows"
            raise NotWholeError(message)
    return rows
