"""Reads whole lists from an Airbyte whose pages have no order: an id may come twice, another not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dag_factory.airbyte.api.documents import PAGE, Document

# Reads the page that begins at an offset.
ReadPage: TypeAlias = Callable[[int], Sequence[Document]]

# Passes over a list until each id has been seen. In an order that is new for each page, a pass over ten pages
# shows about two thirds of the ids, so that ten thousand need about twenty.
_MAX_PASSES = 40
# A snapshot of so many connections is about as large as one may be. A server that always has one more page of
# new rows would be read for ever.
MAX_ROWS = 100_000
# A server that ignores the offset repeats its rows for ever: how many rows one id may have on average, from
# how many rows on.
_MAX_REPEATS, _MANY_ROWS = 20, 1_000
# A list that grows by a row for each page that is read has no end: how many rows a page has on average, from
# how many pages on.
_FEWEST_ROWS, _MANY_PAGES = 5, 100
# How often two complete readings are compared.
_MAX_READINGS = 4


class NotWholeError(Exception):
    """The list changes while it is read, or does not show all of its ids.

    `hint` says what may help. `is_final`: reading it again does not.
    """

    def __init__(
        self, message: str, hint: str = "try again when nobody changes it", *, is_final: bool = False
    ) -> None:
        super().__init__(message)
        self.hint, self.is_final = hint, is_final


def whole_list(read_page: ReadPage, key: str) -> list[Document]:
    """Read a list until two complete readings have the same ids.

    Airbyte sorts no list (airbyte-platform, `ConnectionServiceJooqImpl`), and rows move between pages when
    somebody changes one. What both readings have was there between them; and since there are as many ids as
    the list had rows at the end of the first, they are all that was there then. Raises NotWholeError.

    Args:
        read_page: Reads the page that begins at an offset.
        key: The key of an item's id.
    """
    before = _complete_reading(read_page, key)
    for _ in range(_MAX_READINGS - 1):
        after = _complete_reading(read_page, key)
        if after.keys() == before.keys():
            return list(after.values())
        before = after
    message = "the list has changed each time it was read"
    raise NotWholeError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pass:
    """The ids and items of a pass in their order, and whether a page before the last was not full."""

    rows: Sequence[tuple[str, Document]]
    has_short_page: bool

    @property
    def ids(self) -> list[str]:
        return [each_id for each_id, _ in self.rows]


def _complete_reading(read_page: ReadPage, key: str) -> dict[str, Document]:
    """Pass over the list until as many ids have been seen as it has rows.

    A server that leaves rows out of its pages shows others twice, as offsets count what it leaves out: if it
    shows the same rows in the same places again, none is missing. Full pages with repeated rows hide others.
    """
    seen: dict[str, Document] = {}
    before: list[str] = []
    for _ in range(_MAX_PASSES):
        now = _one_pass(read_page, key)
        if before and len(now.rows) != len(before):
            seen = {}  # something has come or gone
        seen.update(now.rows)
        if len(seen) == len(now.rows) or (now.has_short_page and now.ids == before):
            return seen
        before = now.ids
    message = f"its pages repeat rows, so that others may be left out, also in {_MAX_PASSES} passes over it"
    raise NotWholeError(message)


def _one_pass(read_page: ReadPage, key: str) -> _Pass:
    """Read to the first empty page; neither a short page nor a missing `next` is the end."""
    rows: list[tuple[str, Document]] = []
    sizes: list[int] = []
    ids: set[str] = set()
    while page := read_page(len(rows)):
        sizes.append(len(page))
        rows += [(str(each[key]), each) for each in page]
        ids.update(str(each[key]) for each in page)
        _check_progress(len(sizes), len(rows), len(ids))
    return _Pass(rows=rows, has_short_page=any(size < PAGE for size in sizes[:-1]))


def _check_progress(pages: int, rows: int, ids: int) -> None:
    """Raise NotWholeError if reading on may never end."""
    if rows > MAX_ROWS:
        message = f"it has over {MAX_ROWS:,} rows, and nothing larger is read"
        hint = "use an application that sees fewer workspaces"
        raise NotWholeError(message, hint, is_final=True)
    if rows > _MANY_ROWS and rows > _MAX_REPEATS * ids:
        message, hint = "its pages repeat the same rows", "the server or a proxy may ignore the 'offset'"
        raise NotWholeError(message, hint, is_final=True)
    if pages > _MANY_PAGES and rows < _FEWEST_ROWS * pages:
        message = "it grows while it is read"
        raise NotWholeError(message)
