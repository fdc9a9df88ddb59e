"""A list is read whole or not at all, whatever order its pages have and whoever changes it meanwhile."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.workspace.airbyte.listing import MAX_ROWS, NotWholeError, whole_list

LIMIT = 100
# More pages than a reading may take: whoever asks for more does not end.
MOST_PAGES = 20_000


@dataclass
class Server:
    """A model of a list behind LIMIT and OFFSET. Ids are numbers, and no number comes back.

    Args:
        size: How many rows it has at first.
        seed: Of all that is random.
        is_unordered: Whether each page sees another order.
        limit: The rows of a page at most.
        events: What happens before a page by its number: "+" a row comes, "-" one goes, "=" both.
        lasting: What happens before each page.
    """

    size: int
    seed: int = 0
    is_unordered: bool = False
    limit: int = LIMIT
    events: dict[int, str] = field(default_factory=dict)
    lasting: str = ""
    hidden: frozenset[int] = frozenset()
    pages: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.rows = list(range(self.size))
        self.next_id = self.size
        self.moments = {frozenset(self.rows) - self.hidden}

    def page(self, offset: int) -> Sequence[dict[str, str]]:
        assert self.pages < MOST_PAGES, "it does not end"
        for event in self.events.get(self.pages, "") + self.lasting:
            self.change(event)
        self.pages += 1
        order = self.random.sample(self.rows, len(self.rows)) if self.is_unordered else self.rows
        rows = [row for row in order[offset : offset + self.limit] if row not in self.hidden]
        return [{"id": str(row)} for row in rows]

    def change(self, event: str) -> None:
        if event in "-=" and self.rows:
            self.rows.pop(self.random.randrange(len(self.rows)))
        if event in "+=":
            self.rows.insert(self.random.randrange(len(self.rows) + 1), self.next_id)
            self.next_id += 1
        self.moments.add(frozenset(self.rows) - self.hidden)


def ids(server: Server) -> list[int]:
    return [int(each["id"]) for each in whole_list(server.page, "id")]


def is_whole_or_refused(server: Server) -> None:
    try:
        found = ids(server)
    except NotWholeError:
        return
    assert len(found) == len(set(found))
    assert frozenset(found) in server.moments


SIZES = st.one_of(st.sampled_from((0, 1, 99, 100, 101, 199, 200, 201, 250)), st.integers(0, 260))
EVENTS = st.dictionaries(st.integers(0, 30), st.text("+-=", min_size=1, max_size=60), max_size=12)
LIMITS = st.sampled_from((LIMIT, 50))


@settings(max_examples=30)
@given(size=SIZES, limit=st.sampled_from((100, 99, 50, 33)))
def test_a_list_at_rest_is_read_whole(size, limit):
    assert sorted(ids(Server(size=size, limit=limit))) == list(range(size))


@settings(max_examples=30)
@given(size=SIZES, seed=st.integers())
def test_a_list_in_random_order_is_read_whole(size, seed):
    assert sorted(ids(Server(size=size, seed=seed, is_unordered=True))) == list(range(size))


@settings(max_examples=30)
@given(size=SIZES, seed=st.integers(), is_unordered=st.booleans(), limit=LIMITS, events=EVENTS)
def test_a_list_that_changes_is_read_as_it_was_at_one_moment(size, seed, is_unordered, limit, events):
    is_whole_or_refused(Server(size=size, seed=seed, is_unordered=is_unordered, limit=limit, events=events))


@settings(max_examples=30)
@given(size=SIZES, seed=st.integers(), events=st.dictionaries(st.integers(0, 8), st.just("="), max_size=9))
def test_deletions_that_compensate_insertions_hide_nothing(size, seed, events):
    is_whole_or_refused(Server(size=size, seed=seed, events=events))


@settings(max_examples=30)
@given(size=SIZES, seed=st.integers(), is_unordered=st.booleans(), lasting=st.sampled_from("+-="))
def test_it_ends_while_the_list_never_rests(size, seed, is_unordered, lasting):
    is_whole_or_refused(Server(size=size, seed=seed, is_unordered=is_unordered, lasting=lasting))


@settings(max_examples=30)
@given(size=SIZES, hidden=st.sets(st.integers(0, 450), max_size=60), is_unordered=st.booleans())
def test_pages_that_leave_rows_out(size, hidden, is_unordered):
    is_whole_or_refused(Server(size=size, hidden=frozenset(hidden), is_unordered=is_unordered))


def test_a_short_page_and_a_deletion_hide_nothing():
    """The row after the deleted one moves to a place that has been read."""
    server = Server(size=99, limit=50, events={1: "="}, seed=3)
    is_whole_or_refused(server)


def overlapping(offset: int) -> list[dict[str, str]]:
    """Return pages after the first as if the last row had become the first: the last never comes."""
    rows = list(range(250))
    order = rows if offset == 0 else [rows[-1], *rows[:-1]]
    return [{"id": str(row)} for row in order[offset : offset + LIMIT]]


def test_pages_that_always_overlap_are_refused():
    with pytest.raises(NotWholeError, match="repeat rows, so that others may be left out"):
        whole_list(overlapping, "id")


def test_pages_that_overlap_once_are_read_again():
    calls: list[int] = []

    def page(offset: int) -> list[dict[str, str]]:
        calls.append(offset)
        if len(calls) <= 4:
            return overlapping(offset)
        return [{"id": str(row)} for row in range(250)][offset : offset + LIMIT]

    assert len(whole_list(page, "id")) == 250


@pytest.mark.parametrize("size", [1, 60, 100])
def test_a_server_that_ignores_the_offset_is_refused_soon(size):
    calls: list[int] = []

    def page(offset: int) -> list[dict[str, str]]:
        calls.append(offset)
        return [{"id": str(row)} for row in range(size)]

    with pytest.raises(NotWholeError, match=r"repeat|grows"):
        whole_list(page, "id")
    assert len(calls) <= 1_100


def test_a_server_that_shows_each_row_twice_is_refused_for_that():
    rows = [{"id": str(row // 2)} for row in range(40)]
    with pytest.raises(NotWholeError, match="repeat rows"):
        whole_list(lambda offset: rows[offset : offset + LIMIT], "id")


def test_a_list_without_end_is_refused_for_good():
    """A server may always have one more page of new rows."""
    calls: list[int] = []

    def page(offset: int) -> list[dict[str, str]]:
        calls.append(offset)
        return [{"id": str(offset + row)} for row in range(LIMIT)]

    with pytest.raises(NotWholeError, match="it has over 100,000 rows") as error:
        whole_list(page, "id")
    assert error.value.is_final
    assert len(calls) == MAX_ROWS // LIMIT + 1


def test_an_error_of_a_page_is_raised():
    def page(_offset: int) -> list[dict[str, str]]:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        whole_list(page, "id")


def test_an_empty_list_is_whole():
    assert whole_list(lambda _offset: [], "id") == []


def test_of_an_item_that_changes_the_newest_is_returned():
    counts = iter(range(100))
    found = whole_list(lambda offset: [] if offset else [{"id": "1", "at": next(counts)}], "id")
    assert found == [{"id": "1", "at": 1}]
